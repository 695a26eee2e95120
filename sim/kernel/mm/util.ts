// How much memory may be promised (mm/util.c, security/security.c): heuristic overcommit refuses only what could never fit.
import type { Kernel } from "../kernel.ts";
import type { Mm } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";

/** Promises this many more pages. Returns 0 or -ENOMEM. */
export function security_vm_enough_memory_mm(k: Kernel, mm: Mm, pages: number): number {
  return k.__vm_enough_memory(mm, pages);
}

export function __vm_enough_memory(k: Kernel, _mm: Mm, pages: number): number {
  if (pages > k.zone.managed_pages + k.vmstat.total_swap_pages) return -ENOMEM;
  k.vmstat.vm_committed_as += pages;
  return 0;
}
