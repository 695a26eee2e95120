// What no process asks for: the memory side of a scenario's `kernel:` operations. They run in a kernel thread.
import type { Steps } from "../../core/thread.ts";
import { isPresent } from "../../hardware/entry.ts";
import { pte_offset } from "../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Task } from "../mm_types.ts";
import { EAGAIN, ENOENT } from "../uapi/errno.ts";
import { FIRST_FRAME, PAGE_TYPE } from "./page_alloc.ts";

/** Pages out what a process maps in [addr, addr + len), however many others map it too. Returns how many pages went. */
export function* kernel_swap_out(k: Kernel, task: Task, addr: number, len: number): Steps<number> {
  const { mm } = task;
  if (!mm) return 0;
  const isolated: Page[] = [];
  const end = addr + len;
  yield* k.mmap_read_lock(mm);
  for (let at = k.next_pte_range(mm, addr, end); at; at = k.next_pte_range(mm, at.end, end)) {
    for (let address = at.start; address < at.end; address += 4096) {
      const pte = k.read_entry(pte_offset(k.read_entry(at.pmdp), address));
      const page = isPresent(pte) ? k.vm_normal_page(pte) : null;
      if (page && k.folio_isolate_lru(page)) isolated.push(page);
    }
  }
  yield k.mmap_read_unlock(mm);
  return yield* k.reclaim_pages(isolated);
}

/** Reclaims up to `pages` pages, least recently used first. Returns how many were freed. */
export function* kernel_reclaim(k: Kernel, pages: number): Steps<number> {
  return yield* k.try_to_free_pages(pages);
}

/** Moves the page that a process has at `addr` to another frame. Returns 0, -ENOENT, -EAGAIN or -ENOMEM. */
export function* kernel_migrate(k: Kernel, task: Task, addr: number): Steps<number> {
  const { mm } = task;
  if (!mm) return -ENOENT;
  yield* k.mmap_read_lock(mm);
  const pte = k.walk_entries(mm, addr)[3];
  const page = isPresent(pte) ? k.vm_normal_page(pte) : null;
  const isolated = page !== null && k.folio_isolate_lru(page);
  yield k.mmap_read_unlock(mm);
  if (!page) return -ENOENT;
  return isolated ? yield* k.migrate_folio(page) : -EAGAIN;
}

/**
 * Moves the pages that processes and files have to other frames, once each, as compaction does with those that lie in its
 * way; where Linux collects free frames at the end of memory, here the usual order of allocation decides where they go.
 * @returns how many pages were moved
 */
export function* kernel_compact(k: Kernel): Steps<number> {
  const last = k.zone.fresh;
  const movable: Page[] = [];
  for (let pfn = FIRST_FRAME; pfn < last; pfn++) {
    const page = k.page(pfn);
    if (page.type !== PAGE_TYPE.anon && page.type !== PAGE_TYPE.shmem) continue;
    if (k.folio_isolate_lru(page)) movable.push(page);
  }
  let moved = 0;
  for (const page of movable) if ((yield* k.migrate_folio(page)) === 0) moved++;
  return moved;
}

/**
 * What a write to debugfs' split_huge_pages does: takes a reference to every frame in use, one after the other, to see whether
 * it begins a transparent huge page. None does; page tables and pages of hugetlb are held as well for as long.
 * @returns how many were split
 */
export function* kernel_split_huge_pages(k: Kernel): Steps<number> {
  const { start_pfn, fresh } = k.hstate;
  for (let pfn = FIRST_FRAME; pfn < fresh || pfn < k.zone.fresh; pfn++) {
    // Behind the frames that were used there is nothing until the pool of huge pages; of these the first frame counts.
    if (pfn >= k.zone.fresh) pfn = Math.max(pfn, start_pfn);
    const page = k.page(pfn);
    if (page.refcount === 0) continue;
    yield k.get_page(page);
    yield* k.put_page(page);
  }
  return 0;
}
