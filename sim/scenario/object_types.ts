// What the functions of expressions return: types with their fields. `open` types have further fields, by their Linux
// names, that only the simulated kernel knows.

export interface FieldSpec {
  readonly name: string;
  readonly doc: string;
  /** The type of the field, where it is an object. */
  readonly type?: string;
}

export interface MethodSpec {
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly kind: "process" | "address" }[];
  readonly doc: string;
  readonly type?: string;
}

export interface ObjectType {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly FieldSpec[];
  readonly methods?: readonly MethodSpec[];
  readonly open?: true;
}

/** Lines of /proc files become fields: "VmPTE: doc", sizes in bytes. */
function lines(text: string): FieldSpec[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [name, doc] = line.trim().split(": ");
      return { name, doc };
    });
}

export const objectTypes: readonly ObjectType[] = [
  {
    name: "entry",
    doc: "An entry of a page table, in the real x86-64 encoding.",
    fields: [
      { name: "present", doc: "The hardware may use it." },
      { name: "swapped", doc: "Not present, but it says where in swap the page is." },
      { name: "pfn", doc: "The frame number it leads to." },
      { name: "flags", doc: "Its flag bits." },
      { name: "table", doc: "The page table that the entry leads to, or null.", type: "page" },
      { name: "raw", doc: "All 64 bits." },
    ],
  },
  {
    name: "walk",
    doc: "The entries of all levels for one address.",
    fields: [
      { name: "pgd", doc: "Top level.", type: "entry" },
      { name: "p4d", doc: "Second of five levels; with four levels the same as the PGD's.", type: "entry" },
      { name: "pud", doc: "An entry covers 1 GiB.", type: "entry" },
      { name: "pmd", doc: "An entry covers 2 MiB.", type: "entry" },
      { name: "pte", doc: "An entry covers 4 KiB.", type: "entry" },
    ],
  },
  {
    name: "page",
    doc: "A frame and what the kernel keeps of it.",
    fields: [
      { name: "refcount", doc: "References to the page." },
      { name: "mapcount", doc: "How many page-table entries map it." },
      { name: "type", doc: "What the frame is used for." },
      { name: "mapping", doc: "The file or anonymous memory that it belongs to, or null." },
      { name: "pfn", doc: "Its frame number." },
      { name: "sharers", doc: "For a page table: the mms that reach it." },
    ],
    open: true,
  },
  {
    name: "tlb",
    doc: "A CPU's TLB.",
    fields: [{ name: "entries", doc: "Its translations." }],
    methods: [
      {
        name: "lookup",
        params: [
          { name: "process", kind: "process" },
          { name: "addr", kind: "address" },
        ],
        doc: "The translation of an address of a process, or null.",
      },
    ],
  },
  {
    name: "mm_struct",
    doc: "An address space: every field that the simulated kernel keeps, by its Linux name.",
    fields: [
      { name: "mm_users", doc: "Tasks that use the address space." },
      { name: "mm_count", doc: "References to the structure itself." },
      { name: "map_count", doc: "Number of VMAs." },
      { name: "total_vm", doc: "Pages mapped, in pages." },
      { name: "pgtables_bytes", doc: "Bytes of its page tables." },
      { name: "mmap_base", doc: "Where top-down placement starts." },
    ],
    open: true,
  },
  {
    name: "vm_area_struct",
    doc: "A mapping: every field that the simulated kernel keeps, by its Linux name.",
    fields: [
      { name: "vm_start", doc: "First address." },
      { name: "vm_end", doc: "First address after it." },
      { name: "vm_pgoff", doc: "Offset in the file, in pages." },
      { name: "vm_flags", doc: "VM_ flags." },
      { name: "vm_mm", doc: "The address space that it is in.", type: "mm_struct" },
      { name: "vm_file", doc: "The file, or null." },
    ],
    open: true,
  },
  {
    name: "status",
    doc: "/proc/PID/status; sizes in bytes.",
    fields: lines(`VmPeak: Largest VmSize so far.
      VmSize: All mappings.
      VmLck: Locked memory.
      VmPin: Pinned memory.
      VmHWM: Largest VmRSS so far.
      VmRSS: Memory mapped by the page tables.
      RssAnon: Anonymous part of VmRSS.
      RssFile: File part of VmRSS.
      RssShmem: Shared-memory part of VmRSS.
      VmData: Private writable mappings.
      VmStk: Stack.
      VmExe: Program text.
      VmLib: Shared libraries.
      VmPTE: Page tables below the PGD.
      VmSwap: Anonymous memory in swap.
      HugetlbPages: Memory in hugetlb mappings.
      Pid: Process id.
      PPid: Process id of the parent.
      Threads: Number of threads.`),
  },
  {
    name: "stat",
    doc: "Fault counters of a process; a forked child starts at 0.",
    fields: [
      { name: "minflt", doc: "Minor faults: without reading from disk or swap." },
      { name: "majflt", doc: "Major faults: had to read from disk or swap." },
    ],
  },
  {
    name: "meminfo",
    doc: "/proc/meminfo; sizes in bytes.",
    fields: lines(`MemTotal: Usable memory.
      MemFree: Free memory.
      MemAvailable: What could be had without swapping.
      Buffers: Buffers of block devices.
      Cached: Page cache, shared memory among it.
      SwapCached: Pages both in memory and in swap.
      Active: Recently used memory.
      Inactive: Memory not used recently.
      SwapTotal: Size of swap.
      SwapFree: Unused swap.
      Dirty: Waiting to be written back.
      Writeback: Being written back.
      AnonPages: Anonymous memory that is mapped.
      Mapped: File memory that is mapped.
      Shmem: Shared memory and tmpfs.
      Slab: Kernel structures.
      KernelStack: Kernel stacks.
      PageTables: Page tables of all processes.
      SecPageTables: Page tables of secondary MMUs.
      CommitLimit: What may be promised.
      Committed_AS: What is promised.
      AnonHugePages: Anonymous huge pages.
      ShmemHugePages: Huge pages of shared memory.
      HugePages_Total: Number of huge pages set aside.
      HugePages_Free: Of these, unused.
      HugePages_Rsvd: Of these, promised.
      HugePages_Surp: Huge pages beyond those set aside.
      Hugepagesize: Size of a huge page.
      Hugetlb: Memory in huge pages.`),
  },
  {
    name: "zoneinfo",
    doc: "The zone of /proc/zoneinfo; in pages.",
    fields: lines(`free: Free pages.
      min: The min watermark: who finds no more free has to reclaim.
      low: The low watermark: below it kswapd is woken.
      high: The high watermark: until then kswapd reclaims.
      spanned: All pages.
      present: All pages that are there.
      managed: Pages that the kernel can give out.`),
  },
  {
    name: "mem_cgroup",
    doc: "A memory control group; sizes in bytes.",
    fields: lines(`current: memory.current.
      peak: memory.peak.
      min: memory.min, what is never reclaimed of it.
      low: memory.low, what is reclaimed of it only when there is nothing else.
      high: memory.high; 2^63 and more for none.
      max: memory.max; 2^63 and more for none.
      swap: memory.swap.current.
      swap_peak: memory.swap.peak.
      swap_max: memory.swap.max; 2^63 and more for none.
      anon: Anonymous memory that is mapped.
      file: Page cache, shared memory included.
      kernel: Memory of the kernel, page tables here.
      pagetables: Page tables.
      shmem: Shared memory and tmpfs.
      file_mapped: Page cache that is mapped.
      swapcached: Pages both in memory and in swap.
      inactive_anon: Anonymous memory not used recently.
      active_anon: Anonymous memory used recently.
      inactive_file: Memory that needs no swap, not used recently.
      active_file: Memory that needs no swap, used recently.
      unevictable: Locked memory.
      pgscan: Pages that reclaim has looked at.
      pgsteal: Pages that reclaim has freed.
      pgscan_kswapd: Pages that kswapd has looked at.
      pgscan_direct: Pages that those have looked at who needed memory.
      pgscan_proactive: Pages looked at because of memory.reclaim.
      pgsteal_kswapd: Pages that kswapd has freed.
      pgsteal_direct: Pages that those have freed who needed memory.
      pgsteal_proactive: Pages freed because of memory.reclaim.
      pswpin: Pages read from swap.
      pswpout: Pages written to swap.
      pgfault: Faults of its processes.
      pgmajfault: Major faults of its processes.
      pgactivate: Pages that became active.
      pgdeactivate: Pages that became inactive.
      oom: How often it was full and reclaim freed nothing.
      oom_kill: Processes that were killed in it.
      oom_group_kill: How often all of a group were killed together.
      low_events: How often it was reclaimed below memory.low, the line low of memory.events.
      high_events: How often it was above memory.high, the line high of memory.events.
      max_events: How often it was full, the line max of memory.events.`),
  },
  {
    name: "pagemap",
    doc: "The entry of an address in /proc/PID/pagemap.",
    fields: [
      { name: "present", doc: "A page is mapped." },
      { name: "swapped", doc: "The page is in swap." },
      { name: "swap", doc: "The same as `swapped`." },
      { name: "file", doc: "File memory or shared memory." },
      { name: "exclusive", doc: "Mapped once only." },
      { name: "pfn", doc: "The frame number." },
      { name: "raw", doc: "All 64 bits." },
    ],
  },
  {
    name: "smaps",
    doc: "The entry of a mapping in /proc/PID/smaps; sizes in bytes.",
    fields: lines(`Size: The mapping.
      KernelPageSize: Page size of the kernel for it.
      MMUPageSize: Page size of the hardware for it.
      Rss: What the page tables map of it.
      Pss: Rss, each page divided by how often it is mapped.
      Pss_Dirty: The modified part of Pss.
      Shared_Clean: Mapped more than once, unmodified.
      Shared_Dirty: Mapped more than once, modified.
      Private_Clean: Mapped once, unmodified.
      Private_Dirty: Mapped once, modified.
      Referenced: Recently used.
      Anonymous: Anonymous memory of it.
      LazyFree: Given up with MADV_FREE, still there.
      AnonHugePages: Anonymous huge pages.
      ShmemPmdMapped: Shared memory mapped by huge entries.
      FilePmdMapped: File memory mapped by huge entries.
      Shared_Hugetlb: hugetlb pages mapped more than once.
      Private_Hugetlb: hugetlb pages mapped once.
      Swap: In swap.
      SwapPss: Swap, divided by how often it is used.
      Locked: Locked memory.`),
  },
];

export const typesByName: ReadonlyMap<string, ObjectType> = new Map(objectTypes.map((type) => [type.name, type]));
