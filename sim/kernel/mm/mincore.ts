// Which pages are in memory (mm/mincore.c).
import type { Steps } from "../../core/thread.ts";
import { isPresent } from "../../hardware/entry.ts";
import { none, pte_offset } from "../arch/x86/mm/pgtable.ts";
import { VM_HUGETLB } from "../flags.ts";
import { access_ok } from "../fs/read_write.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EFAULT, EINVAL, ENOMEM } from "../uapi/errno.ts";
import { is_pte_marker } from "./madvise_guard.ts";

/** Pages told of at a time. */
const CHUNK = 4096;

/** The system call. `vec`: where one byte a page goes; 0: nowhere, the range is only checked. */
export function* sys_mincore(k: Kernel, addr: number, len: number, vec = 0): Steps<number> {
  if (addr % 4096 !== 0) return -EINVAL;
  if (!access_ok(k, addr, len)) return -ENOMEM;
  let pages = Math.ceil(len / 4096);
  if (!access_ok(k, vec, pages)) return -EFAULT;
  const mm = k.current.mm!;
  for (let at = addr, to = vec; pages > 0; ) {
    yield* k.mmap_read_lock(mm);
    const told = k.do_mincore(mm, at, Math.min(pages, CHUNK));
    yield k.mmap_read_unlock(mm);
    if (!told) return -ENOMEM;
    if (vec !== 0 && (yield* k.copy_to_user(to, told)) !== 0) return -EFAULT;
    pages -= told.length;
    to += told.length;
    at += told.length * 4096;
  }
  return 0;
}

/** One byte a page from `address` on, up to the end of its VMA; null where nothing is mapped. Caller holds mmap_lock. */
export function do_mincore(k: Kernel, mm: Mm, address: number, pages: number): Uint8Array | null {
  const vma = k.vma_lookup(mm, address);
  if (!vma) return null;
  const count = Math.min(pages, (vma.vm_end - address) / 4096);
  const told = new Uint8Array(count);
  const end = address + count * 4096;
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (vma.vm_flags & VM_HUGETLB) return k.mincore_hugetlb(vma, address, count);
  if (mapping)
    for (let i = 0; i < count; i++) told[i] = k.mincore_page(mapping, file_index(vma, address + i * 4096)) ? 1 : 0;
  for (let at = k.next_pte_range(mm, address, end); at; at = k.next_pte_range(mm, at.end, end)) {
    const pmd = k.read_entry(at.pmdp);
    for (let page = at.start; page < at.end; page += 4096) {
      const pte = k.read_entry(pte_offset(pmd, page));
      if (none(pte) || is_pte_marker(pte)) continue;
      told[(page - address) / 4096] = isPresent(pte) || k.swap_entry_in_memory(pte) ? 1 : 0;
    }
  }
  return told;
}

/** Where there is a PMD table its entries tell, else what the file has. */
export function mincore_hugetlb(k: Kernel, vma: Vma, address: number, pages: number): Uint8Array {
  const told = new Uint8Array(pages);
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  for (let i = 0; i < pages; i++) {
    const at = address + i * 4096;
    const ptep = k.hugetlb_walk(vma.vm_mm!, at);
    const index = k.vma_hugecache_offset(vma, at);
    const here = ptep === 0 ? k.filemap_hugetlb_page(mapping, index) !== null : !none(k.read_entry(ptep));
    told[i] = here ? 1 : 0;
  }
  return told;
}

const file_index = (vma: Vma, address: number): number => vma.vm_pgoff + (address - vma.vm_start) / 4096;
