// Swapped pages of shared memory files as smaps shows them: no page table knows of them (fs/proc/task_mmu.c).
import { VM_SHARED, VM_WRITE } from "../../flags.ts";
import type { Vma } from "../../mm_types.ts";

const may_be_copied = (vma: Vma): boolean => !(vma.vm_flags & VM_SHARED) && (vma.vm_flags & VM_WRITE) !== 0;

/** Bytes of a shared memory file in swap, as far as the VMA maps it; where it may hold copies, the holes are counted instead. */
export function shmem_swap_usage(vma: Vma): number {
  const inode = vma.vm_file?.f_inode;
  if (!inode?.swapped || may_be_copied(vma)) return 0;
  const pages = (vma.vm_end - vma.vm_start) / 4096;
  if (vma.vm_pgoff === 0 && pages * 4096 >= inode.i_size) return inode.swapped * 4096;
  return swapped_indices(vma).length * 4096;
}

/** Pages of a file in swap, by index, for those to be taken out that have an entry in the tables. */
export function shmem_swapped_holes(vma: Vma): Set<number> | undefined {
  return vma.vm_file?.f_inode?.swapped && may_be_copied(vma) ? new Set(swapped_indices(vma)) : undefined;
}

function swapped_indices(vma: Vma): number[] {
  const end = vma.vm_pgoff + (vma.vm_end - vma.vm_start) / 4096;
  const entries = [...vma.vm_file!.f_inode!.i_mapping!.i_pages.entries(vma.vm_pgoff, end)];
  return entries.flatMap(([index, entry]) => (entry < 0 ? [index] : []));
}
