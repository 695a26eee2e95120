// Swap entries in page tables (mm/swap_state.c, mm/swapfile.c, mm/memory.c: do_swap_page).
import type { Steps } from "../../core/thread.ts";
import { VM_FAULT_SIGBUS } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { VmFault } from "./memory.ts";

/** A PTE that is neither empty nor present. There is no swap device: the entry is bad. */
export function* do_swap_page(k: Kernel, vmf: VmFault): Steps<number> {
  yield k.trace.kernel_warning(`bad swap entry at 0x${vmf.address.toString(16)}`);
  return VM_FAULT_SIGBUS;
}

export function* free_swap_and_cache(k: Kernel, entry: number): Steps<void> {
  yield k.trace.kernel_warning(`bad swap entry 0x${entry.toString(16)}`);
}

export function* swap_duplicate(k: Kernel, entry: number): Steps<void> {
  yield k.trace.kernel_warning(`bad swap entry 0x${entry.toString(16)}`);
}

/** Nothing can be reclaimed without swap: shared memory and anonymous pages have no other place to go. */
export function try_to_free_pages(_k: Kernel, _nr: number): number {
  return 0;
}

export function* flush_tlb_batched_pending(_k: Kernel, _mm: unknown): Steps<void> {}
export function folio_isolate_lru(_k: Kernel, _page: unknown): boolean {
  return false;
}
export function* reclaim_pages(_k: Kernel, _pages: unknown): Steps<void> {}
export function* shmem_swapin_range(_k: Kernel, _m: unknown, _a: number, _b: number): Steps<void> {}
export function* swapin_walk_pmd(_k: Kernel, _m: unknown, _a: number, _b: number): Steps<void> {}
export function* folio_free_swap(_k: Kernel, _p: unknown): Steps<boolean> {
  return false;
}
export function mincore_page(_k: Kernel, m: { i_pages: { get(i: number): number | undefined } }, i: number): boolean {
  return (m.i_pages.get(i) ?? 0) > 0;
}
export function swap_entry_in_memory(_k: Kernel, _e: number): boolean {
  return false;
}
