// What the TLBs are told (RFC v2 4/4, mm/memory.c, and what it leaves out).
// - A guest that unlinks the host's tables frees none, but marks the flush as if it did, so that it reaches the caches of
//   upper entries and CPUs that are lazy. Option `freed_tables: unmarked` is the series without that line, bug
//   "freed-tables-mark".
// - Left as posted ("flush-sharers"): a change of the shared entries flushes the CPUs of the one mm through which it was made;
//   of a host mm there are none. Who shares is below; what can be done about it is in ../sharing/tlb_flush.ts.
import { PMD_SIZE } from "../../kernel/arch/x86/mm/pgtable.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import type { MmuNotifyEvent } from "../../kernel/mm/mmu_notifier.ts";
import type { Mm, Vma } from "../../kernel/mm_types.ts";
import type { SharedRange } from "../sharing/tlb_flush.ts";
import { type PtshareData, type PtshareKernel, ptshare_data, ptshare_data_of, vma_is_shared } from "./structures.ts";

/** An entry that covered `size` bytes and led to a table of the host was cleared. As posted one address is flushed. */
export function tlb_unlink_table(k: PtshareKernel, tlb: MmuGather, address: number, size: number): void {
  tlb.start = Math.min(tlb.start, address);
  tlb.end = Math.max(tlb.end, address + (k.fixed("host-accounting") ? size : 4096));
  if (size === PMD_SIZE) tlb.cleared_pmds = true;
  else tlb.cleared_puds = true;
  // What the table maps was not zapped before: each page of it may be in a TLB.
  if (k.fixed("host-accounting")) tlb.cleared_ptes = true;
  if (k.option("freed_tables") !== "unmarked" || k.fixed("freed-tables-mark")) tlb.freed_tables = true;
}

/** The file's data whose host mm this is. */
export function ptshare_data_with(k: PtshareKernel, mm: Mm): PtshareData | null {
  for (const info of k.store.all(ptshare_data)) if (info.mm === mm) return info as PtshareData;
  return null;
}

export function guest_vmas(k: PtshareKernel, host: Mm): readonly Vma[] {
  const i_mmap = k.ptshare_data_with(host)?.mapping?.i_mmap;
  return i_mmap ? [...i_mmap].filter((vma) => vma.vm_mm !== host && vma_is_shared(vma)) : [];
}

export function hosts_of(k: PtshareKernel, guest: Mm): readonly Mm[] {
  const hosts: Mm[] = [];
  for (const { mm } of k.store.all(ptshare_data))
    if (mm && k.guest_vmas(mm as Mm).some((vma) => vma.vm_mm === guest)) hosts.push(mm as Mm);
  return hosts;
}

/** Mended, munmap takes only links, and the host's entries are changed by way of the host. */
export function changes_through_guest(k: PtshareKernel, event: MmuNotifyEvent): boolean {
  return event !== "MMU_NOTIFY_UNMAP" || !k.fixed("host-accounting") || !k.fixed("vma-split");
}

export function guest_address(_k: PtshareKernel, vma: Vma, host_address: number): number {
  return host_address - (ptshare_data_of(vma.vm_file)?.start ?? vma.vm_start) + vma.vm_start;
}

export function shared_ranges(k: PtshareKernel, mm: Mm, start: number, end: number): readonly SharedRange[] {
  if (k.ptshare_data_with(mm)) return [{ host: mm, start, end }];
  // Mended, who ends unlinks tables and changes nothing in them.
  if (mm.mm_users === 0 && k.fixed("host-accounting")) return [];
  const ranges: SharedRange[] = [];
  for (const vma of mm.mm_mt) {
    const info = vma_is_shared(vma) ? ptshare_data_of(vma.vm_file) : null;
    if (!info || vma.vm_start >= end || vma.vm_end <= start) continue;
    const by = info.start - vma.vm_start;
    ranges.push({ host: info.mm!, start: Math.max(start, vma.vm_start) + by, end: Math.min(end, vma.vm_end) + by });
  }
  return ranges;
}
