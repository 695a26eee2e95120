// `machine { … }`: hardware and boot options of the simulated machine.
import type { OptionSpec } from "../designs/design.ts";

/** An option with the numbers that it allows, both inclusive. */
export interface MachineOption extends OptionSpec {
  readonly least?: bigint;
  readonly most?: bigint;
}

export const machineOptions: readonly MachineOption[] = [
  { name: "cpus", doc: "Number of CPUs, counted from 0.", values: "integer", default: "2", least: 1n, most: 64n },
  {
    name: "memory",
    doc: "Physical memory in bytes.",
    values: "integer",
    default: "1GiB",
    least: 2n ** 20n,
    most: 2n ** 46n,
  },
  {
    name: "levels",
    doc: "Levels of page tables: 4, or 5 with P4D tables and 57-bit addresses.",
    values: "integer",
    default: "4",
    least: 4n,
    most: 5n,
  },
  { name: "swap", doc: "Swap space in bytes; 0 is none.", values: "integer", default: "0", least: 0n, most: 2n ** 46n },
  {
    name: "swap_device",
    doc: "What swap is on: compressed memory, or a disk that does not or does rotate. Decides what is read ahead, and whether a page that was written is gone at once.",
    values: ["zram", "ssd", "disk"],
    default: "zram",
  },
  {
    name: "page_cluster",
    doc: "`vm.page-cluster`: up to 2 to the power of so many pages come from swap at a time; 0: each by itself. Linux begins with 3.",
    values: "integer",
    default: "0",
    least: 0n,
    most: 10n,
  },
  {
    name: "hugepages",
    doc: "Number of 2 MiB pages set aside for hugetlb at boot.",
    values: "integer",
    default: "0",
    least: 0n,
    most: 2n ** 25n,
  },
  {
    name: "thp",
    doc: "Transparent huge pages, as `/sys/kernel/mm/transparent_hugepage/enabled`.",
    values: ["never", "madvise", "always"],
    default: "never",
  },
  {
    name: "pcid",
    doc: "Whether the CPUs have PCIDs, so that a task switch keeps TLB entries of other mms.",
    values: "boolean",
    default: "false",
  },
];
