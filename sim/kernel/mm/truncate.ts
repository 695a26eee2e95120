// Making files shorter (mm/truncate.c).
import type { Steps } from "../../core/thread.ts";
import { PAGE_ALIGN } from "../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Inode, Page } from "../mm_types.ts";

/**
 * Drops what lies beyond a new size in bytes. Mappings go first; they go again at the end, as private copies may have been
 * made of pages in between.
 */
export function* truncate_pagecache(k: Kernel, inode: Inode, sizeBytes: number): Steps<void> {
  const mapping = inode.i_mapping!;
  const holebegin = PAGE_ALIGN(sizeBytes);
  yield* k.unmap_mapping_range(mapping, holebegin, 0, "even cows");
  yield* k.truncate_inode_pages_range(mapping, holebegin / 4096);
  yield* k.unmap_mapping_range(mapping, holebegin, 0, "even cows");
}

/** Drops all pages from `start` on. */
export function* truncate_inode_pages_range(k: Kernel, mapping: AddressSpace, start: number): Steps<void> {
  for (const [index, entry] of mapping.i_pages.entries(start)) {
    if (mapping.i_pages.get(index) !== entry) continue;
    const page = k.page(entry - 1);
    yield k.get_page(page);
    yield* k.folio_lock(page);
    yield* k.truncate_inode_folio(mapping, page);
    k.folio_unlock(page);
    yield* k.put_page(page);
  }
}

/** Takes a locked page out of the file, from mappings too if a fault was faster than the caller. */
export function* truncate_inode_folio(k: Kernel, mapping: AddressSpace, page: Page): Steps<void> {
  if (page.mapping !== mapping) return;
  yield* k.truncate_cleanup_folio(page);
  yield* k.filemap_remove_folio(page);
}

/** Bytes from `start` to before `end` of the file that are in a locked page become zero; if that is all of it, it goes. */
export function* truncate_inode_partial_folio(k: Kernel, page: Page, start: number, end: number): Steps<void> {
  const pos = page.index * 4096;
  const offset = Math.max(0, start - pos);
  const length = Math.min(4096, end - pos) - offset;
  if (length === 4096) yield* k.truncate_inode_folio(page.mapping!, page);
  else k.write_frame(page.slot, offset, new Uint8Array(length));
}

export function* truncate_cleanup_folio(k: Kernel, page: Page): Steps<void> {
  if (page.mapcount > 0) yield* k.unmap_mapping_folio(page);
}
