// RSS counters (include/linux/mm.h, mm/memory.c): in which of them a page counts, and changes that are made together.
import type { Kernel } from "../kernel.ts";
import type { Mm, Page } from "../mm_types.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** Changes of rss_stat that are made together, once a table is done: MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES. */
export interface RssVec {
  file: number;
  anon: number;
  swap: number;
  shmem: number;
}

export const init_rss_vec = (): RssVec => ({ file: 0, anon: 0, swap: 0, shmem: 0 });

export function add_mm_rss_vec(_k: Kernel, mm: Mm, rss: RssVec): void {
  if (rss.file !== 0) mm.rss_file += rss.file;
  if (rss.anon !== 0) mm.rss_anon += rss.anon;
  if (rss.swap !== 0) mm.rss_swap += rss.swap;
  if (rss.shmem !== 0) mm.rss_shmem += rss.shmem;
}

/** Which of them a page counts in. */
export const mm_counter = ({ type }: Page): "anon" | "shmem" | "file" =>
  type === PAGE_TYPE.anon ? "anon" : type === PAGE_TYPE.shmem ? "shmem" : "file";

/** Which RSS counter a page counts in (mm_counter). */
export function mm_counter_add(_k: Kernel, mm: Mm, page: Page, n: number): void {
  if (page.type === PAGE_TYPE.anon) mm.rss_anon += n;
  else if (page.type === PAGE_TYPE.shmem) mm.rss_shmem += n;
  else mm.rss_file += n;
}
