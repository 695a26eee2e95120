// Where random programs do something: addresses near the boundaries of page tables, sizes of a page to a gigabyte.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";

export const PAGE = 4096;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** Boundaries of entries of all levels: 2 MiB, 1 GiB, 512 GiB. */
const ANCHORS = ["16TiB", "16TiB + 1GiB", "16TiB + 512GiB", "2TiB + 2MiB", "1GiB"] as const;
/** Where user addresses end: the last page is never anybody's. */
const END = "128TiB - 2MiB";

/** More is made present in one go now and then only: every page is looked at after every call. */
const FEW_PAGES = 24;

export interface Range {
  readonly place: string;
  readonly bytes: number;
  /** Bytes from the place to the end of what is mapped there. */
  readonly left: number;
}

export const inKib = (bytes: number): string => (bytes % MIB === 0 ? `${bytes / MIB}MiB` : `${bytes / 1024}KiB`);

function shifted(anchor: string, bytes: number): string {
  if (bytes === 0) return anchor;
  return bytes > 0 ? `${anchor} + ${inKib(bytes)}` : `${anchor} - ${inKib(-bytes)}`;
}

export function newPlace(draw: Draw): string {
  const anchor = draw.chance(0.05) ? END : draw.one(ANCHORS);
  const kind = draw.weighted({ near: 10, half: 3, table: 5, giant: 1 });
  if (kind === "near") return shifted(anchor, draw.between(-6, 8) * PAGE);
  if (kind === "half") return shifted(anchor, draw.between(-2, 4) * MIB);
  if (kind === "table") return shifted(anchor, draw.between(-1, 3) * 2 * MIB);
  return anchor === "1GiB" ? anchor : shifted(anchor, draw.between(-1, 2) * GIB);
}

export function newSize(draw: Draw, actor: Actor): number {
  if (actor.locksAll) return draw.between(1, FEW_PAGES) * PAGE;
  const kind = draw.weighted({ pages: 11, mib: 4, tables: 4, giant: 1 });
  if (kind === "pages") return draw.between(1, 20) * PAGE;
  if (kind === "mib") return draw.between(1, 6) * MIB;
  if (kind === "tables") return draw.between(1, 3) * 2 * MIB;
  return draw.one([GIB, 2 * GIB, GIB + 2 * MIB]);
}

/** A size of which all pages are made present. */
export function presentSize(draw: Draw): number {
  return draw.chance(0.03) ? draw.one([2 * MIB, 2 * MIB + PAGE]) : draw.between(1, FEW_PAGES) * PAGE;
}

/** A range in or around what is mapped; now and then anywhere. */
export function range(draw: Draw, actor: Actor): Range {
  if (actor.mappings.length === 0 || draw.chance(0.04)) {
    const bytes = newSize(draw, actor);
    return { place: newPlace(draw), bytes, left: bytes };
  }
  const { place, bytes } = draw.one(actor.mappings);
  const pages = bytes / PAGE;
  const kind = draw.weighted({ whole: 3, first: 3, table: 2, any: 4, before: 0.3, past: 0.3, wide: 0.3 });
  if (kind === "whole") return { place, bytes, left: bytes };
  if (kind === "first") return { place, bytes: draw.between(1, Math.min(pages, 40)) * PAGE, left: bytes };
  if (kind === "before") {
    const before = draw.between(1, 4) * PAGE;
    return { place: `${place} - ${inKib(before)}`, bytes: Math.min(bytes, 20 * PAGE) + before, left: bytes };
  }
  if (kind === "wide") return wideRange(draw, place);
  if (kind === "past") return { place, bytes: bytes + draw.between(1, 40) * PAGE, left: bytes };
  const skip = kind === "table" ? draw.between(0, 3) * MIB : draw.between(0, Math.min(pages, 600)) * PAGE;
  const at = skip === 0 ? place : `${place} + ${inKib(skip)}`;
  const left = Math.max(bytes - skip, PAGE);
  const most = kind === "table" ? 2 * MIB : left;
  return { place: at, bytes: draw.chance(0.5) ? Math.min(left, most) : draw.between(1, 30) * PAGE, left };
}

/** Over all that is near: several mappings, tables, or top-level entries. */
function wideRange(draw: Draw, place: string): Range {
  const before = draw.one([PAGE, 2 * MIB, 4 * MIB]);
  const bytes = draw.one([8 * MIB, GIB + 8 * MIB, 512 * GIB + 4 * MIB]);
  return { place: `${place} - ${inKib(before)}`, bytes, left: before };
}

/** A range whose pages a call makes present: few pages, or a table's worth. */
export function presentRange(draw: Draw, actor: Actor): Range {
  const { place, bytes, left } = range(draw, actor);
  return { place, bytes: bytes <= FEW_PAGES * PAGE ? bytes : Math.min(bytes, presentSize(draw)), left };
}

/** Mostly whole pages; now and then not, or nothing. */
export function sizeText(draw: Draw, bytes: number): string {
  if (draw.chance(0.02)) return "0";
  return draw.chance(0.04) ? `${inKib(bytes)} - ${draw.between(1, 4000)}` : inKib(bytes);
}

export const placeText = (draw: Draw, place: string): string => (draw.chance(0.01) ? `${place} + 8` : place);
