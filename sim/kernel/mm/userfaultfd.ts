// What a userfaultfd does about a fault (mm/userfaultfd.c, and its requests of fs/userfaultfd.c): puts a page there, maps one that
// the file has, changes write protection.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_DIRTY, _PAGE_RW, _PAGE_SPECIAL, _PAGE_UFFD_WP, withFlags, withoutFlags } from "../../hardware/entry.ts";
import { mk_pte, none, task_size_max } from "../arch/x86/mm/pgtable.ts";
import { PG_locked, PG_swapbacked, PG_uptodate, VM_SHARED, VM_UFFD_WP, VM_WRITE } from "../flags.ts";
import type { IoctlArg, Layout } from "../fs/ioctl.ts";
import { is_valid_range, range_layout, vmas_in } from "../fs/userfaultfd.ts";
import type { UserfaultfdCtx } from "../fs/userfaultfd_ctx.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Vma } from "../mm_types.ts";
import { EAGAIN, EEXIST, EFAULT, EINTR, EINVAL, ENOENT, ENOMEM, ESRCH } from "../uapi/errno.ts";
import * as uffd from "../uapi/userfaultfd.ts";
import { none_mostly } from "./madvise_guard.ts";
import type { UffdWp } from "./mprotect.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

const copy_layout: Layout = [
  ["dst", 8],
  ["src", 8],
  ["len", 8],
  ["mode", 8],
  ["copy", 8],
];
const mode_layout: Layout = [...range_layout, ["mode", 8]];

/** What fills a page: bytes from an address of the caller, zeroes, or what the file has already. */
export type Filling = { readonly src: number } | "zeroes" | "the file's page";

export function* userfaultfd_copy(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const given = yield* k.copy_struct_from_user(arg, copy_layout);
  if (typeof given === "number") return given;
  const [dst, src, len, mode] = ["dst", "src", "len", "mode"].map((name) => Number(given[name])) as [
    number,
    number,
    number,
    number,
  ];
  if (!is_valid_range(k, dst, len) || src >= task_size_max(k) || len > task_size_max(k) - src) return -EINVAL;
  if (mode > (uffd.UFFDIO_COPY_MODE_DONTWAKE | uffd.UFFDIO_COPY_MODE_WP)) return -EINVAL;
  const wp = mode & uffd.UFFDIO_COPY_MODE_WP ? "write-protected" : "as the VMA says";
  const done = yield* k.with_watched_mm(ctx, () => k.mfill_atomic_copy(ctx, dst, src, len, wp));
  if (done === null) return -ESRCH;
  const error = yield* k.copy_struct_to_user(arg, copy_layout, { ...given, copy: BigInt.asUintN(64, BigInt(done)) });
  if (error) return error;
  return yield* k.userfaultfd_filled(ctx, dst, len, done, mode & uffd.UFFDIO_COPY_MODE_DONTWAKE);
}

export function* userfaultfd_zeropage(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const layout: Layout = [...mode_layout, ["zeropage", 8]];
  const given = yield* k.copy_struct_from_user(arg, layout);
  if (typeof given === "number") return given;
  const [start, len, mode] = [Number(given["start"]), Number(given["len"]), Number(given["mode"])];
  if (!is_valid_range(k, start, len) || mode > uffd.UFFDIO_ZEROPAGE_MODE_DONTWAKE) return -EINVAL;
  const done = yield* k.with_watched_mm(ctx, () => k.mfill_atomic_zeropage(ctx, start, len));
  if (done === null) return -ESRCH;
  const error = yield* k.copy_struct_to_user(arg, layout, { ...given, zeropage: BigInt.asUintN(64, BigInt(done)) });
  if (error) return error;
  return yield* k.userfaultfd_filled(ctx, start, len, done, mode & uffd.UFFDIO_ZEROPAGE_MODE_DONTWAKE);
}

export function* userfaultfd_continue(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const layout: Layout = [...mode_layout, ["mapped", 8]];
  const given = yield* k.copy_struct_from_user(arg, layout);
  if (typeof given === "number") return given;
  const [start, len, mode] = [Number(given["start"]), Number(given["len"]), Number(given["mode"])];
  const known = uffd.UFFDIO_CONTINUE_MODE_DONTWAKE | uffd.UFFDIO_CONTINUE_MODE_WP;
  if (!is_valid_range(k, start, len) || mode > known) return -EINVAL;
  const wp = mode & uffd.UFFDIO_CONTINUE_MODE_WP ? "write-protected" : "as the VMA says";
  const done = yield* k.with_watched_mm(ctx, () => k.mfill_atomic_continue(ctx, start, len, wp));
  if (done === null) return -ESRCH;
  const error = yield* k.copy_struct_to_user(arg, layout, { ...given, mapped: BigInt.asUintN(64, BigInt(done)) });
  if (error) return error;
  return yield* k.userfaultfd_filled(ctx, start, len, done, mode & uffd.UFFDIO_CONTINUE_MODE_DONTWAKE);
}

/** `done`: bytes that were filled, or a negative errno. Who waits for them is woken unless asked not to. */
export function* userfaultfd_filled(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  done: number,
  dontwake: number,
): Steps<number> {
  if (done < 0) return done;
  if (!dontwake) yield k.wake_userfault(ctx, start, done);
  return done === len ? 0 : -EAGAIN;
}

type Protection = "write-protected" | "as the VMA says";

export function* mfill_atomic_copy(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  src: number,
  len: number,
  wp: Protection,
): Steps<number> {
  return yield* k.mfill_atomic(ctx, start, len, { src }, wp);
}

export function* mfill_atomic_zeropage(k: Kernel, ctx: UserfaultfdCtx, start: number, len: number): Steps<number> {
  return yield* k.mfill_atomic(ctx, start, len, "zeroes", "as the VMA says");
}

export function* mfill_atomic_continue(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  wp: Protection,
): Steps<number> {
  return yield* k.mfill_atomic(ctx, start, len, "the file's page", wp);
}

/**
 * Fills [start, start + len) page by page, the VMA locked for reading. What is copied must not be faulted in under that lock:
 * where it has to be, the lock is dropped for it. Returns the bytes done, or a negative errno where that is none.
 */
export function* mfill_atomic(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  filling: Filling,
  wp: Protection,
): Steps<number> {
  const copying = typeof filling === "object";
  let bytes: Uint8Array | null = null;
  for (let done = 0; ; ) {
    const vma = yield* k.uffd_mfill_lock(ctx.mm!, start, len);
    if (typeof vma === "number") return done || vma;
    let error = refuses_fill(vma, filling, wp);
    let missing = false;
    while (!error && !missing && done < len) {
      const pmdp = yield* k.mm_alloc_pmd(ctx.mm!, start + done);
      if (pmdp === 0) error = -ENOMEM;
      if (error) break;
      if (copying && !bytes) {
        bytes = yield* k.copy_from_user_inatomic(filling.src + done, 4096);
        missing = bytes.length < 4096;
      }
      if (missing) break;
      error = yield* k.mfill_atomic_pte(vma, pmdp, start + done, filling, bytes, wp);
      if (!error) done += 4096;
      if (k.current.signal) error = -EINTR;
      bytes = null;
    }
    yield k.vma_end_read(vma);
    if (!copying || !missing) return done || error;
    const copied = yield* k.copy_from_user(filling.src + done, 4096);
    if (typeof copied === "number") return done || copied;
    bytes = copied;
  }
}

/** The PMD entry of an address, with a PTE table below it; 0 without memory. */
export function* mm_alloc_pmd(k: Kernel, mm: Mm, address: number): Steps<number> {
  const pudp = yield* k.alloc_new_pud(mm, address);
  const pmdp = pudp === 0 ? 0 : yield* k.pmd_alloc(mm, pudp, address);
  return pmdp === 0 || (yield* k.pte_alloc(mm, pmdp, address)) !== 0 ? 0 : pmdp;
}

/** The VMA that has the whole range and a userfaultfd, locked for reading; or a negative errno. */
export function* uffd_mfill_lock(k: Kernel, mm: Mm, start: number, len: number): Steps<Vma | number> {
  const vma = yield* k.uffd_lock_vma(mm, start);
  if (typeof vma === "number") return vma;
  if (vma.vm_userfaultfd_ctx && start + len <= vma.vm_end) return vma;
  yield k.vma_end_read(vma);
  return -ENOENT;
}

/** The VMA at an address, locked for reading, with an anon_vma where it may need one; or a negative errno. */
export function* uffd_lock_vma(k: Kernel, mm: Mm, address: number): Steps<Vma | number> {
  const locked = yield* k.lock_vma_under_rcu(mm, address);
  if (locked && (locked.vm_flags & VM_SHARED || locked.anon_vma)) return locked;
  if (locked) yield k.vma_end_read(locked);
  yield* k.mmap_read_lock(mm);
  const vma = yield* k.find_vma_and_prepare_anon(mm, address);
  // Nobody can lock it for writing while mmap_lock is held.
  if (typeof vma !== "number") yield* k.vma_start_read_locked(vma);
  yield k.mmap_read_unlock(mm);
  return vma;
}

export function* find_vma_and_prepare_anon(k: Kernel, mm: Mm, address: number): Steps<Vma | number> {
  const vma = k.vma_lookup(mm, address);
  if (!vma) return -ENOENT;
  return !(vma.vm_flags & VM_SHARED) && (yield* k.__anon_vma_prepare(vma)) < 0 ? -ENOMEM : vma;
}

/** Whether the VMA's memory cannot be filled so. Returns 0 or a negative errno. */
function refuses_fill(vma: Vma, filling: Filling, wp: Protection): number {
  if (vma.vm_ops === "" && vma.vm_flags & VM_SHARED) return -EINVAL;
  if (wp === "write-protected" && !(vma.vm_flags & VM_UFFD_WP)) return -EINVAL;
  return filling === "the file's page" && vma.vm_ops === "" ? -EINVAL : 0;
}

/** One page. `bytes`: what is copied. Caller holds the VMA's lock for reading. Returns 0 or a negative errno. */
export function* mfill_atomic_pte(
  k: Kernel,
  vma: Vma,
  pmdp: number,
  address: number,
  filling: Filling,
  bytes: Uint8Array | null,
  wp: Protection,
): Steps<number> {
  if (filling === "the file's page") return yield* k.mfill_atomic_pte_continue(vma, pmdp, address, wp);
  if (vma.vm_flags & VM_SHARED) return yield* k.shmem_mfill_atomic_pte(vma, pmdp, address, bytes, wp);
  return bytes
    ? yield* k.mfill_atomic_pte_copy(vma, pmdp, address, bytes, wp)
    : yield* k.mfill_atomic_pte_zeropage(vma, pmdp, address);
}

export function* mfill_atomic_pte_copy(
  k: Kernel,
  vma: Vma,
  pmdp: number,
  address: number,
  bytes: Uint8Array,
  wp: Protection,
): Steps<number> {
  const page = yield* k.alloc_page(PAGE_TYPE.anon);
  if (!page) return -ENOMEM;
  k.write_frame(page.slot, 0, bytes);
  const charged = yield* k.mem_cgroup_charge(page, vma.vm_mm!);
  const error = charged ? -ENOMEM : yield* k.mfill_atomic_install_pte(vma, pmdp, address, page, wp);
  if (error) yield* k.put_page(page);
  return error;
}

export function* mfill_atomic_pte_zeropage(k: Kernel, vma: Vma, pmdp: number, address: number): Steps<number> {
  const ptep = yield* k.pte_offset_map_lock(pmdp, address);
  if (ptep === 0) return -EAGAIN;
  const error = mfill_refusal(k, vma, address) || (none(k.read_entry(ptep)) ? 0 : -EEXIST);
  if (!error)
    yield k.set_pte(vma.vm_mm!, address, ptep, withFlags(mk_pte(k.zero_pfn, vma.vm_page_prot), _PAGE_SPECIAL));
  yield k.pte_unmap_unlock(pmdp);
  return error;
}

/** Beyond a file's size nothing can be filled in, private or not. The caller has locked the table. */
function mfill_refusal(k: Kernel, vma: Vma, address: number): number {
  const inode = vma.vm_file?.f_inode;
  return inode && k.linear_page_index(vma, address) * 4096 >= inode.i_size ? -EFAULT : 0;
}

/** The page that a file has already. */
export function* mfill_atomic_pte_continue(
  k: Kernel,
  vma: Vma,
  pmdp: number,
  address: number,
  wp: Protection,
): Steps<number> {
  const known = yield* k.shmem_get_folio(vma.vm_file!.f_inode!, k.linear_page_index(vma, address), "noalloc");
  if (known === null || known === -ENOENT) return -EFAULT;
  if (typeof known === "number") return known;
  const error = yield* k.mfill_atomic_install_pte(vma, pmdp, address, known, wp);
  k.folio_unlock(known);
  if (error) yield* k.put_page(known);
  return error;
}

/** A new page of a shared memory file; `bytes` null: of zeroes. */
export function* shmem_mfill_atomic_pte(
  k: Kernel,
  vma: Vma,
  pmdp: number,
  address: number,
  bytes: Uint8Array | null,
  wp: Protection,
): Steps<number> {
  const inode = vma.vm_file!.f_inode!;
  const mapping = inode.i_mapping!;
  const index = k.linear_page_index(vma, address);
  if (k.shmem_inode_acct_blocks(inode, 1)) return -ENOMEM;
  const page = yield* k.shmem_alloc_folio();
  if (!page) {
    k.shmem_inode_unacct_blocks(inode, 1);
    return -ENOMEM;
  }
  if (bytes) k.write_frame(page.slot, 0, bytes);
  else k.clear_highpage(page);
  page.flags = PG_locked | PG_swapbacked | PG_uptodate;
  let error = index * 4096 >= inode.i_size ? -EFAULT : yield* k.mem_cgroup_charge(page, vma.vm_mm);
  if (!error) error = yield* k.shmem_add_to_page_cache(page, mapping, index, 0);
  if (!error) {
    error = yield* k.mfill_atomic_install_pte(vma, pmdp, address, page, wp);
    if (error) yield* k.filemap_remove_folio(page);
  }
  if (!error) k.shmem_recalc_inode(inode, 1, 0);
  k.folio_unlock(page);
  if (!error) return 0;
  yield* k.put_page(page);
  k.shmem_inode_unacct_blocks(inode, 1);
  return error;
}

/** Maps the page where nothing is, or a marker, which it overwrites: also one of MADV_GUARD_INSTALL. Returns 0 or a negative errno. */
export function* mfill_atomic_install_pte(
  k: Kernel,
  vma: Vma,
  pmdp: number,
  address: number,
  page: Page,
  wp: Protection,
): Steps<number> {
  const mm = vma.vm_mm!;
  const ptep = yield* k.pte_offset_map_lock(pmdp, address);
  if (ptep === 0) return -EAGAIN;
  const error = mfill_refusal(k, vma, address) || (none_mostly(k.read_entry(ptep)) ? 0 : -EEXIST);
  if (error) {
    yield k.pte_unmap_unlock(pmdp);
    return error;
  }
  const of_file = page.type !== PAGE_TYPE.anon;
  let entry = withFlags(mk_pte(page.slot, vma.vm_page_prot), _PAGE_DIRTY);
  // A file's page in a private mapping is copied by the first write.
  const writable = (vma.vm_flags & VM_WRITE) !== 0 && !(of_file && !(vma.vm_flags & VM_SHARED));
  entry = writable ? withFlags(entry, _PAGE_RW) : withoutFlags(entry, _PAGE_RW);
  if (wp === "write-protected") entry = withFlags(withoutFlags(entry, _PAGE_RW), _PAGE_UFFD_WP);
  if (of_file) {
    // A new one of shared memory; what the file has had already is on its list.
    k.folio_add_lru(page);
    k.folio_add_file_rmap_pte(page, vma);
  } else {
    k.folio_add_new_anon_rmap(page, vma, address);
    k.folio_add_lru_vma(page, vma);
  }
  k.mm_counter_add(mm, page, 1);
  yield k.set_pte(mm, address, ptep, entry);
  yield k.pte_unmap_unlock(pmdp);
  return 0;
}

export function* userfaultfd_writeprotect(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const given = yield* k.copy_struct_from_user(arg, mode_layout);
  if (typeof given === "number") return given;
  const [start, len, mode] = [Number(given["start"]), Number(given["len"]), Number(given["mode"])];
  const both = uffd.UFFDIO_WRITEPROTECT_MODE_WP | uffd.UFFDIO_WRITEPROTECT_MODE_DONTWAKE;
  if (!is_valid_range(k, start, len) || mode >= both) return -EINVAL;
  const protect = mode === uffd.UFFDIO_WRITEPROTECT_MODE_WP;
  const how = protect ? "set uffd-wp" : "clear uffd-wp";
  const error = yield* k.with_watched_mm(ctx, () => k.mwriteprotect_range(ctx, start, len, how));
  if (error === null) return -ESRCH;
  if (!error && mode === 0) yield k.wake_userfault(ctx, start, len);
  return error;
}

export function* mwriteprotect_range(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  how: UffdWp,
): Steps<number> {
  const mm = ctx.mm!;
  yield* k.mmap_read_lock(mm);
  let error = -ENOENT;
  for (const vma of vmas_in(k, mm, start, start + len)) {
    if (!(vma.vm_flags & VM_UFFD_WP)) {
      error = -ENOENT;
      break;
    }
    yield* k.uffd_wp_range(vma, Math.max(start, vma.vm_start), Math.min(start + len, vma.vm_end), how);
    error = 0;
  }
  yield k.mmap_read_unlock(mm);
  return error;
}

/** Marks what is mapped in [start, end), or takes the marks away. */
export function* uffd_wp_range(k: Kernel, vma: Vma, start: number, end: number, how: UffdWp): Steps<void> {
  const tlb = k.tlb_gather_mmu(vma.vm_mm!);
  yield* k.change_protection(tlb, vma, start, end, how);
  yield* k.tlb_finish_mmu(tlb);
}
