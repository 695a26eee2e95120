// A CPU's translation caches: leaf translations and the paging-structure caches (SDM vol. 3, 4.10), tagged with a PCID.
// Four-way set-associative, 1,024 entries; a full set loses its entries in the order in which they came.
import { array, number } from "../core/fields.ts";
import { numbersOf, type Of, struct } from "../core/struct.ts";
import { _PAGE_PSE } from "./entry.ts";

const SETS = 256;
const WAYS = 4;
const ENTRIES = SETS * WAYS;
export const PCIDS = 8;

/** Level of a cached entry: 1 PTE, 2 PMD, 3 PUD, 4 P4D or PGD, 5 PGD. A leaf above 1 is a huge page; others point to a table. */
export const tlb_cache = struct("tlb", {
  cpu: number(),
  /** vpn × 64 + level × 8 + pcid, plus 1; 0: empty. */
  tags: array(ENTRIES, "hex"),
  entries: array(ENTRIES, "hex"),
  /** Value of `flushes` of its PCID when the entry came, of `structure_flushes` where it leads to a table: older ones are gone. */
  since: array(ENTRIES),
  flushes: array(PCIDS),
  structure_flushes: array(PCIDS),
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
const ENTRY = tlb_cache.byName.get("entries")!.at;
const SINCE = tlb_cache.byName.get("since")!.at;
const FLUSHES = tlb_cache.byName.get("flushes")!.at;
const STRUCTURE_FLUSHES = tlb_cache.byName.get("structure_flushes")!.at;

/** Which flushes end an entry: those of translations, or those of paging structures. */
const flushesOf = (level: number, entry: number): number =>
  level > 1 && !(entry & _PAGE_PSE) ? STRUCTURE_FLUSHES : FLUSHES;

/** Every access of every task comes by here: the numbers are read where they lie. */
function find(tlb: Tlb, vpn: number, level: number, pcid: number): number {
  const numbers = numbersOf(tlb);
  const { base } = tlb;
  const tag = tagOf(vpn, level, pcid);
  const first = setOf(vpn, level) * WAYS;
  for (let i = first; i < first + WAYS; i++) {
    if (numbers[base + TAGS + i] !== tag) continue;
    const flushes = level === 1 ? FLUSHES : flushesOf(level, numbers[base + ENTRY + i]!);
    if (numbers[base + SINCE + i] === numbers[base + flushes + pcid]) return i;
  }
  return -1;
}

/** The cached entry for an address at a level, or 0. */
export function tlbLookup(tlb: Tlb, address: number, level: number, pcid: number): number {
  const i = find(tlb, vpnAt(address, level), level, pcid);
  return i < 0 ? 0 : numbersOf(tlb)[tlb.base + ENTRY + i]!;
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
  }
  tlb.set_since(i, flushesOf(level, entry) === FLUSHES ? tlb.flushes(pcid) : tlb.structure_flushes(pcid));
  tlb.set_entries(i, entry);
}

/** The first way of a set that holds nothing, or what is gone. */
function free(tlb: Tlb, set: number): number {
  const numbers = numbersOf(tlb);
  for (let i = set * WAYS; i < (set + 1) * WAYS; i++) if (!isCurrent(numbers, tlb.base, i)) return i;
  return -1;
}

function isCurrent(numbers: Readonly<Float64Array>, base: number, i: number): boolean {
  const tag = numbers[base + TAGS + i]! - 1;
  if (tag < 0) return false;
  const flushes = flushesOf((tag & 63) >> 3, numbers[base + ENTRY + i]!);
  return numbers[base + SINCE + i] === numbers[base + flushes + (tag & 7)];
}

/**
 * INVLPG, INVPCID type 0: the translation of one address, and everything that the PCID has in the paging-structure caches
 * (SDM vol. 3, 4.10.4.1).
 */
export function tlbInvalidatePage(tlb: Tlb, address: number, pcid: number): void {
  drop(tlb, address, 1, pcid);
  if (tlbLookup(tlb, address, 2, pcid) & _PAGE_PSE) drop(tlb, address, 2, pcid);
  tlb.set_structure_flushes(pcid, tlb.structure_flushes(pcid) + 1);
}

/** A page fault: the translation of its address, and what the paging-structure caches of `levels` levels have for it (same place). */
export function tlbFault(tlb: Tlb, address: number, pcid: number, levels: number): void {
  drop(tlb, address, 1, pcid);
  drop(tlb, address, 2, pcid);
  drop(tlb, address, 3, pcid);
  for (let level = 4; level <= levels; level++) drop(tlb, address, level, pcid);
}

/**
 * What page faults of `count` neighbouring pages and the walk after each leave in the TLB. `upper`: the entries that lead to
 * their table, by level; `leaves`: what the walks find.
 * @returns for how many pages it was done: up to the first whose access would not fault, or would walk elsewhere
 */
export function tlbFaults(
  tlb: Tlb,
  address: number,
  pcid: number,
  upper: readonly number[],
  leaves: readonly number[],
  count: number,
): number {
  const numbers = tlb.$.writable(tlb.chunk);
  const { base } = tlb;
  const tags = base + TAGS;
  const since = base + SINCE;
  const flushed = numbers[base + FLUSHES + pcid]!;
  const upperSets = upper.slice(2).map((_, i) => setOf(vpnAt(address, i + 2), i + 2));
  let settled = areSettled(tlb, address, pcid, upper);
  const vpn = vpnAt(address, 1);
  for (let done = 0; done < count; done++) {
    const set = setOf(vpn + done, 1);
    if (!settled || upperSets.includes(set)) {
      if (!faultAndWalk(tlb, address + done * SPAN[1]!, pcid, upper, leaves[done]!)) return done;
      settled = areSettled(tlb, address, pcid, upper);
      continue;
    }
    const tag = tagOf(vpn + done, 1, pcid);
    let at = -1;
    for (let i = (set + 1) * WAYS - 1; i >= set * WAYS; i--) {
      if (numbers[tags + i] === tag && numbers[since + i] === flushed) return done;
      if (!isCurrent(numbers, base, i)) at = i;
    }
    if (at < 0) {
      const victim = tlb.victim(set);
      tlb.set_victim(set, (victim + 1) % WAYS);
      at = set * WAYS + victim;
    }
    numbers[tags + at] = tag;
    numbers[since + at] = flushed;
    numbers[base + ENTRY + at] = leaves[done]!;
  }
  return count;
}

/** Whether a fault and a walk leave the upper entries of an address where they are. */
function areSettled(tlb: Tlb, address: number, pcid: number, upper: readonly number[]): boolean {
  for (let level = 2; level < upper.length; level++) {
    const vpn = vpnAt(address, level);
    const at = find(tlb, vpn, level, pcid);
    if (at < 0 || tlb.entries(at) !== upper[level]) return false;
    const numbers = numbersOf(tlb);
    for (let i = setOf(vpn, level) * WAYS; i < at; i++) if (!isCurrent(numbers, tlb.base, i)) return false;
  }
  return true;
}

/** One page: the walk that fails, the fault, the walk that succeeds. False, with nothing done, where it goes another way. */
function faultAndWalk(tlb: Tlb, address: number, pcid: number, upper: readonly number[], leaf: number): boolean {
  if (tlbLookup(tlb, address, 1, pcid) !== 0) return false;
  const top = upper.length - 1;
  let lowest = top + 1;
  for (let level = top; level >= 2; level--) {
    const cached = tlbLookup(tlb, address, level, pcid);
    if (cached !== 0 && cached !== upper[level]) return false;
    if (cached !== 0) lowest = level;
  }
  for (let level = lowest - 1; level >= 2; level--) tlbFill(tlb, address, level, pcid, upper[level]!);
  tlbFault(tlb, address, pcid, top);
  for (let level = top; level >= 2; level--) tlbFill(tlb, address, level, pcid, upper[level]!);
  tlbFill(tlb, address, 1, pcid, leaf);
  return true;
}

function drop(tlb: Tlb, address: number, level: number, pcid: number): void {
  const i = find(tlb, vpnAt(address, level), level, pcid);
  if (i >= 0) tlb.set_tags(i, 0);
}

/** Everything of one PCID. */
export function tlbFlushPcid(tlb: Tlb, pcid: number): void {
  tlb.set_flushes(pcid, tlb.flushes(pcid) + 1);
  tlb.set_structure_flushes(pcid, tlb.structure_flushes(pcid) + 1);
}

/** What is in it, in order of address. */
export function tlbContents(tlb: Tlb): CachedTranslation[] {
  const found: CachedTranslation[] = [];
  const numbers = numbersOf(tlb);
  for (let i = 0; i < ENTRIES; i++) {
    if (!isCurrent(numbers, tlb.base, i)) continue;
    const tag = tlb.tags(i) - 1;
    const pcid = tag & 7;
    const level = (tag & 63) >> 3;
    const bytes = SPAN[level]!;
    found.push({ address: Math.floor(tag / 64) * bytes, bytes, level, pcid, entry: tlb.entries(i) });
  }
  return found.sort((a, b) => a.address - b.address || a.level - b.level || a.pcid - b.pcid);
}
