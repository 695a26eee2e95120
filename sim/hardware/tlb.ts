// A CPU's translation caches: leaf translations and the paging-structure caches (SDM vol. 3, 4.10), tagged with a PCID.
// Four-way set-associative, 1,024 entries; a full set loses its entries in the order in which they came.
import { array, number } from "../core/fields.ts";
import { numbersOf, type Of, struct } from "../core/struct.ts";

const SETS = 256;
const WAYS = 4;
const ENTRIES = SETS * WAYS;
export const PCIDS = 8;

/** Level of a cached entry: 1 PTE, 2 PMD, 3 PUD, 4 P4D or PGD. A leaf above 1 is a huge page; others point to a table. */
export const tlb_cache = struct("tlb", {
  cpu: number(),
  /** vpn × 64 + level × 8 + pcid, plus 1; 0: empty. */
  tags: array(ENTRIES, "hex"),
  entries: array(ENTRIES, "hex"),
  /** Value of `flushes` of its PCID when the entry came: older ones are gone. */
  since: array(ENTRIES),
  flushes: array(PCIDS),
  /** Way to fill next, by set. */
  victim: array(SETS),
});

export interface Tlb extends Of<typeof tlb_cache> {}

export interface CachedTranslation {
  /** First address that it translates, and bytes that it covers. */
  readonly address: number;
  readonly bytes: number;
  readonly level: number;
  readonly pcid: number;
  /** In the encoding of entry.ts. */
  readonly entry: number;
}

/** Bytes that an entry of a level covers. */
const SPAN = [0, 2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39, 2 ** 48];
const vpnAt = (address: number, level: number): number => Math.floor(address / SPAN[level]!);
const tagOf = (vpn: number, level: number, pcid: number): number => vpn * 64 + level * 8 + pcid + 1;

/** Spreads neighbouring regions over the sets; neighbouring pages stay in neighbouring sets. */
const setOf = (vpn: number, level: number): number => (vpn + Math.floor(vpn / SETS) * 37 + level * 61) & (SETS - 1);

const TAGS = tlb_cache.byName.get("tags")!.at;
const SINCE = tlb_cache.byName.get("since")!.at;
const FLUSHES = tlb_cache.byName.get("flushes")!.at;

/** Every access of every task comes by here: the numbers are read where they lie. */
function find(tlb: Tlb, vpn: number, level: number, pcid: number): number {
  const numbers = numbersOf(tlb);
  const { base } = tlb;
  const tag = tagOf(vpn, level, pcid);
  const first = setOf(vpn, level) * WAYS;
  for (let i = first; i < first + WAYS; i++) {
    if (numbers[base + TAGS + i] === tag && numbers[base + SINCE + i] === numbers[base + FLUSHES + pcid]) return i;
  }
  return -1;
}

/** The cached entry for an address at a level, or 0. */
export function tlbLookup(tlb: Tlb, address: number, level: number, pcid: number): number {
  const i = find(tlb, vpnAt(address, level), level, pcid);
  return i < 0 ? 0 : tlb.entries(i);
}

export function tlbFill(tlb: Tlb, address: number, level: number, pcid: number, entry: number): void {
  const vpn = vpnAt(address, level);
  let i = find(tlb, vpn, level, pcid);
  if (i < 0) {
    const set = setOf(vpn, level);
    i = free(tlb, set);
    if (i < 0) {
      const way = tlb.victim(set);
      tlb.set_victim(set, (way + 1) % WAYS);
      i = set * WAYS + way;
    }
    tlb.set_tags(i, tagOf(vpn, level, pcid));
    tlb.set_since(i, tlb.flushes(pcid));
  }
  tlb.set_entries(i, entry);
}

function free(tlb: Tlb, set: number): number {
  for (let i = set * WAYS; i < (set + 1) * WAYS; i++) {
    const tag = tlb.tags(i);
    if (tag === 0 || tlb.since(i) !== tlb.flushes((tag - 1) & 7)) return i;
  }
  return -1;
}

/** INVLPG, INVPCID type 0: the translation of one address, and every paging-structure cache entry of the PCID. */
export function tlbInvalidatePage(tlb: Tlb, address: number, pcid: number): void {
  drop(tlb, address, 1, pcid);
  drop(tlb, address, 2, pcid);
  drop(tlb, address, 3, pcid);
  drop(tlb, address, 4, pcid);
}

function drop(tlb: Tlb, address: number, level: number, pcid: number): void {
  const i = find(tlb, vpnAt(address, level), level, pcid);
  if (i >= 0) tlb.set_tags(i, 0);
}

/** Everything of one PCID. */
export function tlbFlushPcid(tlb: Tlb, pcid: number): void {
  tlb.set_flushes(pcid, tlb.flushes(pcid) + 1);
}

/** What is in it, in order of address. */
export function tlbContents(tlb: Tlb): CachedTranslation[] {
  const found: CachedTranslation[] = [];
  for (let i = 0; i < ENTRIES; i++) {
    const tag = tlb.tags(i) - 1;
    if (tag < 0) continue;
    const pcid = tag % 8;
    const level = Math.floor(tag / 8) % 8;
    if (tlb.since(i) !== tlb.flushes(pcid)) continue;
    const bytes = SPAN[level]!;
    found.push({ address: Math.floor(tag / 64) * bytes, bytes, level, pcid, entry: tlb.entries(i) });
  }
  return found.sort((a, b) => a.address - b.address || a.level - b.level || a.pcid - b.pcid);
}
