// munmap (mm/vma.c): VMAs are gathered and taken out of the tree first; then what they map goes, then their tables, then the
// TLB flush; last the VMAs themselves. A mapping that replaces others (MAP_FIXED) does the same in two halves around its own.
import type { Steps } from "../../core/thread.ts";
import { PAGE_ALIGN, task_size_max } from "../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EINVAL, ENOMEM } from "../uapi/errno.ts";
import { is_accounted, is_locked, sysctl_max_map_count, vma_pages } from "./vma.ts";

/** What becomes of mmap_lock, which the caller holds for writing: it stays so, or the unmapping goes on as a reader and unlocks. */
export type Unlock = "keep locked" | "unlock";

/** struct vma_munmap_struct */
export interface VmaMunmap {
  readonly mm: Mm;
  readonly start: number;
  readonly end: number;
  readonly unlock: Unlock;
  readonly vmas: Vma[];
  /** Ends of the neighbours that stay: floor and ceiling for tables. 0 as ceiling: none above. */
  unmap_start: number;
  unmap_end: number;
  nr_pages: number;
  locked_vm: number;
  nr_accounted: number;
  /** What the VMAs map is still there. */
  clear_ptes: boolean;
}

export function* sys_munmap(k: Kernel, addr: number, len: number): Steps<number> {
  return yield* k.__vm_munmap(addr, len);
}

export function* __vm_munmap(k: Kernel, addr: number, len: number): Steps<number> {
  const mm = k.current.mm!;
  yield* k.mmap_write_lock(mm);
  const error = yield* k.do_vmi_munmap(mm, addr, len, "unlock");
  if (error) yield k.mmap_write_unlock(mm);
  return error;
}

/** Unmaps a range, whatever is in it. After an error the lock is held as it was. Returns 0 or a negative errno. */
export function* do_vmi_munmap(k: Kernel, mm: Mm, addr: number, len: number, unlock: Unlock): Steps<number> {
  const task_size = task_size_max(k);
  if (addr % 4096 !== 0 || addr > task_size || len > task_size - addr) return -EINVAL;
  const end = addr + PAGE_ALIGN(len);
  if (end === addr) return -EINVAL;
  if (!k.find_vma_intersection(mm, addr, end)) {
    if (unlock === "unlock") yield k.mmap_write_unlock(mm);
    return 0;
  }
  return yield* k.do_vmi_align_munmap(mm, addr, end, unlock);
}

export function* do_vmi_align_munmap(k: Kernel, mm: Mm, start: number, end: number, unlock: Unlock): Steps<number> {
  const vms = k.init_vma_munmap(mm, start, end, unlock);
  const error = yield* k.vms_gather_munmap_vmas(vms);
  if (error) return error;
  yield* k.vma_iter_clear_gfp(vms);
  yield* k.vms_complete_munmap_vmas(vms);
  return 0;
}

export function init_vma_munmap(_k: Kernel, mm: Mm, start: number, end: number, unlock: Unlock): VmaMunmap {
  const counts = { nr_pages: 0, locked_vm: 0, nr_accounted: 0 };
  return { mm, start, end, unlock, vmas: [], unmap_start: 0, unmap_end: 0, ...counts, clear_ptes: false };
}

/** Splits at the edges; keeps faults out of all VMAs of the range. They stay in the tree. Returns 0 or a negative errno. */
export function* vms_gather_munmap_vmas(k: Kernel, vms: VmaMunmap): Steps<number> {
  const { mm, start, end, vmas } = vms;
  const first = k.find_vma_intersection(mm, start, end)!;
  if (start > first.vm_start) {
    if (end < first.vm_end && mm.map_count >= sysctl_max_map_count) return -ENOMEM;
    const error = yield* k.__split_vma(first, start, "new below");
    if (error) return error;
  }
  const index = k.vma_index(mm, start);
  vms.unmap_start = index > 0 ? mm.mm_mt.at(index - 1)!.vm_end : 0;
  for (let i = index; ; i++) {
    const vma = mm.mm_mt.at(i);
    if (!vma || vma.vm_start >= end) {
      vms.unmap_end = vma?.vm_start ?? 0;
      break;
    }
    if (vma.vm_end > end) {
      const error = yield* k.__split_vma(vma, end, "new above");
      if (error) {
        k.reattach_vmas(vms);
        return error;
      }
    }
    yield* k.vma_start_write(vma);
    k.vma_mark_detached(vma);
    vmas.push(vma);
    const pages = vma_pages(vma);
    vms.nr_pages += pages;
    if (is_locked(vma)) vms.locked_vm += pages;
    if (is_accounted(vma)) vms.nr_accounted += pages;
  }
  vms.clear_ptes = true;
  return 0;
}

/** Faults that find it without mmap_lock start over with it. */
export function vma_mark_detached(_k: Kernel, vma: Vma): void {
  vma.detached = 1;
}

/** Nothing was done to the VMAs yet: they stay. */
export function reattach_vmas(_k: Kernel, vms: VmaMunmap): void {
  for (const vma of vms.vmas) vma.detached = 0;
}

/** Takes the gathered VMAs out of the tree: no lookup finds them. */
export function* vma_iter_clear_gfp(k: Kernel, vms: VmaMunmap): Steps<void> {
  const { mm } = vms;
  for (const vma of vms.vmas) {
    mm.mm_mt = mm.mm_mt.without(vma);
    yield k.trace.vma_unlink(vma, mm, vma.vm_start, vma.vm_end);
  }
}

/** Nobody finds the VMAs any more: counts them out, takes away what they map unless that is done, and frees them. */
export function* vms_complete_munmap_vmas(k: Kernel, vms: VmaMunmap): Steps<void> {
  const { mm, vmas } = vms;
  mm.map_count -= vmas.length;
  mm.locked_vm -= vms.locked_vm;
  if (vms.unlock === "unlock") yield k.mmap_write_downgrade(mm);
  if (vmas.length === 0) return;
  yield* k.vms_clear_ptes(vms);
  k.update_hiwater_vm(mm);
  for (const vma of vmas) k.vm_stat_account(mm, vma.vm_flags, -vma_pages(vma));
  for (const vma of vmas) yield* k.remove_vma(vma);
  k.vm_unacct_memory(vms.nr_accounted);
  if (vms.unlock === "unlock") yield k.mmap_read_unlock(mm);
}

/** Contents, then tables, then the flush. */
export function* vms_clear_ptes(k: Kernel, vms: VmaMunmap): Steps<void> {
  if (!vms.clear_ptes) return;
  const { mm, vmas } = vms;
  const tlb = k.tlb_gather_mmu(mm);
  k.update_hiwater_rss(mm);
  yield* k.unmap_vmas(tlb, vmas, vms.start, vms.end);
  const mmap_lock = vms.unlock === "unlock" ? "mmap_lock downgraded" : "mmap_lock for writing";
  yield* k.free_pgtables(tlb, vmas, vms.unmap_start, vms.unmap_end, mmap_lock);
  yield* k.tlb_finish_mmu(tlb);
  vms.clear_ptes = false;
}

/** First half for a mapping that comes in their place: their pages go, and their owners are told. They are still in the tree. */
export function* vms_clean_up_area(k: Kernel, vms: VmaMunmap): Steps<void> {
  yield* k.vms_clear_ptes(vms);
  for (const vma of vms.vmas) yield* k.vma_close(vma);
}

/** The mapping that was to come in their place cannot be: they stay, unless their pages are gone already. */
export function* vms_abort_munmap_vmas(k: Kernel, vms: VmaMunmap): Steps<void> {
  if (vms.clear_ptes) {
    k.reattach_vmas(vms);
    return;
  }
  if (vms.vmas.length > 0) yield* k.vms_complete_munmap_vmas(vms);
}

/** Takes out what a driver may have mapped in a VMA that is not in the tree, before it failed; tables too. */
export function* unmap_region(k: Kernel, vma: Vma): Steps<void> {
  const mm = vma.vm_mm!;
  const next = k.vma_index(mm, vma.vm_start);
  const floor = next > 0 ? mm.mm_mt.at(next - 1)!.vm_end : 0;
  const tlb = k.tlb_gather_mmu(mm);
  k.update_hiwater_rss(mm);
  yield* k.unmap_vmas(tlb, [vma], vma.vm_start, vma.vm_end);
  yield* k.free_pgtables(tlb, [vma], floor, mm.mm_mt.at(next)?.vm_start ?? 0, "mmap_lock for writing");
  yield* k.tlb_finish_mmu(tlb);
}

/** VmHWM, before pages are taken away. */
export function update_hiwater_rss(_k: Kernel, mm: Mm): void {
  mm.hiwater_rss = Math.max(mm.hiwater_rss, mm.rss_anon + mm.rss_file + mm.rss_shmem);
}

/** VmPeak, before mappings are. */
export function update_hiwater_vm(_k: Kernel, mm: Mm): void {
  mm.hiwater_vm = Math.max(mm.hiwater_vm, mm.total_vm);
}
