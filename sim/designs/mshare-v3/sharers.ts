// Not in the series: who shares a region's tables, as the options and the mends need to know. A region's guests are the VMAs
// in its file's i_mmap.
import type { Steps } from "../../core/thread.ts";
import { entryPfn } from "../../hardware/entry.ts";
import { alignDown, none, pgd_offset, pgdir_size } from "../../kernel/arch/x86/mm/pgtable.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import type { MmuNotifyEvent } from "../../kernel/mm/mmu_notifier.ts";
import type { Mm, Page, Vma } from "../../kernel/mm_types.ts";
import type { SharedRange } from "../sharing/tlb_flush.ts";
import { type MshareData, type MshareKernel, mshare_data, vma_is_shared } from "./structures.ts";

/** The region whose host mm this is. */
export function region_of(k: MshareKernel, mm: Mm | null): MshareData | null {
  for (const m_data of k.store.all(mshare_data)) if (m_data.mm === mm) return m_data as MshareData;
  return null;
}

/** Where the host has what is at an address of a guest. */
export function host_address(k: MshareKernel, guest: Vma, address: number): number {
  if (k.fixed("same-address")) return address;
  return address - guest.vm_start + (guest.vm_private_data as MshareData).mm!.mmap_base;
}

export function guest_address(k: MshareKernel, guest: Vma, address: number): number {
  if (k.fixed("same-address")) return address;
  return address - (guest.vm_private_data as MshareData).mm!.mmap_base + guest.vm_start;
}

/** munmap of a region takes only its link; what mprotect, and mremap as posted, change are the host's entries. */
export function changes_through_guest(k: MshareKernel, event: MmuNotifyEvent): boolean {
  return event !== "MMU_NOTIFY_UNMAP" || !k.fixed("guest-mremap");
}

export function guest_vmas(k: MshareKernel, host: Mm): readonly Vma[] {
  const i_mmap = k.region_of(host)?.host_inode?.i_mapping?.i_mmap;
  return i_mmap ? [...i_mmap].filter(vma_is_shared) : [];
}

export function hosts_of(k: MshareKernel, guest: Mm): readonly Mm[] {
  const hosts: Mm[] = [];
  for (const { mm } of k.store.all(mshare_data)) {
    if (mm && k.guest_vmas(mm as Mm).some((vma) => vma.vm_mm === guest)) hosts.push(mm as Mm);
  }
  return hosts;
}

export function shared_ranges(k: MshareKernel, mm: Mm, start: number, end: number): readonly SharedRange[] {
  if (k.region_of(mm)) return [{ host: mm, start, end }];
  // Who ends unlinks tables, and changes nothing in them.
  if (mm.mm_users === 0) return [];
  const ranges: SharedRange[] = [];
  for (const vma of mm.mm_mt) {
    if (!vma_is_shared(vma) || vma.vm_start >= end || vma.vm_end <= start) continue;
    const host = (vma.vm_private_data as MshareData).mm!;
    ranges.push({
      host,
      start: k.host_address(vma, Math.max(start, vma.vm_start)),
      end: k.host_address(vma, Math.min(end, vma.vm_end)),
    });
  }
  return ranges;
}

/** The mend of "unlink-on-munmap": takes the host's tables out of the guest's top level, before the VMA goes. */
export function* unlink_shared_tables(k: MshareKernel, tlb: MmuGather, vma: Vma): Steps<void> {
  yield* k.unlink_begins(vma);
  const size = pgdir_size(k);
  for (let address = alignDown(vma.vm_start, size); address < vma.vm_end; address += size) {
    const pgdp = pgd_offset(k, tlb.mm, address);
    const pgd = k.read_entry(pgdp);
    if (none(pgd) || k.page(entryPfn(pgd)).pt_mm === tlb.mm) continue;
    tlb.start = Math.min(tlb.start, address);
    tlb.end = Math.max(tlb.end, address + size);
    tlb.freed_tables = true;
    // Every page below the entry, not one address for each entry as when empty tables go.
    tlb.cleared_ptes = true;
    yield k.set_pgd(tlb.mm, address, pgdp, 0);
  }
  yield* k.unlink_ends(vma);
  yield* k.flush_unlinked(tlb);
}

/**
 * Left as posted ("sharing-visible"): the host maps each page once, whoever is linked to it, and that is what smaps and
 * pagemap say in every process. The mend counts those whose top-level entry leads to the host's tables.
 */
export function folio_precise_page_mapcount(k: MshareKernel, page: Page): number {
  const mapped = page.mapping?.i_mmap.at(0);
  const host = k.fixed("sharing-visible") && mapped ? k.region_of(mapped.vm_mm) : null;
  if (!host || page.mapcount === 0) return page.mapcount;
  const address = mapped!.vm_start + (page.index - mapped!.vm_pgoff) * 4096;
  const table = k.read_entry(pgd_offset(k, host.mm!, address));
  const linked = (vma: Vma) => {
    const at = k.guest_address(vma, address);
    return at >= vma.vm_start && at < vma.vm_end && k.read_entry(pgd_offset(k, vma.vm_mm!, at)) === table;
  };
  return Math.max(1, k.guest_vmas(host.mm!).filter(linked).length);
}
