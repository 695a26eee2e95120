// Who may count on huge pages (mm/hugetlb.c): reservations of files and of private mappings, the locks of hugetlb VMAs,
// and what becomes of both when a VMA is copied, split or closed.
import type { Steps } from "../../core/thread.ts";
import { VM_MAYSHARE, VM_NORESERVE } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import {
  type HugetlbVmaLock,
  hugetlb_vma_lock,
  type Inode,
  type Page,
  type ResvMap,
  type RwSemaphore,
  resv_map,
  type Vma,
} from "../mm_types.ts";
import { EINVAL } from "../uapi/errno.ts";
import { HPAGE_PAGES, HPAGE_SIZE } from "./hugetlb.ts";

/** Bits of vm_resv_flags: the VMA's process made the private mapping; it lost pages to the owner, and faults are fatal. */
export const HPAGE_RESV_OWNER = 1;
export const HPAGE_RESV_UNMAPPED = 2;

export const VMA_LOCK = "&vma_lock->rw_sema";
const PRIVATE_LOCK = "&resv_map->rw_sema";

export const is_shareable = (vma: Vma): boolean => (vma.vm_flags & VM_MAYSHARE) !== 0;
/** __vma_private_lock: a private mapping of the process that made it, with its reservations. */
export const is_private_owner = (vma: Vma): boolean =>
  !is_shareable(vma) && vma.vm_private_data !== null && (vma.vm_resv_flags & HPAGE_RESV_OWNER) !== 0;

type Regions = ResvMap["regions"];

/** How many of [from, to) are not in the map. */
export function region_chg(k: Kernel, map: ResvMap, from: number, to: number): number {
  return to - from - k.region_count(map, from, to);
}

/** How many of [from, to) are in the map. */
export function region_count(_k: Kernel, map: ResvMap, from: number, to: number): number {
  let count = 0;
  for (const [start, end] of map.regions) count += Math.max(0, Math.min(end, to) - Math.max(start, from));
  return count;
}

/** Adds [from, to). Returns how many were not there. */
export function region_add(k: Kernel, map: ResvMap, from: number, to: number): number {
  const added = k.region_chg(map, from, to);
  const apart = (region: Regions[number]) => region[1] < from || region[0] > to;
  const joined = map.regions.filter((region) => !apart(region));
  const start = Math.min(from, ...joined.map((region) => region[0]));
  const end = Math.max(to, ...joined.map((region) => region[1]));
  map.regions = [
    ...map.regions.filter((region) => region[1] < from),
    [start, end],
    ...map.regions.filter((region) => region[0] > to),
  ];
  return added;
}

/** Takes [from, to) out. Returns how many were there. */
export function region_del(k: Kernel, map: ResvMap, from: number, to: number): number {
  const deleted = k.region_count(map, from, to);
  const left: Regions[number][] = [];
  for (const [start, end] of map.regions) {
    if (start < Math.min(end, from)) left.push([start, Math.min(end, from)]);
    if (Math.max(start, to) < end) left.push([Math.max(start, to), end]);
  }
  map.regions = left;
  return deleted;
}

export function resv_map_alloc(k: Kernel): ResvMap {
  const map = k.store.alloc(resv_map) as ResvMap;
  map.refs = 1;
  return map;
}

export function resv_map_put(k: Kernel, map: ResvMap): void {
  map.refs--;
  if (map.refs === 0) k.store.free(map);
}

export function inode_resv_map(_k: Kernel, inode: Inode): ResvMap | null {
  return inode.i_mapping!.i_private_data as ResvMap | null;
}

/** The map that tells of the VMA's reservations: its file's, or for a private mapping its own; null: there are none. */
export function vma_resv_map(k: Kernel, vma: Vma): ResvMap | null {
  if (is_shareable(vma)) return k.inode_resv_map(vma.vm_file!.f_inode!);
  return vma.vm_private_data as ResvMap | null;
}

/** Index in the file, in huge pages. */
export function vma_hugecache_offset(_k: Kernel, vma: Vma, address: number): number {
  return Math.floor((address - vma.vm_start) / HPAGE_SIZE) + vma.vm_pgoff / HPAGE_PAGES;
}

/** Whether allocating the page at `address` would use one that nobody promised. */
export function vma_needs_reservation(k: Kernel, vma: Vma, address: number): boolean {
  const map = k.vma_resv_map(vma);
  if (!map) return true;
  const index = k.vma_hugecache_offset(vma, address);
  const missing = k.region_chg(map, index, index + 1) === 1;
  return is_shareable(vma) ? missing : !missing;
}

/** The page at `address` has been allocated. */
export function vma_commit_reservation(k: Kernel, vma: Vma, address: number): void {
  const map = k.vma_resv_map(vma);
  if (!map) return;
  const index = k.vma_hugecache_offset(vma, address);
  k.region_add(map, index, index + 1);
}

/** The page at `address` is promised again. */
export function vma_add_reservation(k: Kernel, vma: Vma, address: number): void {
  const map = k.vma_resv_map(vma)!;
  const index = k.vma_hugecache_offset(vma, address);
  if (is_shareable(vma)) k.region_add(map, index, index + 1);
  else k.region_del(map, index, index + 1);
}

/** It is promised no more. */
export function vma_del_reservation(k: Kernel, vma: Vma, address: number): void {
  const map = k.vma_resv_map(vma)!;
  const index = k.vma_hugecache_offset(vma, address);
  if (is_shareable(vma)) k.region_del(map, index, index + 1);
  else k.region_add(map, index, index + 1);
}

/** A page that was allocated for `address` goes back unused: the map becomes what it was before. */
export function restore_reserve_on_error(k: Kernel, vma: Vma, address: number, page: Page): void {
  const needs = k.vma_needs_reservation(vma, address);
  if (k.folio_restores_reserve(page)) {
    if (needs) k.vma_add_reservation(vma, address);
  } else if (!needs && k.vma_resv_map(vma)) k.vma_del_reservation(vma, address);
}

/**
 * A mapping of [from, to) of a file, in huge pages, or a file of that size (`vma` null): makes the VMA's lock, and promises
 * the pages unless that is not wanted. False: there are not enough.
 */
export function* hugetlb_reserve_pages(
  k: Kernel,
  inode: Inode,
  from: number,
  to: number,
  vma: Vma | null,
  vm_flags: number,
): Steps<boolean> {
  if (vma) k.hugetlb_vma_lock_alloc(vma);
  if (vm_flags & VM_NORESERVE) return true;
  const file_map = k.inode_resv_map(inode)!;
  const shared = !vma || is_shareable(vma);
  const pages = shared ? k.region_chg(file_map, from, to) : to - from;
  if (k.hugetlb_acct_memory(pages) === 0) {
    if (shared) k.region_add(file_map, from, to);
    else {
      vma.vm_private_data = k.resv_map_alloc();
      vma.vm_resv_flags = HPAGE_RESV_OWNER;
    }
    return true;
  }
  if (vma) yield* k.hugetlb_vma_lock_free(vma);
  return false;
}

/** [from, to) of the file is gone, of which `freed` huge pages were there: the promises for the rest end. */
export function hugetlb_unreserve_pages(k: Kernel, inode: Inode, from: number, to: number, freed: number): void {
  const map = k.inode_resv_map(inode);
  const promised = map ? k.region_del(map, from, to) : 0;
  inode.i_blocks -= freed * HPAGE_PAGES;
  k.hugetlb_acct_memory(freed - promised);
}

export function hugetlb_vma_lock_alloc(k: Kernel, vma: Vma): void {
  if (!is_shareable(vma) || vma.vm_private_data) return;
  const lock = k.store.alloc(hugetlb_vma_lock) as HugetlbVmaLock;
  lock.refs = 1;
  lock.vma = vma;
  vma.vm_private_data = lock;
}

export function* hugetlb_vma_lock_free(k: Kernel, vma: Vma): Steps<void> {
  if (!is_shareable(vma) || !vma.vm_private_data) return;
  yield* k.hugetlb_vma_lock_write(vma);
  yield* k.hugetlb_vma_unlock_write_free(vma);
}

/** The lock goes with its VMA, which can share no page tables from then on. */
export function* hugetlb_vma_unlock_write_free(k: Kernel, vma: Vma): Steps<void> {
  if (!is_shareable(vma)) {
    yield* k.hugetlb_vma_unlock_write(vma);
    return;
  }
  const lock = vma.vm_private_data as HugetlbVmaLock | null;
  if (!lock) return;
  lock.vma = null;
  vma.vm_private_data = null;
  yield k.up_write(lock.rw_sema, VMA_LOCK);
  k.hugetlb_vma_lock_put(lock);
}

export function hugetlb_vma_lock_put(k: Kernel, lock: HugetlbVmaLock): void {
  lock.refs--;
  if (lock.refs === 0) k.store.free(lock);
}

/** The VMA's lock and its class: one of its own where it is shared, its reservations' where it is its owner's private one. */
function lock_of(vma: Vma): { sem: RwSemaphore; name: string } | null {
  const data = vma.vm_private_data;
  if (is_shareable(vma)) return data && { sem: (data as HugetlbVmaLock).rw_sema, name: VMA_LOCK };
  return is_private_owner(vma) ? { sem: (data as ResvMap).rw_sema, name: PRIVATE_LOCK } : null;
}

export function* hugetlb_vma_lock_read(k: Kernel, vma: Vma): Steps<void> {
  const lock = lock_of(vma);
  if (lock) yield* k.down_read(lock.sem, lock.name);
}

export function* hugetlb_vma_unlock_read(k: Kernel, vma: Vma): Steps<void> {
  const lock = lock_of(vma);
  if (lock) yield k.up_read(lock.sem, lock.name);
}

export function* hugetlb_vma_lock_write(k: Kernel, vma: Vma): Steps<void> {
  const lock = lock_of(vma);
  if (lock) yield* k.down_write(lock.sem, lock.name);
}

export function* hugetlb_vma_unlock_write(k: Kernel, vma: Vma): Steps<void> {
  const lock = lock_of(vma);
  if (lock) yield k.up_write(lock.sem, lock.name);
}

/** Without waiting. True where there is no lock at all. */
export function* hugetlb_vma_trylock_write(k: Kernel, vma: Vma): Steps<boolean> {
  const lock = lock_of(vma);
  if (!lock) return true;
  if (!k.down_write_trylock(lock.sem)) return false;
  yield k.trace.lock(lock.sem, lock.name, "write", 1);
  return true;
}

/** vm_ops->open: the VMA was copied. It shares the reservations of a private one, and gets a lock of its own. */
// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* hugetlb_vm_op_open(k: Kernel, vma: Vma): Steps<void> {
  if (is_private_owner(vma)) (vma.vm_private_data as ResvMap).refs++;
  if (!is_shareable(vma)) return;
  const lock = vma.vm_private_data as HugetlbVmaLock | null;
  if (lock?.vma === vma) return;
  vma.vm_private_data = null;
  k.hugetlb_vma_lock_alloc(vma);
}

/** vm_ops->close: the reservations that a private mapping did not use are given back. */
export function* hugetlb_vm_op_close(k: Kernel, vma: Vma): Steps<void> {
  yield* k.hugetlb_vma_lock_free(vma);
  if (!is_private_owner(vma)) return;
  const map = vma.vm_private_data as ResvMap;
  const start = k.vma_hugecache_offset(vma, vma.vm_start);
  const end = k.vma_hugecache_offset(vma, vma.vm_end);
  k.hugetlb_acct_memory(-k.region_chg(map, start, end));
  k.resv_map_put(map);
}

/** vm_ops->may_split */
export function hugetlb_vm_op_split(_k: Kernel, _vma: Vma, address: number): number {
  return address % HPAGE_SIZE === 0 ? 0 : -EINVAL;
}

/** fork: a child has no reservations of a private mapping; the lock of a shared one is its parent's. */
export function hugetlb_dup_vma_private(_k: Kernel, vma: Vma): void {
  if (is_shareable(vma)) {
    const lock = vma.vm_private_data as HugetlbVmaLock | null;
    if (lock && lock.vma !== vma) vma.vm_private_data = null;
    return;
  }
  vma.vm_private_data = null;
  vma.vm_resv_flags = 0;
}

/**
 * mremap: the reservations have moved to the new VMA. The whole old one loses them, also where only a part of it moved: what
 * was promised to the rest is nobody's then, and never given back (seen on 6.18.44).
 */
export function clear_vma_resv_huge_pages(k: Kernel, vma: Vma): void {
  if (is_private_owner(vma)) k.resv_map_put(vma.vm_private_data as ResvMap);
  k.hugetlb_dup_vma_private(vma);
}
