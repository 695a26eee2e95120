// RFC PATCH v3 00 to 10/10 "Add support for shared PTEs across processes", Anthony Yznaga and Khalid Aziz, 2024-09-03
// (seed 003_0a3a0e7ddc0a762e.txt), as measured on Linux 6.12.117.
import type { CallSpec, Param } from "../../kernel/syscall_table.ts";
import type { Design } from "../design.ts";
import * as memory from "./memory.ts";
import * as memory_straight from "./memory.ts?straight";
import * as mshare from "./mshare.ts";
import * as mshare_straight from "./mshare.ts?straight";
import * as msharefs from "./msharefs.ts";
import * as msharefs_straight from "./msharefs.ts?straight";
import { events, mshare_data, msharefs_info } from "./structures.ts";

const SEED = "003_0a3a0e7ddc0a762e.txt";

const u64 = (name: string): Param => ({ name, kind: "value" });
const size = (name: string): Param => ({ name, kind: "size" });
const result = (name: string): Param => ({ name, kind: "value", optional: true, output: true });

function request(name: string, fields: readonly Param[], doc: string, errors: CallSpec["errors"]): CallSpec {
  return {
    name: "ioctl",
    params: [
      { name: "fd", kind: "fd" },
      { name: "request", kind: "flags", constants: [name] },
      { name: "arg", kind: "struct", optional: true, fields },
    ],
    doc,
    returns: "0",
    errors: { EBADF: "`fd` is not open", ENOTTY: "`fd` is no region's file", EFAULT: "no structure", ...errors },
  };
}

export const mshareV3: Design = {
  name: "mshare-v3",
  title: "mshare, RFC v3 of 2024-09",
  doc: "A file in `/sys/fs/mshare` is a region of the address space with page tables of its own (the *host mm*). Processes that map it link their top-level entry to them: one set of tables for all, 512 GiB an entry.",
  version: "6.12",
  options: [
    {
      name: "tlb_flush",
      doc: "Who is flushed when the region's tables change: `none` of the sharers' CPUs, as posted, or `all` CPUs.",
      values: ["none", "all"],
      default: "none",
    },
  ],
  calls: [
    request(
      "MSHAREFS_GET_SIZE",
      [result("start"), result("size")],
      "Gives start and size of a region, both 0 before they are set.",
      {},
    ),
    request(
      "MSHAREFS_SET_SIZE",
      [u64("start"), size("size")],
      "Sets where a region lies. Start and size are multiples of 512 GiB (`mshare_info` says so).",
      { EINVAL: "not aligned, or set before" },
    ),
    request(
      "MSHAREFS_CREATE_MAPPING",
      [
        { name: "addr", kind: "address" },
        size("size"),
        { name: "offset", kind: "offset", optional: true },
        { name: "prot", kind: "flags", constants: ["PROT_"] },
        { name: "flags", kind: "flags", constants: ["MAP_"] },
        { name: "fd", kind: "int", optional: true },
      ],
      "Maps shared anonymous memory in a region, for all that map it: `MAP_SHARED|MAP_FIXED`, `fd: -1`.",
      {
        EINVAL: "outside the region, not aligned, or flags other than shared and fixed",
        EEXIST: "something is mapped there",
        ENOMEM: "not a user address, or more than memory and swap",
      },
    ),
  ],
  constants: [
    { name: "MSHAREFS_GET_SIZE", value: BigInt(mshare.MSHAREFS_GET_SIZE), doc: "ioctl: start and size of a region." },
    {
      name: "MSHAREFS_SET_SIZE",
      value: BigInt(mshare.MSHAREFS_SET_SIZE),
      doc: "ioctl: sets start and size of a region.",
    },
    {
      name: "MSHAREFS_CREATE_MAPPING",
      value: BigInt(mshare.MSHAREFS_CREATE_MAPPING),
      doc: "ioctl: maps memory in a region.",
    },
  ],
  bugs: [
    {
      id: "unlink-on-munmap",
      title: "munmap of a region leaves its page tables linked",
      kinds: ["dangling-page-table", "permission-bypass", "use-after-free", "missing-tlb-flush", "stale-tlb-access"],
      source: `${SEED}, patch 08/10: "kept intact and not unlinked from a process when an mshare region is explicitly unmapped which is bug to be addressed"`,
    },
    {
      id: "flush-sharers",
      title: "Changes of the shared tables flush no CPU of the sharers",
      kinds: ["missing-tlb-flush", "stale-tlb-access", "data-mismatch"],
      source: `${SEED}, cover letter; Dave Hansen, 2024-10-02`,
    },
    {
      id: "nested-mmap-lock",
      title: "The host's mmap_lock is taken inside the guest's without a nesting annotation",
      kinds: ["lock-recursion"],
      source: `${SEED}, patch 08/10, Kirill Shutemov, 2024-10-07`,
    },
    {
      id: "host-permissions",
      title: "Faults are checked against the guest's VMA only, not against the mapping in the region",
      kinds: ["permission-bypass", "livelock"],
      source: `${SEED}, patch 08/10, Anthony Yznaga, 2024-10-07`,
    },
    {
      id: "guest-permissions",
      title: "A read-only mapping of a region can be written through the shared tables",
      kinds: ["permission-bypass"],
      source: "facts/mshare-v3.md C4: a write with hw=0 although the VMA is read-only",
    },
    {
      id: "host-owner",
      title: "The region's memory is charged to the task that created it, also after its end",
      kinds: ["accounting-mismatch", "use-after-free"],
      source: `${SEED}, patch 08/10, Anthony Yznaga, 2024-10-07`,
    },
    {
      id: "set-size-once",
      title: "A region that starts at 0 can be set up again; size 0 becomes 2^64 - 1",
      kinds: [],
      source: `${SEED}, patch 05/10, Jann Horn, 2024-10-14`,
    },
    {
      id: "same-address",
      title: "A mapping of a later part of a region shows its first part",
      kinds: ["data-mismatch", "permission-bypass"],
      source: `${SEED}, patch 08/10: host_addr counts from the guest VMA's start`,
    },
  ],
  patch: {
    stepping: [msharefs, mshare, memory],
    straight: [msharefs_straight, mshare_straight, memory_straight],
    structures: [mshare_data, msharefs_info],
    events,
    operations: {
      vm_ops: { msharefs_vm_ops: { may_split: "mshare_vm_op_split" } },
      file_operations: {
        msharefs_file_operations: { open: "msharefs_open", unlocked_ioctl: "msharefs_ioctl", mmap: "msharefs_mmap" },
        mshare_info_ops: { llseek: "noop_llseek", read: "mshare_info_read" },
      },
      inode_operations: {
        msharefs_file_inode_ops: { setattr: "simple_setattr" },
        msharefs_dir_inode_ops: {
          create: "msharefs_create",
          link: "simple_link",
          unlink: "msharefs_unlink",
          mkdir: "msharefs_mkdir",
          rmdir: "simple_rmdir",
          rename: "msharefs_rename",
        },
      },
      super_operations: { mshare_s_ops: { evict_inode: "mshare_evict_inode" } },
      file_system_types: { msharefs: { fill_super: "msharefs_fill_super", kill_sb: "msharefs_kill_super" } },
    },
    init: ["mshare_init"],
  },
};
