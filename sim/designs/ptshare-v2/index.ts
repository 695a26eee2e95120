// PATCH RFC v2 0/4 to 4/4 "Add support for sharing page tables across processes (Previously mshare)", Khalid Aziz and
// Matthew Wilcox, 2023-04-26 (seed 000_4c93ba9e9f52bbb5.txt and its discussion), against 6.3-rc1.
import type { Design } from "../design.ts";
import * as charging from "../sharing/charging.ts";
import * as charging_straight from "../sharing/charging.ts?straight";
import * as notifier from "../sharing/notifier.ts";
import { host_invalidation, host_notifier_ops } from "../sharing/notifier.ts";
import * as notifier_straight from "../sharing/notifier.ts?straight";
import { mmapLock, tlbFlush } from "../sharing/options.ts";
import * as tlb_flush from "../sharing/tlb_flush.ts";
import * as tlb_flush_straight from "../sharing/tlb_flush.ts?straight";
import { knownBugs } from "./bugs.ts";
import * as fault from "./fault.ts";
import * as fault_straight from "./fault.ts?straight";
import * as flush from "./flush.ts";
import * as flush_straight from "./flush.ts?straight";
import * as free_pgtables from "./free_pgtables.ts";
import * as free_pgtables_straight from "./free_pgtables.ts?straight";
import * as mmap from "./mmap.ts";
import * as mmap_straight from "./mmap.ts?straight";
import * as protect from "./protect.ts";
import * as protect_straight from "./protect.ts?straight";
import * as ptshare from "./ptshare.ts";
import * as ptshare_straight from "./ptshare.ts?straight";
import { events, MAP_SHARED_PT, ptshare_data } from "./structures.ts";

export const ptshareV2: Design = {
  name: "ptshare-v2",
  title: "page-table sharing by MAP_SHARED_PT, RFC v2 of 2023-04",
  doc: "Processes that map the same range of a file at the same address with `MAP_SHARED|MAP_SHARED_PT` share its PTE tables, which belong to an address space of the file's own (the *host mm*). Start and size are multiples of 2 MiB; a mapping that is not, or is not like the first one, is an ordinary one. The mails are against Linux 6.3-rc1: no fault takes the lock of a single VMA; all else is Linux 6.12.",
  version: "6.12",
  options: [
    tlbFlush,
    mmapLock,
    {
      name: "dontneed",
      doc: "Whose pages one process' MADV_DONTNEED takes away: `everyone`'s, as posted, or `nobody`'s.",
      values: ["everyone", "nobody"],
      default: "everyone",
    },
    {
      name: "owner",
      doc: "Whom shared memory is charged to: `nobody`, as posted, or the `toucher`, whoever faults.",
      values: ["nobody", "toucher"],
      default: "nobody",
    },
    {
      name: "addresses",
      doc: "Where others must map the file to share its tables: at the `same` address, as posted, or at `any`, which the author thought of (as posted, faults there look for the wrong part of the file; `vm-mm-swap` mends that).",
      values: ["same", "any"],
      default: "same",
    },
    {
      name: "freed_tables",
      doc: "How a process that unlinks the host's tables flushes: `marked` as if it freed them, as posted, or `unmarked`.",
      values: ["marked", "unmarked"],
      default: "marked",
    },
  ],
  calls: [],
  constants: [
    {
      name: "MAP_SHARED_PT",
      value: BigInt(MAP_SHARED_PT),
      doc: "With MAP_SHARED and a file: shares page tables with others that map the same range of it at the same address.",
    },
  ],
  bugs: knownBugs,
  patch: {
    stepping: [charging, tlb_flush, notifier, ptshare, fault, mmap, free_pgtables, protect, flush],
    straight: [
      charging_straight,
      tlb_flush_straight,
      notifier_straight,
      ptshare_straight,
      fault_straight,
      mmap_straight,
      free_pgtables_straight,
      protect_straight,
      flush_straight,
    ],
    structures: [ptshare_data, host_invalidation],
    events,
    operations: { mmu_notifier_ops: host_notifier_ops },
    init: [],
  },
};
