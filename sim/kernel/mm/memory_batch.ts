// Runs of first touches of neighbouring private anonymous pages, done at once: what the functions named in `anon_faults`
// do one after the other for one page, `fault_anon_run` does for many. See core/batch.ts.
import type { BatchSpec } from "../../core/batch.ts";
import { places, Rows } from "../../core/rows.ts";
import { idOf } from "../../core/struct.ts";
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  _PAGE_USER,
  entryPfn,
  withFlags,
} from "../../hardware/entry.ts";
import { frame, ONE_WORD, PAGE_TABLE, table_words } from "../../hardware/memory.ts";
import { tlbFaults } from "../../hardware/tlb.ts";
import { task_size_max } from "../arch/x86/mm/pgtable.ts";
import {
  is_droppable,
  PG_anon_exclusive,
  PG_lru,
  PG_swapbacked,
  PG_uptodate,
  VM_HUGETLB,
  VM_LOCKED,
  VM_SHARED,
  VM_SPECIAL,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { type Mm, page, type Vma } from "../mm_types.ts";
import { type MemCgroup, mem_cgroup_disabled } from "./memcontrol.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { LRU_INACTIVE_ANON } from "./swap.ts";
import { WMARK_LOW } from "./watermarks.ts";

/** A write to a page of private anonymous memory that has its PTE table, but no page yet: the fault, and the store. */
export const anon_faults: BatchSpec = {
  name: "anon_faults",
  events: ["page_fault", "lock", "alloc_page", "lock", "set_pte", "unlock", "unlock", "tlb_fill", "store"],
  // The first fault in a table makes it, before that.
  tail: 7,
  functions: [
    ...["user_store", "user_access", "translate", "exc_page_fault", "handle_page_fault"],
    ...["do_user_addr_fault", "resume_user_mode_work"],
    ...["lock_vma_under_rcu", "find_vma", "vma_lookup", "vma_index", "down_read_trylock", "vma_end_read", "up_read"],
    ...[
      "handle_mm_fault",
      "__handle_mm_fault",
      "mm_account_fault",
      "p4d_alloc",
      "pud_alloc",
      "pmd_alloc",
      "handle_pte_fault",
      "do_pte_missing",
    ],
    ...["do_anonymous_page", "pte_alloc", "vmf_anon_prepare", "check_stable_address_space"],
    ...["alloc_page", "get_page_from_freelist", "take_free_page", "clear_highpage", "folio_add_new_anon_rmap"],
    ...["folio_add_lru_vma", "folio_add_lru", "lruvec_add_folio", "folio_lru_list"],
    ...[
      "pte_offset_map_lock",
      "pte_unmap_unlock",
      "pte_lockptr",
      "rcu_read_lock",
      "rcu_read_unlock",
      "spin_lock",
      "spin_unlock",
      "lock_ticket",
    ],
    ...["read_entry", "set_pte"],
  ],
};

/** The same by a task whose control group is charged for the pages: those who listen to one of the two know both. */
export const charged_anon_faults: BatchSpec = {
  ...anon_faults,
  events: anon_faults.events.toSpliced(anon_faults.events.indexOf("alloc_page") + 1, 0, "mem_cgroup_charge"),
  tail: anon_faults.tail + 1,
  functions: [
    ...anon_faults.functions,
    ...["mem_cgroup_charge", "charge_memcg", "try_charge", "page_counter_try_charge", "page_counter_charge"],
  ],
};

/** What a run of such faults is about. */
export interface AnonFaults {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly cpu: number;
  readonly pcid: number;
  /** The first access; the others are 4096 bytes apart. The word that each stores. */
  readonly address: number;
  readonly low: number;
  readonly high: number;
  /** Frames of the tables on the way down, top level first; of the pages, in order. */
  readonly tables: readonly number[];
  readonly pfns: readonly number[];
}

const P = places(
  page,
  ...([
    "type",
    "flags",
    "refcount",
    "mapcount",
    "mapping",
    "anon_vma",
    "index",
    "private",
    "memcg",
    "lru_prev",
    "lru_next",
  ] as const),
);
const F = places(frame, "contents", "word_at", "word_low", "word_high");
const UNTIL_ALLOCATED = anon_faults.events.indexOf("alloc_page") + 1;
const ENTRIES = table_words.byName.get("entries")!.at;
const NEW_ANON = PG_swapbacked | PG_uptodate | PG_anon_exclusive | PG_lru;
const NOT_PLAIN = VM_SHARED | VM_LOCKED | VM_SPECIAL | VM_HUGETLB | VM_UFFD_MISSING | VM_UFFD_WP;

/**
 * Up to `pages` accesses of the current task, one in each page from `address` on, each storing the same word.
 * @returns how many were done; 0 where the next has to be done by itself
 */
export function fault_anon_run(k: Kernel, address: number, pages: number, low: number, high: number): number {
  const { current: task, cpu, zone, vmstat } = k;
  const { mm } = task;
  const memcg = mem_cgroup_disabled(k) ? null : k.get_mem_cgroup_from_mm(mm);
  const faults = memcg ? k.batches.charged_faults : k.batches.faults;
  const room = faults.room();
  if (room === 0 || !mm || cpu.loaded_mm !== mm || address >= task_size_max(k) || !k.check_stable_address_space(mm))
    return 0;
  const vma = k.vma_lookup(mm, address);
  if (!vma || !is_plain_anon(mm, vma)) return 0;
  const upper = upper_entries(k, mm, address);
  if (!upper) return 0;
  const tables = [mm.pgd, ...upper.slice(2).reverse().map(entryPfn)];
  const table = tables.at(-1)!;
  if (k.page(table).ptl.holder !== 0) return 0;
  const index = Math.floor(address / 4096) & 511;
  const first = address - (address & 4095);
  const free = zone.nr_free - zone._watermark(WMARK_LOW);
  const most = Math.min(pages, room, (vma.vm_end - first) / 4096, Math.max(0, free), k.page_counter_room(memcg));
  const pfns = free_frames(k, empty_entries(k, table, index, most));
  const run: AnonFaults = {
    ...{ mm, vma, cpu: cpu.id, pcid: cpu.loaded_mm_asid },
    ...{ address, low, high, tables, pfns },
  };
  const fitting = faults.fits(run, pfns.length);
  if (fitting === 0) return 0;
  const rights = withFlags(vma.vm_page_prot, _PAGE_RW | _PAGE_DIRTY | _PAGE_ACCESSED);
  const entries = pfns.map((pfn) => pfn * 4096 + rights);
  const count = tlbFaults(k.tlbOf(cpu.id), address, cpu.loaded_mm_asid, upper, entries, fitting);
  if (count === 0) return 0;
  map_new_pages(k, vma, first, pfns, count, memcg);
  const words = k.memory.frame(table).table!;
  words.$.writable(words.chunk).set(entries.slice(0, count), words.base + ENTRIES + index);
  store_words(k, pfns, count, faults.ids.length, { at: Math.floor((address & 4095) / 8), low, high });
  mm.rss_anon += count;
  task.min_flt += count;
  vmstat.pgfault += count;
  vmstat.vma_lock_success += count;
  vmstat.nr_anon_mapped += count;
  if (memcg) {
    k.page_counter_charge(memcg, "memory", count);
    k.count_memcg_events(memcg, "pgfault", count);
  }
  faults.done(run, count, address + (count - 1) * 4096, pfns[count - 1], mm, 8);
  return count;
}

/** Faults in it take nothing but its own lock, and give a page of its own. */
function is_plain_anon(mm: Mm, vma: Vma): boolean {
  const { vm_flags, vm_lock } = vma;
  if (vma.vm_ops !== "" || !vma.anon_vma || vma.detached) return false;
  if (!(vm_flags & VM_WRITE) || vm_flags & NOT_PLAIN || is_droppable(vm_flags)) return false;
  return vma.vm_lock_seq !== mm.mm_lock_seq && vm_lock.count >= 0 && vm_lock.waiting.length === 0;
}

const LEADS_DOWN = _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED;

/** The PMD, PUD, P4D and PGD entries of an address, by level; null unless they lead to a PTE table, used before, with all rights. */
function upper_entries(k: Kernel, mm: Mm, address: number): readonly number[] | null {
  const [p4d, pud, pmd, , pgd] = k.walk_entries(mm, address);
  for (const entry of [pgd, p4d, pud, pmd]) if ((entry & LEADS_DOWN) !== LEADS_DOWN || entry & _PAGE_PSE) return null;
  return k.config.levels === 5 ? [0, 0, pmd, pud, p4d, pgd] : [0, 0, pmd, pud, p4d];
}

/** How many of the entries from `index` on are empty, up to `most` and the end of the table. */
function empty_entries(k: Kernel, table: number, index: number, most: number): number {
  const { table: words } = k.memory.frame(table);
  if (!words) return 0;
  const numbers = words.chunks[words.chunk]!;
  const at = words.base + ENTRIES + index;
  const end = Math.min(most, 512 - index);
  for (let i = 0; i < end; i++) if (numbers[at + i] !== 0) return i;
  return end;
}

/** The next `most` frames that will be given out, as far as they are as freed frames are. They may have been tables. */
function free_frames(k: Kernel, most: number): readonly number[] {
  const pages = new Rows(k.store.storage("page"));
  const frames = new Rows(k.store.storage("frame"));
  let { free_list, fresh } = k.zone;
  const pfns: number[] = [];
  while (pfns.length < most) {
    const pfn = free_list !== 0 ? free_list - 1 : fresh++;
    const frame = frames.read(pfn);
    const page = pages.read(pfn);
    if (frames.numbers[frame + F.contents]! > PAGE_TABLE || pages.numbers[page + P.flags] !== 0) break;
    pfns.push(pfn);
    if (free_list !== 0) free_list = pages.numbers[page + P.private]!;
  }
  return pfns;
}

/** Takes the frames off the free list and makes them new pages of `vma`, at the head of their LRU list. */
function map_new_pages(
  k: Kernel,
  vma: Vma,
  start: number,
  pfns: readonly number[],
  count: number,
  memcg: MemCgroup | null,
): void {
  const { zone } = k;
  const lruvec = memcg?.lruvec ?? k.lruvec;
  const charged = memcg ? idOf(memcg) : 0;
  const pages = new Rows(k.store.storage("page"));
  const anon_vma = idOf(vma.anon_vma!);
  const pgoff = vma.vm_pgoff + (start - vma.vm_start) / 4096;
  const head = lruvec.lru_first(LRU_INACTIVE_ANON);
  let { free_list, fresh } = zone;
  for (let i = 0; i < count; i++) {
    const pfn = pfns[i]!;
    const at = pages.write(pfn);
    const { numbers } = pages;
    if (free_list !== 0) {
      free_list = numbers[at + P.private]!;
      numbers[at + P.private] = 0;
    } else fresh++;
    numbers[at + P.type] = PAGE_TYPE.anon;
    numbers[at + P.flags] = NEW_ANON;
    numbers[at + P.refcount] = 1;
    numbers[at + P.mapcount] = 1;
    numbers[at + P.anon_vma] = anon_vma;
    numbers[at + P.index] = pgoff + i;
    numbers[at + P.memcg] = charged;
    numbers[at + P.lru_prev] = i + 1 < count ? pfns[i + 1]! + 1 : 0;
    numbers[at + P.lru_next] = i > 0 ? pfns[i - 1]! + 1 : head;
  }
  zone.free_list = free_list;
  zone.fresh = fresh;
  zone.nr_free -= count;
  if (head !== 0) k.page(head - 1).lru_prev = pfns[0]! + 1;
  else lruvec.set_lru_last(LRU_INACTIVE_ANON, pfns[0]! + 1);
  lruvec.set_lru_first(LRU_INACTIVE_ANON, pfns[count - 1]! + 1);
  lruvec.set_lru_size(LRU_INACTIVE_ANON, lruvec.lru_size(LRU_INACTIVE_ANON) + count);
  k.vmstat.nr_inactive_anon += count;
}

/** Cleared frames in which one word is written. `steps`: of one fault. */
function store_words(
  k: Kernel,
  pfns: readonly number[],
  count: number,
  steps: number,
  word: { readonly at: number; readonly low: number; readonly high: number },
): void {
  const frames = new Rows(k.store.storage("frame"));
  for (let i = 0; i < count; i++) {
    const pfn = pfns[i]!;
    const at = frames.write(pfn);
    const { numbers } = frames;
    // What a table held is given up in the step in which the frame is allocated.
    if (numbers[at + F.contents]! > ONE_WORD) k.memory.clear(pfn, k.machine.step + i * steps + UNTIL_ALLOCATED);
    numbers[at + F.contents] = ONE_WORD;
    numbers[at + F.word_at] = word.at;
    numbers[at + F.word_low] = word.low;
    numbers[at + F.word_high] = word.high;
  }
}
