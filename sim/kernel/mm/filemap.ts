// The page cache (mm/filemap.c): a file's pages by their index. An entry of `i_pages` is a frame number + 1, or a negative
// number where the page is in swap. Each page in it has one reference for being there.
import type { Steps } from "../../core/thread.ts";
import { none, pte_offset } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_RETRY_NOWAIT,
  FAULT_FLAG_TRIED,
  PG_locked,
  PG_uptodate,
  VM_FAULT_NOPAGE,
  VM_FAULT_RETRY,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, File, Page } from "../mm_types.ts";
import { HPAGE_PAGES } from "./hugetlb.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { PAGEVEC_SIZE } from "./swap.ts";

/** Pages that a read fault maps around its own at most: /sys/kernel/debug/fault_around_bytes is 65536. */
const FAULT_AROUND_PAGES = 16;

/** Takes a page's lock. It guards the page's place in the page cache; who holds it may wait for others. */
export function* folio_lock(k: Kernel, page: Page): Steps<void> {
  while (page.flags & PG_locked) yield k.wait(() => !(page.flags & PG_locked), "a page's lock");
  page.flags |= PG_locked;
}

/** Until nobody has the page's lock. */
export function* folio_wait_locked(k: Kernel, page: Page): Steps<void> {
  while (page.flags & PG_locked) yield k.wait(() => !(page.flags & PG_locked), "a page's lock");
}

/** The same; who is killed meanwhile waits no more. */
export function* folio_wait_locked_killable(k: Kernel, page: Page): Steps<void> {
  const { current } = k;
  const over = () => !(page.flags & PG_locked) || current.signal !== 0;
  while (!over()) yield k.wait(over, "a page's lock");
}

/** The lock of a fault's page. Returns 0; or VM_FAULT_RETRY without it: then the lock of the fault was dropped to wait for it. */
export function* folio_lock_or_retry(k: Kernel, page: Page, vmf: VmFault): Steps<number> {
  return k.folio_trylock(page) ? 0 : yield* k.__folio_lock_or_retry(page, vmf);
}

export function* __folio_lock_or_retry(k: Kernel, page: Page, vmf: VmFault): Steps<number> {
  const { flags, vma } = vmf;
  if (!fault_flag_allow_retry_first(flags)) {
    yield* k.folio_lock(page);
    return 0;
  }
  if (flags & FAULT_FLAG_RETRY_NOWAIT) return VM_FAULT_RETRY;
  yield* k.release_fault_lock(vma, flags);
  yield* k.folio_wait_locked_killable(page);
  return VM_FAULT_RETRY;
}

/** The fault may be tried again, and has not been yet. */
const fault_flag_allow_retry_first = (flags: number): boolean =>
  (flags & FAULT_FLAG_ALLOW_RETRY) !== 0 && !(flags & FAULT_FLAG_TRIED);

export function folio_trylock(_k: Kernel, page: Page): boolean {
  if (page.flags & PG_locked) return false;
  page.flags |= PG_locked;
  return true;
}

export function folio_unlock(_k: Kernel, page: Page): void {
  page.flags &= ~PG_locked;
}

/** The page at an index, without a reference; null: none, or in swap. */
export function filemap_page(k: Kernel, mapping: AddressSpace, index: number): Page | null {
  const entry = mapping.i_pages.get(index);
  return entry !== undefined && entry > 0 ? k.page(entry - 1) : null;
}

/** How many pages of 4 KiB the page is. */
const nr_pages = (page: Page): number => (page.type === PAGE_TYPE.hugetlb ? HPAGE_PAGES : 1);

/** Puts a locked page into the cache, which takes a reference. Returns the event. */
export function page_cache_add(k: Kernel, mapping: AddressSpace, index: number, page: Page): number {
  page.refcount++;
  page.mapping = mapping;
  page.index = index;
  mapping.i_pages = mapping.i_pages.set(index, page.slot + 1);
  mapping.nrpages += nr_pages(page);
  count_cached(k, page, 1);
  return k.trace.page_cache_add(mapping.host, index, page.slot);
}

/**
 * Takes a locked page out of the cache; `entry` stays in its place: 0 for nothing, negative for where it is in swap. The
 * cache's reference passes to the caller. Returns the event.
 */
export function page_cache_delete(k: Kernel, page: Page, entry: number): number {
  const mapping = page.mapping!;
  const { index } = page;
  mapping.i_pages = entry === 0 ? mapping.i_pages.delete(index) : mapping.i_pages.set(index, entry);
  mapping.nrpages -= nr_pages(page);
  page.mapping = null;
  count_cached(k, page, -1);
  return k.trace.page_cache_delete(mapping.host, index, page.slot);
}

function count_cached(k: Kernel, page: Page, pages: 1 | -1): void {
  if (page.type === PAGE_TYPE.hugetlb) return;
  k.vmstat.nr_file_pages += pages;
  if (page.type === PAGE_TYPE.shmem) k.vmstat.nr_shmem += pages;
}

/** Puts a locked page into a file, at an index in pages of 4 KiB. */
export function* __filemap_add_folio(k: Kernel, mapping: AddressSpace, page: Page, index: number): Steps<void> {
  yield k.page_cache_add(mapping, index, page);
}

/** Removes a page for good. Caller holds its lock and a reference. */
export function* filemap_remove_folio(k: Kernel, page: Page): Steps<void> {
  yield* k.__filemap_remove_folio(page);
  yield* k.put_page(page);
}

/** The same; the cache's reference passes to the caller. */
export function* __filemap_remove_folio(k: Kernel, page: Page): Steps<void> {
  yield k.page_cache_delete(page, 0);
}

/** Index and entry, as in `i_pages`. */
export type FileEntries = readonly (readonly [index: number, entry: number])[];

/**
 * Up to 31 entries of a file from `start` up to `after` (not included): what is in swap, and pages that nobody has locked. They
 * are locked then, and have a reference. Makes no step.
 */
export function find_lock_entries(k: Kernel, mapping: AddressSpace, start: number, after: number): FileEntries {
  const found: [number, number][] = [];
  for (const [index, entry] of mapping.i_pages.entries(start, after)) {
    if (entry > 0) {
      const page = k.page(entry - 1);
      if (!k.folio_trylock(page)) continue;
      page.refcount++;
    }
    found.push([index, entry]);
    if (found.length === PAGEVEC_SIZE) break;
  }
  return found;
}

/** A page of the file that can be mapped as it is: up to date, unlocked, within the file's size. */
function mappable(k: Kernel, mapping: AddressSpace, index: number): Page | null {
  const page = k.filemap_page(mapping, index);
  if (!page || page.flags & PG_locked || !(page.flags & PG_uptodate)) return null;
  return index < Math.ceil(mapping.host!.i_size / 4096) ? page : null;
}

/**
 * vm_ops->map_pages: a read fault maps what is in the page cache already of the 16 pages (aligned by their place in the
 * PTE table) around it, as far as VMA, PTE table and file reach.
 * @returns VM_FAULT_NOPAGE if the faulting page is among them, else 0
 */
export function* filemap_map_pages(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma } = vmf;
  const mm = vma.vm_mm!;
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  const { from, to } = fault_around_window(vmf);
  let index = from;
  while (index <= to && !mappable(k, mapping, index)) index++;
  if (index > to) return 0;
  if (none(k.read_entry(vmf.pmdp)))
    vmf.prealloc_pte = yield* k.pmd_install(mm, vmf.pmdp, vmf.address, vmf.prealloc_pte);
  let ret = 0;
  let rss = 0;
  let counted: Page | null = null;
  if ((yield* k.pte_offset_map_lock(vmf.pmdp, vmf.address)) === 0) return 0;
  const pmd = k.read_entry(vmf.pmdp);
  for (; index <= to; index++) {
    const page = mappable(k, mapping, index);
    if (!page) continue;
    const address = vma.vm_start + (index - vma.vm_pgoff) * 4096;
    const ptep = pte_offset(pmd, address);
    if (!none(k.read_entry(ptep))) continue;
    if (address === vmf.address) ret = VM_FAULT_NOPAGE;
    page.refcount++;
    rss++;
    yield k.set_pte_range(vmf, page, ptep, address);
    if (rss === 1) counted = page;
  }
  if (counted) k.mm_counter_add(mm, counted, rss);
  yield k.pte_unmap_unlock(vmf.pmdp);
  return ret;
}

/** First and last page of the file that a fault may map around. */
function fault_around_window({ vma, address, pgoff }: VmFault): { from: number; to: number } {
  const pteIndex = (address / 4096) % 512;
  const vmaIndex = pgoff - vma.vm_pgoff;
  const vmaPages = (vma.vm_end - vma.vm_start) / 4096;
  const first = Math.max(pteIndex - (pteIndex % FAULT_AROUND_PAGES), pteIndex - Math.min(pteIndex, vmaIndex));
  const last = Math.min(first + FAULT_AROUND_PAGES, 512, pteIndex + vmaPages - vmaIndex) - 1;
  return { from: pgoff + first - pteIndex, to: pgoff + last - pteIndex };
}

/**
 * Before a fault waits: drops the lock under which it runs, if it may be tried again. The mapping's file stays by a
 * reference that the caller has to put.
 * @returns the file if the lock was dropped, else null
 */
export function* maybe_unlock_mmap_for_io(k: Kernel, vmf: VmFault): Steps<File | null> {
  if (!fault_flag_allow_retry_first(vmf.flags) || vmf.flags & FAULT_FLAG_RETRY_NOWAIT) return null;
  const file = vmf.vma.vm_file!;
  k.get_file(file);
  yield* k.release_fault_lock(vmf.vma, vmf.flags);
  return file;
}
