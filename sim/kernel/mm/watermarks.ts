// How much of memory is kept free (mm/page_alloc.c): below `low` kswapd is woken, which reclaims until there is more than
// `high`; who finds no more than `min` has to reclaim before it gets a page.
import type { Kernel } from "../kernel.ts";
import type { Zone } from "./page_alloc.ts";

export const WMARK_MIN = 0;
export const WMARK_LOW = 1;
export const WMARK_HIGH = 2;

/** vm.watermark_scale_factor: the distance between the marks, in parts of 10,000 of the zone. */
const WATERMARK_SCALE_FACTOR = 10;

/** vm.min_free_kbytes as it is at boot (calculate_min_free_kbytes): the root of 16 times the memory, both in KiB. */
export const min_free_kbytes = (lowmem_kbytes: number): number =>
  Math.min(262_144, Math.max(128, Math.floor(Math.sqrt(lowmem_kbytes * 16))));

/** The marks of a zone that has `managed` of the `lowmem` pages in all (__setup_per_zone_wmarks). */
export function zone_watermarks(managed: number, lowmem: number, min_free: number): readonly [number, number, number] {
  const min = Math.floor((Math.floor(min_free / 4) * managed) / lowmem);
  const distance = Math.max(Math.floor(min / 4), Math.floor((managed * WATERMARK_SCALE_FACTOR) / 10_000));
  return [min, min + distance, min + 2 * distance];
}

/** Sets the marks of the machine's only zone. */
export function setup_per_zone_wmarks(zone: Zone): void {
  const { managed_pages } = zone;
  if (managed_pages <= 0) return;
  const marks = zone_watermarks(managed_pages, managed_pages, min_free_kbytes(managed_pages * 4));
  for (const [i, mark] of marks.entries()) zone.set__watermark(i, mark);
}

/** Whether more is free than a mark asks for. */
export function zone_watermark_ok(k: Kernel, mark: number): boolean {
  return k.zone.nr_free > k.zone._watermark(mark);
}

/** MemAvailable: what programs could have without swapping, in pages (si_mem_available). */
export function si_mem_available(k: Kernel): number {
  const { vmstat, zone } = k;
  const cache = vmstat.nr_active_file + vmstat.nr_inactive_file;
  const reserve = Math.min(zone._watermark(WMARK_HIGH), zone.managed_pages);
  return Math.max(0, zone.nr_free - reserve + cache - Math.min(Math.floor(cache / 2), zone._watermark(WMARK_LOW)));
}
