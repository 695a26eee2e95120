// What a userfaultfd does about a fault (mm/userfaultfd.c, and its requests of fs/userfaultfd.c): puts a page there, maps one that
// the file has, changes write protection.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_DIRTY, _PAGE_RW, _PAGE_SPECIAL, _PAGE_UFFD_WP, withFlags, withoutFlags } from "../../hardware/entry.ts";
import { mk_pte, none } from "../arch/x86/mm/pgtable.ts";
import { PG_dirty, PG_uptodate, VM_SHARED, VM_UFFD_WP, VM_WRITE } from "../flags.ts";
import type { IoctlArg, Layout } from "../fs/ioctl.ts";
import { is_valid_range, range_layout, vmas_in } from "../fs/userfaultfd.ts";
import type { UserfaultfdCtx } from "../fs/userfaultfd_ctx.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";
import { EAGAIN, EEXIST, EFAULT, EINVAL, ENOENT, ENOMEM, ESRCH } from "../uapi/errno.ts";
import * as uffd from "../uapi/userfaultfd.ts";
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
  if (src + len >= 2 ** 63 || !is_valid_range(k, dst, len)) return -EINVAL;
  if (mode > (uffd.UFFDIO_COPY_MODE_DONTWAKE | uffd.UFFDIO_COPY_MODE_WP)) return -EINVAL;
  const wp = mode & uffd.UFFDIO_COPY_MODE_WP ? "write-protected" : "as the VMA says";
  const done = yield* k.with_watched_mm(ctx, () => k.mfill_atomic(ctx, dst, len, { src }, wp));
  if (done === null) return -ESRCH;
  const error = yield* k.copy_struct_to_user(arg, copy_layout, { ...given, copy: BigInt.asUintN(64, BigInt(done)) });
  if (error) return error;
  return yield* k.userfaultfd_filled(ctx, dst, len, done, mode & uffd.UFFDIO_COPY_MODE_DONTWAKE);
}

export function* userfaultfd_zeropage(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  return yield* k.userfaultfd_fill(ctx, arg, "zeropage", "zeroes");
}

export function* userfaultfd_continue(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  return yield* k.userfaultfd_fill(ctx, arg, "mapped", "the file's page");
}

/** UFFDIO_ZEROPAGE and UFFDIO_CONTINUE: `field` tells how many bytes were done. */
export function* userfaultfd_fill(
  k: Kernel,
  ctx: UserfaultfdCtx,
  arg: IoctlArg,
  field: "zeropage" | "mapped",
  filling: Filling,
): Steps<number> {
  const layout: Layout = [...mode_layout, [field, 8]];
  const given = yield* k.copy_struct_from_user(arg, layout);
  if (typeof given === "number") return given;
  const [start, len, mode] = [Number(given["start"]), Number(given["len"]), Number(given["mode"])];
  const DONTWAKE = uffd.UFFDIO_ZEROPAGE_MODE_DONTWAKE;
  const known = field === "mapped" ? DONTWAKE | uffd.UFFDIO_CONTINUE_MODE_WP : DONTWAKE;
  if (!is_valid_range(k, start, len) || mode > known) return -EINVAL;
  const wp = mode & uffd.UFFDIO_CONTINUE_MODE_WP ? "write-protected" : "as the VMA says";
  const done = yield* k.with_watched_mm(ctx, () => k.mfill_atomic(ctx, start, len, filling, wp));
  if (done === null) return -ESRCH;
  const error = yield* k.copy_struct_to_user(arg, layout, { ...given, [field]: BigInt.asUintN(64, BigInt(done)) });
  if (error) return error;
  return yield* k.userfaultfd_filled(ctx, start, len, done, mode & DONTWAKE);
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

/** Fills [start, start + len) page by page. Returns the bytes done, or a negative errno where that is none. */
export function* mfill_atomic(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  filling: Filling,
  wp: Protection,
): Steps<number> {
  const mm = ctx.mm!;
  for (let done = 0; done < len; done += 4096) {
    // What is copied may have to be faulted in, which must not happen under the lock.
    yield* k.mmap_read_lock(mm);
    const refused = refuses_fill(k, ctx, start, len, filling, wp);
    yield k.mmap_read_unlock(mm);
    if (refused) return done || refused;
    const bytes = typeof filling === "object" ? yield* k.copy_from_user(filling.src + done, 4096) : null;
    if (typeof bytes === "number") return done || bytes;
    yield* k.mmap_read_lock(mm);
    const again = refuses_fill(k, ctx, start, len, filling, wp);
    const error = again || (yield* k.mfill_atomic_pte(k.vma_lookup(mm, start)!, start + done, filling, bytes, wp));
    yield k.mmap_read_unlock(mm);
    if (error) return done || error;
  }
  return len;
}

/** The range lies in one VMA of this userfaultfd, of memory that can be filled so. Returns 0 or a negative errno. */
function refuses_fill(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  filling: Filling,
  wp: Protection,
): number {
  const vma = k.vma_lookup(ctx.mm!, start);
  if (!vma?.vm_userfaultfd_ctx || start + len > vma.vm_end) return -ENOENT;
  if (vma.vm_ops === "" && vma.vm_flags & VM_SHARED) return -EINVAL;
  if (wp === "write-protected" && !(vma.vm_flags & VM_UFFD_WP)) return -EINVAL;
  return filling === "the file's page" && vma.vm_ops === "" ? -EINVAL : 0;
}

/** One page. Caller holds mmap_lock for reading. Returns 0 or a negative errno. */
export function* mfill_atomic_pte(
  k: Kernel,
  vma: Vma,
  address: number,
  filling: Filling,
  bytes: Uint8Array | null,
  wp: Protection,
): Steps<number> {
  const mm = vma.vm_mm!;
  if (!(vma.vm_flags & VM_SHARED) && (yield* k.__anon_vma_prepare(vma)) < 0) return -ENOMEM;
  const pudp = yield* k.alloc_new_pud(mm, address);
  const pmdp = pudp === 0 ? 0 : yield* k.pmd_alloc(mm, pudp, address);
  if (pmdp === 0 || (yield* k.pte_alloc(mm, pmdp, address)) !== 0) return -ENOMEM;
  const of_file = vma.vm_flags & VM_SHARED || filling === "the file's page";
  if (of_file) return yield* k.shmem_mfill_atomic_pte(vma, pmdp, address, filling, bytes, wp);
  if (!bytes) return yield* k.mfill_atomic_pte_zeropage(vma, pmdp, address);
  const page = yield* k.alloc_page(PAGE_TYPE.anon);
  if (!page) return -ENOMEM;
  k.write_frame(page.slot, 0, bytes);
  const charged = yield* k.mem_cgroup_charge(page, mm);
  const error = charged ? -ENOMEM : yield* k.mfill_atomic_install_pte(vma, pmdp, address, page, wp);
  if (error) yield* k.put_page(page);
  return error;
}

export function* mfill_atomic_pte_zeropage(k: Kernel, vma: Vma, pmdp: number, address: number): Steps<number> {
  const ptep = yield* k.pte_offset_map_lock(pmdp, address);
  if (ptep === 0) return -EAGAIN;
  const there = !none(k.read_entry(ptep));
  if (!there)
    yield k.set_pte(vma.vm_mm!, address, ptep, withFlags(mk_pte(k.zero_pfn, vma.vm_page_prot), _PAGE_SPECIAL));
  yield k.pte_unmap_unlock(pmdp);
  return there ? -EEXIST : 0;
}

/** A page of a shared memory file: a new one, or the one that it has. */
export function* shmem_mfill_atomic_pte(
  k: Kernel,
  vma: Vma,
  pmdp: number,
  address: number,
  filling: Filling,
  bytes: Uint8Array | null,
  wp: Protection,
): Steps<number> {
  const inode = vma.vm_file!.f_inode!;
  const index = k.linear_page_index(vma, address);
  let page: Page;
  if (filling === "the file's page") {
    const known = yield* k.shmem_get_folio(inode, index, "noalloc");
    if (known === null || typeof known !== "object") return known === -ENOENT || known === -EINVAL ? -EFAULT : -ENOMEM;
    page = known;
  } else {
    if (index * 4096 >= inode.i_size) return -EFAULT;
    const made = yield* k.shmem_alloc_and_add_folio(inode, index, vma.vm_mm);
    if (typeof made === "number") return made;
    page = made;
    if (bytes) k.write_frame(page.slot, 0, bytes);
    else k.clear_highpage(page);
    page.flags |= PG_uptodate | PG_dirty;
  }
  const error = yield* k.mfill_atomic_install_pte(vma, pmdp, address, page, wp);
  if (error && filling !== "the file's page") yield* k.filemap_remove_folio(page);
  if (error && filling !== "the file's page") k.shmem_recalc_inode(inode, 0, 0);
  k.folio_unlock(page);
  if (error) yield* k.put_page(page);
  return error;
}

/** Maps the page where nothing is. Returns 0 or a negative errno. */
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
  if (!none(k.read_entry(ptep))) {
    yield k.pte_unmap_unlock(pmdp);
    return -EEXIST;
  }
  const of_file = page.type !== PAGE_TYPE.anon;
  let entry = withFlags(mk_pte(page.slot, vma.vm_page_prot), _PAGE_DIRTY);
  // A file's page in a private mapping is copied by the first write.
  const writable = (vma.vm_flags & VM_WRITE) !== 0 && !(of_file && !(vma.vm_flags & VM_SHARED));
  entry = writable ? withFlags(entry, _PAGE_RW) : withoutFlags(entry, _PAGE_RW);
  if (wp === "write-protected") entry = withFlags(withoutFlags(entry, _PAGE_RW), _PAGE_UFFD_WP);
  if (of_file) k.folio_add_file_rmap_pte(page, vma);
  else {
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
