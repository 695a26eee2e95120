// /proc/meminfo and /proc/vmstat (fs/proc/meminfo.c, mm/vmstat.c).
import type { Kernel } from "../../kernel.ts";
import { HPAGE_SIZE } from "../../mm/hugetlb.ts";
import { vmstat as vmstat_struct } from "../../mm/vmstat.ts";
import { WMARK_HIGH, WMARK_LOW, WMARK_MIN } from "../../mm/watermarks.ts";

/** The lines of /proc/meminfo that mean something here, in bytes. */
export function meminfo(k: Kernel): Readonly<Record<string, number>> {
  const { vmstat, zone } = k;
  const cached = vmstat.nr_file_pages - vmstat.nr_swapcached;
  const pages: Record<string, number> = {
    MemTotal: vmstat.totalram_pages,
    MemFree: zone.nr_free,
    MemAvailable: k.si_mem_available(),
    Buffers: 0,
    Cached: cached,
    SwapCached: vmstat.nr_swapcached,
    Unevictable: vmstat.nr_unevictable,
    Mlocked: vmstat.nr_mlock,
    SwapTotal: vmstat.total_swap_pages,
    SwapFree: vmstat.nr_swap_pages,
    Dirty: vmstat.nr_file_dirty,
    Writeback: vmstat.nr_writeback,
    AnonPages: vmstat.nr_anon_mapped,
    Mapped: vmstat.nr_file_mapped,
    Shmem: vmstat.nr_shmem,
    PageTables: vmstat.nr_pagetable,
    SecPageTables: vmstat.nr_secondary_pagetable,
    CommitLimit: Math.floor(vmstat.totalram_pages / 2) + vmstat.total_swap_pages,
    Committed_AS: vmstat.vm_committed_as,
    AnonHugePages: vmstat.nr_anon_transparent_hugepages * 512,
    ShmemHugePages: vmstat.nr_shmem_hugepages * 512,
    ShmemPmdMapped: vmstat.nr_shmem_pmdmapped * 512,
  };
  const { hstate } = k;
  return {
    ...Object.fromEntries(Object.entries(pages).map(([name, count]) => [name, count * 4096])),
    // Numbers of huge pages, but the last two.
    HugePages_Total: hstate.nr_huge_pages,
    HugePages_Free: hstate.free_huge_pages,
    HugePages_Rsvd: hstate.resv_huge_pages,
    HugePages_Surp: hstate.surplus_huge_pages,
    Hugepagesize: HPAGE_SIZE,
    Hugetlb: hstate.nr_huge_pages * HPAGE_SIZE,
  };
}

export function meminfo_text(k: Kernel): string {
  const line = ([name, bytes]: [string, number]) =>
    name.startsWith("HugePages_")
      ? `${`${name}:`.padEnd(17)}${String(bytes).padStart(7)}\n`
      : `${`${name}:`.padEnd(16)}${String(bytes / 1024).padStart(8)} kB\n`;
  return Object.entries(k.meminfo()).map(line).join("");
}

/** The counters of /proc/vmstat by name. */
export function vmstat_counters(k: Kernel): Readonly<Record<string, number>> {
  const counters: Record<string, number> = {};
  for (const { name } of vmstat_struct.fields) counters[name] = k.vmstat[name as "pgfault"];
  counters["nr_free_pages"] = k.zone.nr_free;
  return counters;
}

/** The only zone of /proc/zoneinfo, as far as it means something here; in pages. */
export function zoneinfo(k: Kernel): Readonly<Record<string, number>> {
  const { zone } = k;
  const [min, low, high] = [WMARK_MIN, WMARK_LOW, WMARK_HIGH].map((mark) => zone._watermark(mark)) as [
    number,
    number,
    number,
  ];
  const spanned = k.config.memory / 4096;
  return { free: zone.nr_free, min, low, high, spanned, present: spanned, managed: zone.managed_pages };
}

export function zoneinfo_text(k: Kernel): string {
  const lines = Object.entries(k.zoneinfo()).map(([name, pages]) =>
    name === "free" ? `  pages free     ${pages}\n        boost    0\n` : `        ${name.padEnd(8)} ${pages}\n`,
  );
  return `Node 0, zone   Normal\n${lines.join("")}`;
}

export function vmstat_text(k: Kernel): string {
  return Object.entries(k.vmstat_counters())
    .map(([name, count]) => `${name} ${count}\n`)
    .join("");
}
