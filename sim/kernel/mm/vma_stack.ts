// Mappings that grow down to where they are used (mm/vma.c, until 6.14 mm/mmap.c: expand_stack_locked).
import type { Steps } from "../../core/thread.ts";
import { alignDown } from "../arch/x86/mm/pgtable.ts";
import { VM_GROWSDOWN, VM_LOCKED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Vma } from "../mm_types.ts";
import { EFAULT, ENOMEM, EPERM } from "../uapi/errno.ts";
import { mmap_min_addr } from "./mmap.ts";
import { STACK_GUARD_GAP } from "./unmapped_area.ts";

/** Caller holds mmap_lock for writing. Returns 0 or a negative errno. */
export function* expand_stack_locked(k: Kernel, vma: Vma, address: number): Steps<number> {
  return yield* k.expand_downwards(vma, address);
}

/** A MAP_GROWSDOWN mapping grows down to an address. */
export function* expand_downwards(k: Kernel, vma: Vma, address: number): Steps<number> {
  const mm = vma.vm_mm!;
  if (!(vma.vm_flags & VM_GROWSDOWN)) return -EFAULT;
  const start = alignDown(address, 4096);
  if (start < mmap_min_addr) return -EPERM;
  const at = mm.mm_mt.indexOf(vma);
  const prev = at > 0 ? mm.mm_mt.at(at - 1)! : null;
  const near = prev !== null && !(prev.vm_flags & VM_GROWSDOWN) && (prev.vm_flags & 7) !== 0;
  if (near && start - prev.vm_end < STACK_GUARD_GAP) return -ENOMEM;
  if ((yield* k.__anon_vma_prepare(vma)) < 0) return -ENOMEM;
  const grow = (vma.vm_start - start) / 4096;
  if (grow > vma.vm_pgoff) return -ENOMEM;
  const error = k.security_vm_enough_memory_mm(mm, grow);
  if (error) return error;
  if (vma.vm_flags & VM_LOCKED) mm.locked_vm += grow;
  k.vm_stat_account(mm, vma.vm_flags, grow);
  yield* k.vma_start_write(vma);
  yield* k.vma_prepare(vma, null);
  vma.vm_pgoff -= grow;
  vma.vm_start = start;
  yield k.trace.vma_change(vma, mm, start, vma.vm_end);
  yield* k.vma_complete(vma, null, []);
  return 0;
}
