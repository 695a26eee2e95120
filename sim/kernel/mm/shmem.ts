// Shared memory files (mm/shmem.c): their pages and faults. Sizes and truncation are in shmem_truncate.ts, inodes, names and
// tmpfs as a file system in shmem_fs.ts, read, write and fallocate in shmem_file.ts.
import type { Steps } from "../../core/thread.ts";
import {
  has_uffd_minor,
  PG_locked,
  PG_referenced,
  PG_swapbacked,
  PG_uptodate,
  VM_FAULT_LOCKED,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
  VM_NORESERVE,
  VM_UFFD_MISSING,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Inode, Mm, Page, Vma } from "../mm_types.ts";
import { EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC } from "../uapi/errno.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/**
 * What a missing page means: "read" gives none; "noalloc" fails; "cache" allocates within the file's size, "write" and
 * "falloc" anywhere, "write" leaving it to the caller to fill the page.
 */
export type Sgp = "read" | "noalloc" | "cache" | "write" | "falloc";

/**
 * The page of a file, locked and with a reference. `vmf`: the fault that it is for, if it is for one.
 * @returns null for a hole ("read"), and where a userfaultfd was told of the fault (vmf.fault_type says what came of it); a
 * negative errno: -EINVAL beyond the size, -ENOSPC, -ENOMEM
 */
export function* shmem_get_folio_gfp(
  k: Kernel,
  inode: Inode,
  index: number,
  sgp: Sgp,
  vmf: VmFault | null,
): Steps<Page | null | number> {
  for (;;) {
    if (beyond_size(inode, index, sgp)) return -EINVAL;
    const entry = inode.i_mapping!.i_pages.get(index) ?? 0;
    const known = entry > 0 ? k.page(entry - 1) : null;
    if (known) yield k.get_page(known);
    // The file has it, in memory or in swap.
    if (entry !== 0 && vmf && has_uffd_minor(vmf.vma.vm_flags)) {
      if (known) yield* k.put_page(known);
      vmf.fault_type = yield* k.handle_userfault(vmf, "minor");
      return null;
    }
    if (entry < 0) {
      const back = yield* k.shmem_swapin_folio(inode, index, -entry, sgp, vmf);
      if (back === -EEXIST) continue;
      return back;
    }
    if (known) {
      yield* k.folio_lock(known);
      if (known.mapping === inode.i_mapping) {
        if (sgp === "write") k.folio_mark_accessed(known);
        if (known.flags & PG_uptodate) return known;
        // Reserved by fallocate, never filled.
        if (sgp !== "read") return yield* k.shmem_fill(inode, index, known, sgp, "known");
      }
      k.folio_unlock(known);
      yield* k.put_page(known);
      if (known.mapping !== inode.i_mapping) continue;
    }
    if (sgp === "read") return null;
    if (sgp === "noalloc") return -ENOENT;
    if (vmf && vmf.vma.vm_flags & VM_UFFD_MISSING) {
      vmf.fault_type = yield* k.handle_userfault(vmf, "missing");
      return null;
    }
    const page = yield* k.shmem_alloc_and_add_folio(inode, index, vmf ? vmf.vma.vm_mm : null);
    if (page === -EEXIST) continue;
    if (typeof page === "number") return page;
    if (sgp === "write") page.flags |= PG_referenced;
    return yield* k.shmem_fill(inode, index, page, sgp === "falloc" ? "write" : sgp, "new");
  }
}

/** The same for who has no fault. */
export function* shmem_get_folio(k: Kernel, inode: Inode, index: number, sgp: Sgp): Steps<Page | null | number> {
  return yield* k.shmem_get_folio_gfp(inode, index, sgp, null);
}

function beyond_size(inode: Inode, index: number, sgp: Sgp): boolean {
  return sgp !== "write" && sgp !== "falloc" && index * 4096 >= inode.i_size;
}

/** Zeroes a locked page unless the caller fills it. The file may have been truncated since it was looked at. */
export function* shmem_fill(
  k: Kernel,
  inode: Inode,
  index: number,
  page: Page,
  sgp: Sgp,
  origin: "known" | "new",
): Steps<Page | number> {
  if (sgp !== "write") {
    k.clear_highpage(page);
    page.flags |= PG_uptodate;
  }
  if (!beyond_size(inode, index, sgp)) return page;
  if (origin === "new") yield* k.filemap_remove_folio(page);
  k.shmem_recalc_inode(inode, 0, 0);
  k.folio_unlock(page);
  yield* k.put_page(page);
  return -EINVAL;
}

/** A new page in the file, charged to `mm`, locked, with a reference; -EEXIST if somebody was faster. */
export function* shmem_alloc_and_add_folio(
  k: Kernel,
  inode: Inode,
  index: number,
  mm: Mm | null,
): Steps<Page | number> {
  const mapping = inode.i_mapping!;
  const page = yield* k.shmem_alloc_folio();
  if (!page) return -ENOMEM;
  page.flags = PG_locked | PG_swapbacked;
  let error = yield* k.mem_cgroup_charge(page, mm);
  if (error && mapping.i_pages.get(index) !== undefined) error = -EEXIST;
  if (!error) error = yield* k.shmem_add_to_page_cache(page, mapping, index, 0);
  if (!error) {
    error = k.shmem_inode_acct_blocks(inode, 1);
    if (error) error = acct_blocks_again(k, inode);
    if (error) yield* k.filemap_remove_folio(page);
  }
  if (error) {
    k.folio_unlock(page);
    yield* k.put_page(page);
    return error;
  }
  k.shmem_recalc_inode(inode, 1, 0);
  k.folio_add_lru(page);
  return page;
}

/** A new page, with one reference and for nobody yet; null without memory. */
export function* shmem_alloc_folio(k: Kernel): Steps<Page | null> {
  return yield* k.alloc_page(PAGE_TYPE.shmem);
}

/** The file system is full; but pages of the file may have gone unnoticed. A new one is in its cache, and not counted yet. */
function acct_blocks_again(k: Kernel, inode: Inode): number {
  k.shmem_recalc_inode(inode, 1, 0);
  inode.alloced--;
  return k.shmem_inode_acct_blocks(inode, 1);
}

/**
 * Puts a locked page into a file, which takes a reference; in place of its swap entry (`expected`, negative) where there is one.
 * Returns 0; -EEXIST if something else is there.
 */
export function* shmem_add_to_page_cache(
  k: Kernel,
  page: Page,
  mapping: AddressSpace,
  index: number,
  expected: number,
): Steps<number> {
  if ((mapping.i_pages.get(index) ?? 0) !== expected) return -EEXIST;
  yield k.page_cache_add(mapping, index, page);
  return 0;
}

/** Charges pages to the file system and, where the file reserved nothing ahead, to the system. Returns 0 or an errno. */
export function shmem_inode_acct_blocks(k: Kernel, inode: Inode, pages: number): number {
  const sb = inode.i_sb!;
  if (inode.shmem_flags & VM_NORESERVE && k.security_vm_enough_memory_mm(k.current.mm!, pages)) return -ENOSPC;
  if (sb.max_blocks > 0 && sb.used_blocks + pages > sb.max_blocks) {
    if (inode.shmem_flags & VM_NORESERVE) k.vm_unacct_memory(pages);
    return -ENOSPC;
  }
  sb.used_blocks += pages;
  return 0;
}

export function shmem_inode_unacct_blocks(k: Kernel, inode: Inode, pages: number): void {
  inode.i_sb!.used_blocks -= pages;
  if (inode.shmem_flags & VM_NORESERVE) k.vm_unacct_memory(pages);
}

/** Brings the file's counts in line with its page cache: pages that are gone are given back. */
export function shmem_recalc_inode(k: Kernel, inode: Inode, alloced: number, swapped: number): void {
  inode.alloced += alloced;
  inode.swapped += swapped;
  // Who moves a page to swap raises `swapped` first, while the page is in the cache still.
  const freed = inode.alloced - inode.swapped - inode.i_mapping!.nrpages + Math.max(0, swapped);
  if (freed > 0) {
    inode.alloced -= freed;
    k.shmem_inode_unacct_blocks(inode, freed);
  }
  inode.i_blocks = inode.alloced;
}

/** vm_ops->fault: the page of a fault, made if there is none; SIGBUS beyond the end of the file or of the file system. */
export function* shmem_fault(k: Kernel, vmf: VmFault): Steps<number> {
  const inode = vmf.vma.vm_file!.f_inode!;
  if (inode.falloc_punching) {
    const ret = yield* k.shmem_falloc_wait(vmf, inode);
    if (ret !== 0) return ret;
  }
  vmf.fault_type = 0;
  const page = yield* k.shmem_get_folio_gfp(inode, vmf.pgoff, "cache", vmf);
  if (page === -ENOMEM) return VM_FAULT_OOM;
  if (typeof page === "number") return VM_FAULT_SIGBUS;
  vmf.page = page;
  return page ? VM_FAULT_LOCKED | vmf.fault_type : vmf.fault_type;
}

/** A fault into a hole that is being punched waits, so that punching ends. Returns 0 when the fault is elsewhere. */
export function* shmem_falloc_wait(k: Kernel, vmf: VmFault, inode: Inode): Steps<number> {
  if (vmf.pgoff < inode.falloc_start || vmf.pgoff >= inode.falloc_next) return 0;
  const file = yield* k.maybe_unlock_mmap_for_io(vmf);
  while (inode.falloc_punching) yield k.wait(() => !inode.falloc_punching, "a hole to be punched");
  if (!file) return VM_FAULT_NOPAGE;
  yield* k.fput(file);
  return VM_FAULT_RETRY;
}

/** MAP_SHARED|MAP_ANONYMOUS: gives the VMA a file of its own, as mapping /dev/zero would. Returns 0 or a negative errno. */
export function* shmem_zero_setup(k: Kernel, vma: Vma): Steps<number> {
  const file = yield* k.shmem_file_setup("dev/zero", vma.vm_end - vma.vm_start, vma.vm_flags);
  if (typeof file === "number") return file;
  if (vma.vm_file) yield* k.fput(vma.vm_file);
  vma.vm_file = file;
  vma.vm_ops = "shmem_anon_vm_ops";
  return 0;
}
