// The mappings of a child (dup_mmap: kernel/fork.c, since 6.16 mm/mmap.c).
import type { Steps } from "../../core/thread.ts";
import {
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_HUGETLB,
  VM_LOCKED_MASK,
  VM_WIPEONFORK,
  without_uffd_flags,
  withoutVmFlags,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { vma_interval_tree_insert_after } from "./interval_tree.ts";
import { vma_is_shared_maywrite, vma_pages } from "./vma.ts";

/** Copies all VMAs, and of their page tables what faults could not bring back. */
export function* dup_mmap(k: Kernel, mm: Mm, oldmm: Mm): Steps<number> {
  yield* k.mmap_write_lock(oldmm);
  yield* k.down_write(mm.mmap_lock, "&mm->mmap_lock/1");
  mm.total_vm = oldmm.total_vm;
  mm.data_vm = oldmm.data_vm;
  mm.exec_vm = oldmm.exec_vm;
  mm.stack_vm = oldmm.stack_vm;
  let error = 0;
  for (const mpnt of [...oldmm.mm_mt]) {
    yield* k.vma_start_write(mpnt);
    if (mpnt.vm_flags & VM_DONTCOPY) {
      k.vm_stat_account(mm, mpnt.vm_flags, -vma_pages(mpnt));
      continue;
    }
    error = yield* k.dup_vma(mm, mpnt);
    if (error) break;
  }
  mm.mm_lock_seq++;
  yield k.up_write(mm.mmap_lock, "&mm->mmap_lock/1");
  yield* k.flush_tlb_mm(oldmm);
  yield k.mmap_write_unlock(oldmm);
  return error;
}

/** The copy of one VMA. Returns 0 or -ENOMEM. */
export function* dup_vma(k: Kernel, mm: Mm, mpnt: Vma): Steps<number> {
  if (mpnt.vm_flags & VM_ACCOUNT) {
    const error = k.security_vm_enough_memory_mm(mpnt.vm_mm!, vma_pages(mpnt));
    if (error) return error;
  }
  const tmp = k.vm_area_dup(mpnt);
  tmp.vm_mm = mm;
  // Without UFFD_FEATURE_EVENT_FORK a child's faults are its own.
  tmp.vm_userfaultfd_ctx = null;
  tmp.vm_flags = without_uffd_flags(withoutVmFlags(mpnt.vm_flags, VM_LOCKED_MASK));
  if (tmp.vm_flags & VM_WIPEONFORK) tmp.anon_vma = null;
  else yield* k.anon_vma_fork(tmp, mpnt);
  if (tmp.vm_flags & VM_HUGETLB) k.hugetlb_dup_vma_private(tmp);
  mm.mm_mt = mm.mm_mt.add(tmp);
  mm.map_count++;
  yield k.trace.vma_link(tmp, mm, tmp.vm_start, tmp.vm_end);
  const open = k.vm_op(tmp, "open");
  if (open) yield* open(tmp);
  if (tmp.vm_file) {
    k.get_file(tmp.vm_file);
    yield* k.link_copied_file_vma(tmp, mpnt);
  }
  return tmp.vm_flags & VM_WIPEONFORK ? 0 : yield* k.copy_page_range(tmp, mpnt);
}

/** In its file's reverse map the copy comes right behind what it is a copy of. */
export function* link_copied_file_vma(k: Kernel, vma: Vma, mpnt: Vma): Steps<void> {
  const mapping = vma.vm_file!.f_inode!.i_mapping;
  if (!mapping) return;
  yield* k.i_mmap_lock_write(mapping);
  if (vma_is_shared_maywrite(vma)) mapping.i_mmap_writable++;
  mapping.i_mmap = vma_interval_tree_insert_after(mapping.i_mmap, vma, mpnt);
  yield k.i_mmap_unlock_write(mapping);
}
