// The functions of expressions. They read the simulated machine and change nothing.
import type { Param } from "../kernel/syscall_table.ts";

export interface FunctionSpec {
  readonly name: string;
  readonly params: readonly Param[];
  readonly doc: string;
  /** The type of its result in object_types.ts; without it an integer. */
  readonly type?: string;
  /** The result may be null. */
  readonly nullable?: true;
}

const process: Param = { name: "A", kind: "process" };
const addr: Param = { name: "addr", kind: "address" };

function level(name: string, covers: string): FunctionSpec {
  return {
    name,
    params: [process, addr],
    doc: `The ${name} entry of an address of A. It covers ${covers}.`,
    type: "entry",
  };
}

export const functions: readonly FunctionSpec[] = [
  { name: "mm", params: [process], doc: "The mm_struct of A.", type: "mm_struct" },
  {
    name: "host_mm",
    params: [{ name: "path", kind: "path" }],
    doc: "The mm_struct that a design keeps for a shared region, by the region's file.",
    type: "mm_struct",
  },
  {
    name: "vma",
    params: [process, addr],
    doc: "The vm_area_struct that covers an address of A, or null.",
    type: "vm_area_struct",
    nullable: true,
  },
  level("pgd", "512 GiB; with five levels 256 TiB"),
  level("p4d", "512 GiB; with four levels it is the pgd entry"),
  level("pud", "1 GiB"),
  level("pmd", "2 MiB"),
  level("pte", "4 KiB"),
  { name: "walk", params: [process, addr], doc: "The entries of all levels for an address of A.", type: "walk" },
  { name: "page", params: [{ name: "pfn", kind: "int" }], doc: "struct page of a frame.", type: "page" },
  { name: "tlb", params: [{ name: "cpu", kind: "int" }], doc: "The TLB of a CPU.", type: "tlb" },
  {
    name: "memcg",
    params: [{ name: "path", kind: "path" }],
    doc: "The memory control group of a directory in `/sys/fs/cgroup`: `.current`, `.max`, `.swap` and the lines of its memory.stat and memory.events; sizes in bytes.",
    type: "mem_cgroup",
  },
  { name: "status", params: [process], doc: "/proc/PID/status of A, sizes in bytes.", type: "status" },
  { name: "stat", params: [process], doc: "Fault counters of A.", type: "stat" },
  { name: "meminfo", params: [], doc: "/proc/meminfo, sizes in bytes.", type: "meminfo" },
  { name: "zoneinfo", params: [], doc: "The zone of /proc/zoneinfo, in pages.", type: "zoneinfo" },
  { name: "pagemap", params: [process, addr], doc: "The /proc/PID/pagemap entry of an address of A.", type: "pagemap" },
  {
    name: "smaps",
    params: [process, addr],
    doc: "The /proc/PID/smaps entry of the mapping that covers an address of A, or null.",
    type: "smaps",
    nullable: true,
  },
  {
    name: "count",
    params: [
      { name: "EVENT", kind: "int" },
      { name: "condition", kind: "int", optional: true },
    ],
    doc: "How often an event has happened. The condition sees the event's arguments by name, such as `mm` and `cpu`: `count(pud_populate, mm == mm(reader))`.",
  },
  {
    name: "fixed",
    params: [{ name: "ID", kind: "string" }],
    doc: 'Whether the run has this fix of the design: `fixed("unlink-on-munmap") ? 0 : 1`.',
    type: "boolean",
  },
];

export const functionsByName: ReadonlyMap<string, FunctionSpec> = new Map(functions.map((spec) => [spec.name, spec]));
