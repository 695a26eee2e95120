// In which order reverse maps find VMAs (mm/interval_tree.c): by the first page of the file, or of anonymous memory, that a VMA
// maps; of those that begin at the same page the one that came last is last.
import type { RefList } from "../../core/ref_list.ts";
import type { Vma } from "../mm_types.ts";

/** The tree of a file (i_mmap) or of an anon_vma. */
type IntervalTree = RefList<Vma>;

export function vma_interval_tree_insert(tree: IntervalTree, vma: Vma): IntervalTree {
  let low = 0;
  let high = tree.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tree.at(middle)!.vm_pgoff > vma.vm_pgoff) high = middle;
    else low = middle + 1;
  }
  return tree.splice(low, 0, vma);
}

/** A copy of `prev`, which begins at the same page, right behind it. */
export function vma_interval_tree_insert_after(tree: IntervalTree, vma: Vma, prev: Vma): IntervalTree {
  return tree.splice(tree.indexOf(prev) + 1, 0, vma);
}

/** A VMA whose range has changed, to its new place. */
export function vma_interval_tree_update(tree: IntervalTree, vma: Vma): IntervalTree {
  return vma_interval_tree_insert(tree.without(vma), vma);
}
