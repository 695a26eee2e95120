// RFC v2 2/4 and 3/4, mm/mmap.c: MAP_SHARED_PT, and what munmap and fork do to mappings that share page tables.
// Left as posted:
// - "mmap-error": the VMA is looked up also where mmap has failed, and its null pointer followed;
// - "private-mapping": MAP_SHARED_VALIDATE contains the bit of MAP_PRIVATE, so that private mappings pass the test;
// - "permission-mode": the protection of the first mapping is not kept, so that all others match it;
// - "file-offset": which part of the file is mapped is not compared;
// - "merged-vma": a mapping that became one with its neighbour shares the neighbour's range too;
// - "null-ptshare-data": f_mapping->ptshare_data is looked at again after it was set;
// - "link-reference": munmap gives the reference back before the tables are unlinked, fork takes none, exit gives none back;
// - "vma-split": only the first VMA of an munmap is looked at, and mprotect and mremap not at all.
import type { Steps } from "../../core/thread.ts";
import { PAGE_ALIGN, PMD_SIZE } from "../../kernel/arch/x86/mm/pgtable.ts";
import * as mmap from "../../kernel/mm/mmap.ts";
import * as mmap_dup from "../../kernel/mm/mmap_dup.ts";
import * as mremap from "../../kernel/mm/mremap.ts";
import * as vma_file from "../../kernel/mm/vma.ts";
import * as munmap from "../../kernel/mm/vma_munmap.ts";
import type { File, Mm, Vma } from "../../kernel/mm_types.ts";
import { EINVAL, EOPNOTSUPP } from "../../kernel/uapi/errno.ts";
import { MAP_SHARED, MAP_SHARED_VALIDATE, MAP_TYPE } from "../../kernel/uapi/mman.ts";
import {
  MAP_SHARED_PT,
  type PtshareData,
  type PtshareKernel,
  ptshare_data_of,
  set_ptshare_data,
  traceOf,
  VM_SHARED_PT,
  vma_is_shared,
} from "./structures.ts";

/** Of a new mapping: what has to be like the first one's to share its tables. */
export interface Wanted {
  readonly addr: number;
  readonly len: number;
  readonly prot: number;
}

export function* do_mmap(
  k: PtshareKernel,
  mm: Mm,
  file: File | null,
  hint: number,
  bytes: number,
  prot: number,
  flags: number,
  vm_flags: number,
  pgoff: number,
): Steps<number> {
  const ptshare = (flags & MAP_SHARED_PT) !== 0;
  if (ptshare && !may_share(k, flags)) return -EINVAL;
  // The flag is not among those that MAP_SHARED_VALIDATE lets pass.
  if (ptshare && file && (flags & MAP_TYPE) === MAP_SHARED_VALIDATE) return -EOPNOTSUPP;
  const addr = yield* mmap.do_mmap(k, mm, file, hint, bytes, prot, flags, vm_flags, pgoff);
  if (!ptshare || !file || (addr < 0 && k.fixed("mmap-error"))) return addr;
  return yield* k.ptshare_mmap(mm, file, { addr, len: PAGE_ALIGN(bytes), prot });
}

function may_share(k: PtshareKernel, flags: number): boolean {
  if (k.fixed("private-mapping")) return (flags & MAP_TYPE) !== 2;
  return (flags & (MAP_SHARED | MAP_SHARED_VALIDATE)) !== 0;
}

/** Pointers compare as unsigned numbers: an error is above all addresses. */
const unsigned = (addr: number): number => (addr < 0 ? addr + 2 ** 64 : addr);

/** The end of do_mmap: the new mapping shares page tables if it can. Returns the address or an error. */
export function* ptshare_mmap(k: PtshareKernel, mm: Mm, file: File, wanted: Wanted): Steps<number> {
  const { addr, len, prot } = wanted;
  const vma = k.find_vma(mm, unsigned(addr))!;
  if (vma.vm_start % PMD_SIZE !== 0 || vma.vm_end % PMD_SIZE !== 0) return addr;
  if (k.fixed("merged-vma") && (vma.vm_start !== addr || vma.vm_end !== addr + len)) return addr;
  const info = ptshare_data_of(file);
  if (info) {
    if (k.shares_alike(info, vma, wanted)) {
      vma.vm_flags += VM_SHARED_PT;
      k.ptshare_get(info);
      yield k.trace.vma_change(vma, mm, vma.vm_start, vma.vm_end);
    }
    return addr;
  }
  if (k.fixed("null-ptshare-data")) return yield* k.ptshare_publish(mm, file, vma, wanted);
  const error = yield* k.ptshare_new_mm(file, vma, prot);
  if (error < 0) return error;
  const inserted = yield* k.ptshare_insert_vma(ptshare_data_of(file)!.mm!, vma);
  if (inserted < 0) return inserted;
  vma.vm_flags += VM_SHARED_PT;
  yield k.trace.vma_change(vma, mm, vma.vm_start, vma.vm_end);
  return addr;
}

/** The mend of "null-ptshare-data": the host mm is complete before others can find it, and the first one counts. */
export function* ptshare_publish(k: PtshareKernel, mm: Mm, file: File, vma: Vma, wanted: Wanted): Steps<number> {
  const info = yield* k.ptshare_alloc(file, vma, wanted.prot);
  if (!info) return wanted.addr;
  if (ptshare_data_of(file) === null) {
    set_ptshare_data(file, info);
    yield traceOf(k).ptshare_new_mm(file, info.mm, info.start, info.size);
    // Known as a guest's before its tables are linked: who changes them from then on has to tell it.
    vma.vm_flags += VM_SHARED_PT;
    yield k.trace.vma_change(vma, mm, vma.vm_start, vma.vm_end);
    yield* k.ptshare_insert_vma(info.mm!, vma);
    return wanted.addr;
  }
  yield* k.free_ptshare_mm(info);
  return yield* k.ptshare_mmap(mm, file, wanted);
}

/** Whether a mapping may use the tables that the file has already. */
export function shares_alike(k: PtshareKernel, info: PtshareData, vma: Vma, { addr, len, prot }: Wanted): boolean {
  const rights = k.fixed("permission-mode") ? prot === info.mode : (prot & info.mode) === info.mode;
  const place = addr === info.start || k.option("addresses") === "any";
  const pgoff = k.find_vma(info.mm!, info.start)?.vm_pgoff;
  const offset = !k.fixed("file-offset") || vma.vm_pgoff === pgoff;
  return rights && place && offset && len === info.size;
}

/** What is unmapped may be shared tables: all of them or none. Returns 0 or -EINVAL. */
export function* ptshare_munmap(k: PtshareKernel, mm: Mm, addr: number, bytes: number): Steps<number> {
  const vma = addr % 4096 === 0 && bytes > 0 ? k.find_vma_intersection(mm, addr, addr + PAGE_ALIGN(bytes)) : null;
  if (!vma || !vma_is_shared(vma)) return 0;
  const info = ptshare_data_of(vma.vm_file);
  const [start, size] = k.option("addresses") === "any" ? range(vma) : [info?.start, info?.size];
  if (info && (addr !== start || bytes !== size)) return -EINVAL;
  if (!k.fixed("link-reference")) yield* k.ptshare_del_mm(vma);
  return 0;
}

export function* do_vmi_munmap(
  k: PtshareKernel,
  mm: Mm,
  addr: number,
  bytes: number,
  unlock: munmap.Unlock,
): Steps<number> {
  const error = yield* k.ptshare_munmap(mm, addr, bytes);
  return error || (yield* munmap.do_vmi_munmap(k, mm, addr, bytes, unlock));
}

/** In the kernel of the series a mapping that replaces others calls do_vmi_munmap for them. */
export function* mmap_region(
  k: PtshareKernel,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  flags: number,
  pgoff: number,
): Steps<number> {
  const error = yield* k.ptshare_munmap(mm, addr, len);
  return error || (yield* mmap.mmap_region(k, mm, file, addr, len, flags, pgoff));
}

const range = (vma: Vma): readonly [number, number] => [vma.vm_start, vma.vm_end - vma.vm_start];

/** The mend of "vma-split": a shared mapping is whole, and stays where it is. */
export function* __split_vma(k: PtshareKernel, vma: Vma, address: number, part: vma_file.NewPart): Steps<number> {
  if (k.fixed("vma-split") && vma_is_shared(vma)) return -EINVAL;
  return yield* vma_file.__split_vma(k, vma, address, part);
}

export function* do_mremap(k: PtshareKernel, r: mremap.VmaRemap): Steps<number> {
  const vma = k.vma_lookup(r.mm, r.addr);
  if (k.fixed("vma-split") && vma && vma_is_shared(vma)) return -EINVAL;
  return yield* mremap.do_mremap(k, r);
}

/** The mend of "link-reference": every VMA counts, from its beginning to when nothing of it is mapped any more. */
export function* dup_vma(k: PtshareKernel, mm: Mm, mpnt: Vma): Steps<number> {
  const info = ptshare_data_of(mpnt.vm_file);
  if (k.fixed("link-reference") && info && vma_is_shared(mpnt)) k.ptshare_get(info);
  return yield* mmap_dup.dup_vma(k, mm, mpnt);
}

export function* remove_vma(k: PtshareKernel, vma: Vma): Steps<void> {
  if (k.fixed("link-reference") && vma_is_shared(vma)) yield* k.ptshare_del_mm(vma);
  yield* vma_file.remove_vma(k, vma);
}
