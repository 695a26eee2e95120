// Reading ahead in swap (mm/swap_state.c): who faults on a page that is out gets its neighbours as well, in the swap cache, so
// that their faults are minor ones. Which neighbours depends on the device. On one that rotates they are those of the slot, and
// all the machine shares one window. On others they are those of the address, within its page table and its VMA, and each VMA
// has a window. How many: up to 2^vm.page-cluster, more when pages that were read ahead are used, fewer when not.
import type { Steps } from "../../core/thread.ts";
import { isSwap, makeSwapEntry, swapOffset, swapType } from "../../hardware/entry.ts";
import { PMD_SIZE, pte_offset } from "../arch/x86/mm/pgtable.ts";
import { PG_readahead } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** Windows of VMAs are not larger than 2^5 pages. */
const SWAP_RA_ORDER_CEILING = 5;
const SWAP_RA_HITS_MAX = 63;

/**
 * The device does its work at once, without a queue (SWP_SYNCHRONOUS_IO): a page is on it, or back, when the call returns.
 * A page that only one refers to is then read without the swap cache and without its neighbours.
 */
export function swap_is_synchronous(k: Kernel): boolean {
  return k.config.swapDevice === "zram";
}

/** No swap device rotates. */
export function swap_use_vma_readahead(k: Kernel): boolean {
  return k.config.swapDevice !== "disk";
}

/** vma->swap_readahead_info: the last address, the window and how many of its pages were used. Four hits to begin with. */
const window_of = ({ swap_readahead_info: info }: Vma): { address: number; window: number; hits: number } =>
  info === 0
    ? { address: 0, window: 0, hits: 4 }
    : { address: info - (info % 4096), window: Math.floor((info % 4096) / 64), hits: info % 64 };

const set_window = (vma: Vma, address: number, window: number, hits: number): void => {
  vma.swap_readahead_info = address - (address % 4096) + (window % 64) * 64 + hits;
};

/** A page of the swap cache is used. If it was read ahead, that was worth it. `vma` null: it is a file's. */
export function swap_update_readahead(k: Kernel, page: Page, vma: Vma | null, address: number): void {
  const { flags } = page;
  const ahead = (flags & PG_readahead) !== 0;
  const by_vma = vma !== null && k.swap_use_vma_readahead();
  if (ahead) page.flags = flags & ~PG_readahead;
  if (by_vma) {
    const { window, hits } = window_of(vma);
    set_window(vma, address, window, ahead ? Math.min(hits + 1, SWAP_RA_HITS_MAX) : hits);
  }
  if (!ahead) return;
  k.vmstat.swap_ra_hit += 1;
  if (!by_vma) k.swap_info.readahead_hits++;
}

/**
 * Pages of the next window. Without hits one page, two where the places follow each other; else the hits and two more, as a
 * power of 2. It does not become less than half of what it was.
 */
function nr_pages(prev: number, offset: number, hits: number, most: number, prev_window: number): number {
  let pages = hits + 2;
  if (hits === 0) pages = Math.abs(offset - prev) === 1 ? 2 : 1;
  else pages = Math.max(4, 2 ** Math.ceil(Math.log2(pages)));
  return Math.max(Math.min(pages, most), Math.floor(prev_window / 2));
}

/** Reads the page of a fault into the swap cache, and what lies around it. With a reference, not locked; null without memory. */
export function* swapin_readahead(k: Kernel, entry: number, vmf: VmFault): Steps<Page | null> {
  return k.swap_use_vma_readahead()
    ? yield* k.swap_vma_readahead(entry, vmf)
    : yield* k.swap_cluster_readahead(entry, PAGE_TYPE.anon);
}

/** By address: pages of the same page table and VMA, in the direction in which the faults go. */
export function* swap_vma_readahead(k: Kernel, entry: number, vmf: VmFault): Steps<Page | null> {
  const { vma, pmdp } = vmf;
  const faulting = vmf.address - (vmf.address % 4096);
  const { start, end } = vma_window(k, vma, faulting);
  for (let address = start; address < end; address += 4096) {
    const pte = k.read_entry(pte_offset(k.read_entry(pmdp), address));
    if (!isSwap(pte) || swapType(pte) !== 0) continue;
    yield* k.read_ahead(makeSwapEntry(0, swapOffset(pte)), PAGE_TYPE.anon, address !== faulting);
  }
  return yield* k.read_swap_cache_async(entry, PAGE_TYPE.anon);
}

function vma_window(k: Kernel, vma: Vma, faulting: number): { readonly start: number; readonly end: number } {
  const none = { start: 0, end: 0 };
  const most = 2 ** Math.min(k.config.pageCluster, SWAP_RA_ORDER_CEILING);
  if (most === 1) return none;
  const last = window_of(vma);
  const [pfn, prev] = [faulting / 4096, last.address / 4096];
  const window = nr_pages(prev, pfn, last.hits, most, last.window);
  set_window(vma, faulting, window, 0);
  if (window === 1) return none;
  let first = pfn - Math.floor((window - 1) / 2);
  if (pfn === prev + 1) first = pfn;
  else if (prev === pfn + 1) first = pfn - window + 1;
  const table = faulting - (faulting % PMD_SIZE);
  return {
    start: Math.max(first * 4096, vma.vm_start, table),
    end: Math.min((first + window) * 4096, vma.vm_end, table + PMD_SIZE),
  };
}

/** By slot: the slots around it that are in use, whoever they belong to. `type`: what the page itself is. */
export function* swap_cluster_readahead(k: Kernel, entry: number, type: number): Steps<Page | null> {
  const offset = swapOffset(entry);
  const mask = swapin_nr_pages(k, offset) - 1;
  const aligned = Math.floor(offset / (mask + 1)) * (mask + 1);
  const end = Math.min(aligned + mask, k.swap_info.max - 1);
  if (mask > 0)
    for (let slot = Math.max(1, aligned); slot <= end; slot++)
      yield* k.read_ahead(makeSwapEntry(0, slot), slot === offset ? type : PAGE_TYPE.anon, slot !== offset);
  return yield* k.read_swap_cache_async(entry, type);
}

function swapin_nr_pages(k: Kernel, offset: number): number {
  const si = k.swap_info;
  const most = 2 ** k.config.pageCluster;
  if (most === 1) return 1;
  const hits = si.readahead_hits;
  si.readahead_hits = 0;
  const pages = nr_pages(si.readahead_prev_offset, offset, hits, most, si.last_readahead_pages);
  if (hits === 0) si.readahead_prev_offset = offset;
  si.last_readahead_pages = pages;
  return pages;
}

/** Reads a slot into the swap cache unless it is there, or free. `ahead`: nobody has asked for it yet. */
export function* read_ahead(k: Kernel, entry: number, type: number, ahead: boolean): Steps<void> {
  if (k.swap_cache_get_folio(entry) || k.swp_swapcount(entry) === 0) return;
  const { page, allocated } = yield* k.__read_swap_cache_async(entry, type);
  if (!page) return;
  if (allocated) {
    yield* k.swap_read_unlock(page, entry);
    if (ahead) {
      page.flags |= PG_readahead;
      k.vmstat.swap_ra += 1;
    }
  }
  yield* k.put_page(page);
}
