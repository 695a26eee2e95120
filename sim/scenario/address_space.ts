// What is certain of a process's address space before the run. A process begins with nothing mapped, so an access where no
// call can have mapped anything surely faults. Where Linux places a mapping itself its address is not known, only the
// mapping: a place is an offset in it.

import type { Place } from "./symbols.ts";

/** A mapping that Linux placed: its address is one number, whichever. */
export interface Region {
  /** Bytes, whole pages. */
  readonly length: bigint;
}

/** An address: a number, or an offset in a region. Offsets may be negative. */
export interface Address {
  readonly region: Region | undefined;
  readonly offset: bigint;
}

interface Segment {
  readonly region: Region | undefined;
  readonly start: bigint;
  readonly end: bigint;
  /** PROT_ bits; undefined where they are not certain. */
  readonly prot: bigint | undefined;
  /** When it was mapped, in calls. */
  readonly born: number;
  /** What lies behind the end of the file raises SIGBUS before anybody asks whether it may be executed. */
  readonly ofFile: boolean;
  /** Whoever made it may refuse to unmap a part, or leave something behind. */
  readonly kept?: true;
  /** The msharefs region that is mapped here, if anything is. */
  readonly ofRegion?: string;
}

interface Hole {
  readonly region: Region | undefined;
  readonly start: bigint;
  readonly end: bigint;
  readonly born: number;
  readonly by: Place;
}

export interface AddressSpace {
  readonly segments: Segment[];
  readonly holes: Hole[];
  /** Bytes that Linux has placed so far, those unmapped again too. */
  placed: bigint;
}

/** Linux places from the top of 128 TiB down, first fit: with so few bytes placed, all of them lie above `PLACED_ABOVE`. */
const MOST_PLACED = 2n ** 44n;
export const PLACED_ABOVE = 2n ** 46n;

export const emptySpace = (): AddressSpace => ({ segments: [], holes: [], placed: 0n });

export const copyOf = ({ segments, holes, placed }: AddressSpace): AddressSpace => ({
  segments: [...segments],
  holes: [...holes],
  placed,
});

/** False where placed mappings may lie anywhere. */
export function isWithinReach(space: AddressSpace): boolean {
  return space.placed <= MOST_PLACED;
}

export function covers(space: AddressSpace, at: Address): Segment | undefined {
  return space.segments.find(({ region, start, end }) => region === at.region && start <= at.offset && at.offset < end);
}

/** True where something of the range is, or may be, mapped already. */
export function meets(space: AddressSpace, at: Address, length: bigint): boolean {
  const stop = at.offset + length;
  return space.segments.some(({ region, start, end }) => region === at.region && start < stop && at.offset < end);
}

function meeting(space: AddressSpace, at: Address, length: bigint): Segment[] {
  const stop = at.offset + length;
  return space.segments.filter(({ region, start, end }) => region === at.region && start < stop && at.offset < end);
}

export type Mapping = Pick<Segment, "prot" | "born" | "ofFile" | "kept" | "ofRegion">;

export function map(space: AddressSpace, at: Address, length: bigint, mapping: Mapping): void {
  cut(space, at, length);
  const { region, offset } = at;
  space.segments.push({ region, start: offset, end: offset + length, ...mapping });
}

export function unmap(space: AddressSpace, at: Address, length: bigint, born: number, by: Place): void {
  const met = meeting(space, at, length);
  if (met.length === 0) return;
  if (met.some(({ kept }) => kept)) {
    protect(space, at, length, undefined);
    forgetRegion(space, at, length);
    return;
  }
  cut(space, at, length);
  space.holes.push({ region: at.region, start: at.offset, end: at.offset + length, born, by });
}

/** What is mapped of the range gets these bits; undefined forgets them. */
export function protect(space: AddressSpace, at: Address, length: bigint, prot: bigint | undefined): void {
  const end = at.offset + length;
  const touched = meeting(space, at, length);
  cut(space, at, length);
  for (const one of touched) {
    let { start, end: stop } = one;
    if (start < at.offset) start = at.offset;
    if (stop > end) stop = end;
    // What may be done in a region is not for its mappings to say, or not for them alone.
    space.segments.push({ ...one, start, end: stop, prot: one.ofRegion === undefined ? prot : undefined });
  }
}

/** Whose mapping it is that lies there is no longer certain. */
export function forgetRegion(space: AddressSpace, at: Address, length: bigint): void {
  const met = new Set(meeting(space, at, length));
  const blurred = space.segments.map((one) => (met.has(one) ? { ...one, ofRegion: undefined } : one));
  space.segments.splice(0, space.segments.length, ...blurred);
}

export function forgetProtection(space: AddressSpace): void {
  space.segments.splice(0, space.segments.length, ...space.segments.map((one) => ({ ...one, prot: undefined })));
}

function cut(space: AddressSpace, at: Address, length: bigint): void {
  if (!meets(space, at, length)) return;
  const end = at.offset + length;
  const left = space.segments.flatMap((one) => {
    if (one.region !== at.region || one.end <= at.offset || end <= one.start) return [one];
    const before = one.start < at.offset ? [{ ...one, end: at.offset }] : [];
    return one.end > end ? [...before, { ...one, start: end }] : before;
  });
  space.segments.splice(0, space.segments.length, ...left);
}

/** The hole that a place surely lies in; "never" where it was never mapped; undefined where neither is certain. */
export function absence(space: AddressSpace, at: Address): Hole | "never" | undefined {
  if (covers(space, at)) return undefined;
  const hole = space.holes.findLast(
    ({ region, start, end }) => region === at.region && start <= at.offset && at.offset < end,
  );
  const { region, offset } = at;
  if (!region) return offset + 8n <= PLACED_ABOVE && isWithinReach(space) ? (hole ?? "never") : undefined;
  // Another mapping that Linux placed may lie at that very address, unless it was there beside this one.
  const inside = offset >= 0n && offset < region.length;
  const others = space.segments.filter((one) => one.region !== undefined && one.region !== region);
  const isApart = hole && inside ? others.every((one) => one.born < hole.born) : others.length === 0;
  if (!isApart) return undefined;
  return hole ?? "never";
}
