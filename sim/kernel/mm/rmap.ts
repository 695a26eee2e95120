// Reverse mapping (mm/rmap.c): from a page to the VMAs that may map it. anon_vmas form a tree that grows with fork;
// each VMA is linked to the anon_vmas in which its pages can be.
import type { Steps } from "../../core/thread.ts";
import { is_droppable, PG_anon_exclusive, PG_swapbacked, PG_uptodate } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { type AnonVma, anon_vma, type Page, type Vma } from "../mm_types.ts";
import { vma_interval_tree_insert } from "./interval_tree.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

const ANON_LOCK = "&anon_vma->rwsem";

/** Gives `vma` an anon_vma: a neighbour's that could become one mapping with it, else a new one. Returns 0 or -ENOMEM. */
export function* __anon_vma_prepare(k: Kernel, vma: Vma): Steps<number> {
  if (vma.anon_vma) return 0;
  const shared = k.find_mergeable_anon_vma(vma);
  const used = shared ?? k.anon_vma_alloc();
  yield* k.down_write(used.root!.rwsem, ANON_LOCK);
  yield* k.spin_lock(vma.vm_mm!.page_table_lock, "&mm->page_table_lock");
  if (!vma.anon_vma) {
    vma.anon_vma = used;
    k.anon_vma_chain_link(vma, used);
    used.num_active_vmas++;
  }
  yield k.spin_unlock(vma.vm_mm!.page_table_lock, "&mm->page_table_lock");
  yield k.up_write(used.root!.rwsem, ANON_LOCK);
  if (vma.anon_vma !== used && !shared) k.put_anon_vma(used);
  return 0;
}

export function* anon_vma_lock_write(k: Kernel, av: AnonVma): Steps<void> {
  yield* k.down_write(av.root!.rwsem, ANON_LOCK);
}

export function anon_vma_unlock_write(k: Kernel, av: AnonVma): number {
  return k.up_write(av.root!.rwsem, ANON_LOCK);
}

export function anon_vma_alloc(k: Kernel): AnonVma {
  const made = k.store.alloc(anon_vma);
  made.root = made;
  made.parent = made;
  made.refcount = 1;
  made.num_children = 1;
  return made;
}

export function put_anon_vma(k: Kernel, av: AnonVma): void {
  av.refcount--;
  if (av.refcount > 0) return;
  const root = av.root!;
  k.store.free(av);
  if (root !== av) k.put_anon_vma(root);
}

export function anon_vma_chain_link(_k: Kernel, vma: Vma, av: AnonVma): void {
  vma.anon_vma_chain = vma.anon_vma_chain.add(av);
  av.rb_root = vma_interval_tree_insert(av.rb_root, vma);
}

/** A new VMA maps what `src` maps: it joins all of its anon_vmas. `fork` makes the child one of its own besides. */
export function* anon_vma_clone(k: Kernel, dst: Vma, src: Vma): Steps<number> {
  if (src.anon_vma_chain.length === 0) return 0;
  const root = src.anon_vma_chain.at(0)!.root!;
  yield* k.down_write(root.rwsem, ANON_LOCK);
  for (const av of src.anon_vma_chain) {
    k.anon_vma_chain_link(dst, av);
    // A child whose parent's anon_vma nobody uses any more takes it over instead of growing the tree.
    if (!dst.anon_vma && src.anon_vma && av.num_children < 2 && av.num_active_vmas === 0) dst.anon_vma = av;
  }
  if (dst.anon_vma) dst.anon_vma.num_active_vmas++;
  yield k.up_write(root.rwsem, ANON_LOCK);
  return 0;
}

export function* anon_vma_fork(k: Kernel, vma: Vma, parent: Vma): Steps<number> {
  if (!parent.anon_vma) return 0;
  vma.anon_vma = null;
  yield* k.anon_vma_clone(vma, parent);
  if (vma.anon_vma) return 0;
  const made = k.anon_vma_alloc();
  made.num_active_vmas = 1;
  made.root = parent.anon_vma.root;
  made.parent = parent.anon_vma;
  made.root!.refcount++;
  vma.anon_vma = made;
  yield* k.down_write(made.root!.rwsem, ANON_LOCK);
  k.anon_vma_chain_link(vma, made);
  made.num_children = 0;
  made.parent!.num_children++;
  yield k.up_write(made.root!.rwsem, ANON_LOCK);
  return 0;
}

/** The VMA's pages are gone: no reverse map leads to it any more. */
export function* unlink_anon_vmas(k: Kernel, vma: Vma): Steps<void> {
  const chain = [...vma.anon_vma_chain];
  if (chain.length === 0) return;
  const root = chain[0]!.root!;
  yield* k.down_write(root.rwsem, ANON_LOCK);
  const emptied: AnonVma[] = [];
  for (const av of chain) {
    av.rb_root = av.rb_root.without(vma);
    if (av.rb_root.length > 0) continue;
    av.parent!.num_children--;
    emptied.push(av);
  }
  if (vma.anon_vma) {
    vma.anon_vma.num_active_vmas--;
    vma.anon_vma = null;
  }
  vma.anon_vma_chain = vma.anon_vma_chain.splice(0, chain.length);
  yield k.up_write(root.rwsem, ANON_LOCK);
  for (const av of emptied) k.put_anon_vma(av);
}

/** A new anonymous page, mapped by one PTE. One that others may have in swap too belongs to the oldest anon_vma of all. */
export function folio_add_new_anon_rmap(
  k: Kernel,
  page: Page,
  vma: Vma,
  address: number,
  owner: "exclusive" | "maybe shared" = "exclusive",
): void {
  page.type = PAGE_TYPE.anon;
  page.flags |= PG_uptodate | (owner === "exclusive" ? PG_anon_exclusive : 0);
  // It is not written to swap, but dropped.
  if (!is_droppable(vma.vm_flags)) page.flags |= PG_swapbacked;
  page.anon_vma = owner === "exclusive" ? vma.anon_vma : vma.anon_vma!.root;
  page.index = vma.vm_pgoff + (address - vma.vm_start) / 4096;
  page.mapcount = 1;
  k.vmstat.nr_anon_mapped += 1;
}

/** One more PTE maps an anonymous page that has its place in a mapping already. */
export function folio_add_anon_rmap_pte(k: Kernel, page: Page, vma: Vma, owner: "exclusive" | "maybe shared"): void {
  if (owner === "exclusive") page.flags |= PG_anon_exclusive;
  if (page.mapcount === 0) k.vmstat.nr_anon_mapped += 1;
  page.mapcount++;
  k.mlock_vma_folio(page, vma);
}

/** Its only user takes the page over: the reverse map leads to no other process from now on. */
export function folio_move_anon_rmap(_k: Kernel, page: Page, vma: Vma): void {
  page.anon_vma = vma.anon_vma;
}

export function folio_add_file_rmap_pte(k: Kernel, page: Page, vma: Vma): void {
  page.mapcount++;
  if (page.mapcount === 1) k.vmstat.nr_file_mapped += 1;
  k.mlock_vma_folio(page, vma);
}

/** fork: one more process maps the page. */
export function folio_try_dup_anon_rmap_pte(_k: Kernel, page: Page): void {
  page.mapcount++;
  page.flags &= ~PG_anon_exclusive;
}

export function folio_remove_rmap_pte(k: Kernel, page: Page, vma: Vma): void {
  k.munlock_vma_folio(page, vma);
  page.mapcount--;
  if (page.mapcount > 0) return;
  if (page.type === PAGE_TYPE.anon) k.vmstat.nr_anon_mapped -= 1;
  else k.vmstat.nr_file_mapped -= 1;
}

/** How often a page is mapped, as smaps and pagemap show it. */
export function folio_precise_page_mapcount(_k: Kernel, page: Page): number {
  return page.mapcount;
}
