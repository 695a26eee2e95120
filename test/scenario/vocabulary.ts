// Words for tests: designs as their mails describe them, everything of the contract implemented.
import type { DesignInfo } from "../../sim/designs/design.ts";
import { _IOR, _IOW } from "../../sim/kernel/uapi/ioctl.ts";
import { bugKinds } from "../../sim/scenario/bug_kinds.ts";
import { accessCalls, linuxCalls } from "../../sim/scenario/calls.ts";
import { ioctlCalls } from "../../sim/scenario/ioctls.ts";
import { machineOptions } from "../../sim/scenario/machine_options.ts";
import { cpuOperations, kernelOperations } from "../../sim/scenario/operations.ts";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";

export const linux: DesignInfo = {
  name: "linux",
  title: "Linux 6.18",
  doc: "Unpatched Linux.",
  version: "6.18",
  options: [{ name: "version", doc: "Which Linux.", values: ["6.18", "6.12"], default: "6.18" }],
  calls: [],
  constants: [],
  bugs: [],
};

/** The structures and request numbers are those of the series' uapi header. */
export const mshareV3: DesignInfo = {
  name: "mshare-v3",
  title: "mshare RFC v3",
  doc: "Regions that share page tables below the PGD.",
  version: "6.12",
  options: [
    {
      name: "tlb_flush",
      doc: "Which CPUs flush when shared entries change.",
      values: ["none", "local", "all"],
      default: "local",
    },
    { name: "strict", doc: "Refuses more.", values: "boolean", default: "false" },
    { name: "limit", doc: "Number of regions.", values: "integer", default: "16" },
  ],
  calls: [
    {
      name: "ioctl",
      params: [
        { name: "fd", kind: "fd" },
        { name: "request", kind: "flags", constants: ["MSHAREFS_SET_SIZE"] },
        {
          name: "arg",
          kind: "struct",
          fields: [
            { name: "start", kind: "address" },
            { name: "size", kind: "size" },
          ],
        },
      ],
      doc: "Sets a region's start and size, once.",
      returns: "0",
    },
    {
      name: "ioctl",
      params: [
        { name: "fd", kind: "fd" },
        { name: "request", kind: "flags", constants: ["MSHAREFS_GET_SIZE"] },
        { name: "arg", kind: "struct", optional: true, fields: [] },
      ],
      doc: "Gives a region's start and size.",
      returns: "0",
    },
    {
      name: "ioctl",
      params: [
        { name: "fd", kind: "fd" },
        { name: "request", kind: "flags", constants: ["MSHAREFS_CREATE_MAPPING"] },
        {
          name: "arg",
          kind: "struct",
          fields: [
            { name: "addr", kind: "address" },
            { name: "size", kind: "size" },
            { name: "offset", kind: "offset", optional: true },
            { name: "prot", kind: "flags", constants: ["PROT_"] },
            { name: "flags", kind: "flags", constants: ["MAP_"] },
            { name: "fd", kind: "fd" },
          ],
        },
      ],
      doc: "Maps shared memory inside a region.",
      returns: "0",
    },
  ],
  constants: [
    { name: "MSHAREFS_GET_SIZE", value: BigInt(_IOR("x", 0, 16)), doc: "ioctl: start and size of a region." },
    { name: "MSHAREFS_SET_SIZE", value: BigInt(_IOW("x", 1, 16)), doc: "ioctl: sets start and size of a region." },
    { name: "MSHAREFS_CREATE_MAPPING", value: BigInt(_IOW("x", 2, 40)), doc: "ioctl: maps memory inside a region." },
  ],
  bugs: [
    {
      id: "unlink-on-munmap",
      title: "munmap leaves the PGD entry",
      kinds: ["dangling-page-table"],
      source: "facts C1",
    },
    {
      id: "flush-all-cpus",
      title: "nobody flushes the other CPUs",
      kinds: ["missing-tlb-flush", "stale-tlb-access"],
      source: "facts C4",
    },
  ],
};

export const ptshareV2: DesignInfo = {
  name: "ptshare-v2",
  title: "ptshare RFC v2",
  doc: "mmap with MAP_SHARED_PT.",
  version: "6.12",
  options: [],
  calls: [
    {
      name: "memfd_protect",
      params: [
        { name: "fd", kind: "fd" },
        { name: "prot", kind: "flags", constants: ["PROT_"] },
      ],
      doc: "Protects a memfd.",
      returns: "0",
    },
  ],
  constants: [{ name: "MAP_SHARED_PT", value: 0x200000n, doc: "Shares page tables." }],
  bugs: [{ id: "host-mm-leak", title: "The host mm stays", kinds: ["refcount-leak"], source: "mail" }],
};

const everyCall = [...accessCalls, ...linuxCalls, ...ioctlCalls, ...kernelOperations, ...cpuOperations];

export const vocabulary: Vocabulary = {
  designs: [linux, mshareV3, ptshareV2],
  implemented: new Set(everyCall.map((call) => call.name)),
  bugKinds,
  eventNames: ["find_shared_vma", "handle_mm_fault"],
  machineOptions,
};
