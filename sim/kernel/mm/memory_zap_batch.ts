// Runs of neighbouring entries of anonymous pages that are zapped, done at once: see zap_pte_range and core/batch.ts.
import type { BatchSpec } from "../../core/batch.ts";
import { places, Rows } from "../../core/rows.ts";
import { entryPfn, isPresent } from "../../hardware/entry.ts";
import { table_words } from "../../hardware/memory.ts";
import { VM_LOCKED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { type Mm, type Page, page, type Vma } from "../mm_types.ts";
import type { RssVec } from "./memory_rss.ts";
import type { ZapDetails } from "./memory_zap.ts";
import { GATHER_LIMIT, type MmuGather } from "./mmu_gather.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** The present entry of an anonymous page is cleared; the page waits in the gather. */
export const anon_zaps: BatchSpec = {
  name: "anon_zaps",
  events: ["set_pte"],
  tail: 1,
  functions: [
    ...["zap_pte_range", "zap_present_pte", "set_pte", "read_entry", "tlb_remove_tlb_entry", "__tlb_remove_page"],
    ...["add_mm_rss_vec", "folio_remove_rmap_pte", "munlock_vma_folio"],
  ],
};

export interface AnonZaps {
  readonly mm: Mm;
  /** The table, and what its first entry of the run maps. */
  readonly table: number;
  readonly address: number;
  readonly pages: readonly Page[];
  /** The last entry, as it was. */
  readonly last: number;
}

const P = places(page, "type", "mapcount");
const ENTRIES = table_words.byName.get("entries")!.at;

/** Zaps entries of the table that `pmd` leads to, from `address` on. Its lock is held. Returns how many, before any other. */
export function zap_anon_run(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pmd: number,
  address: number,
  end: number,
  details: ZapDetails,
  rss: RssVec,
): number {
  const { zaps } = k.batches;
  const room = zaps.room();
  if (room === 0 || !details.even_cows || vma.vm_flags & VM_LOCKED) return 0;
  const mm = vma.vm_mm!;
  const table = entryPfn(pmd);
  const { table: words } = k.memory.frame(table);
  if (!words) return 0;
  const most = Math.min(room, (end - address) / 4096, GATHER_LIMIT - 1 - tlb.pages.length);
  const at = words.base + ENTRIES + (Math.floor(address / 4096) & 511);
  const mapped = anon_pages(k, words.chunks[words.chunk]!, at, most);
  const run: AnonZaps = { mm, table, address, pages: mapped, last: 0 };
  const count = zaps.fits(run, mapped.length);
  if (count === 0) return 0;
  const numbers = words.$.writable(words.chunk);
  const last = numbers[at + count - 1]!;
  numbers.fill(0, at, at + count);
  const pages = new Rows(k.store.storage("page"));
  let unmapped = 0;
  for (let i = 0; i < count; i++) {
    const page = mapped[i]!;
    const at = pages.write(page.slot) + P.mapcount;
    if (--pages.numbers[at]! === 0) unmapped++;
    tlb.pages.push(page);
  }
  k.vmstat.nr_anon_mapped -= unmapped;
  rss.anon -= count;
  tlb.start = Math.min(tlb.start, address);
  tlb.end = Math.max(tlb.end, address + count * 4096);
  tlb.cleared_ptes = true;
  zaps.done(run, count, mm, address + (count - 1) * 4096, 0, last, 0, table);
  return count;
}

/** The anonymous pages that the entries from `at` on map, up to the first that maps none. */
function anon_pages(k: Kernel, entries: Readonly<Float64Array>, at: number, most: number): readonly Page[] {
  const pages = new Rows(k.store.storage("page"));
  const found: Page[] = [];
  for (let i = 0; i < most; i++) {
    const entry = entries[at + i]!;
    if (!isPresent(entry)) break;
    const pfn = entryPfn(entry);
    const base = pages.read(pfn);
    const { numbers } = pages;
    if (numbers[base + P.type] !== PAGE_TYPE.anon || numbers[base + P.mapcount]! < 1) break;
    found.push(k.page(pfn));
  }
  return found;
}
