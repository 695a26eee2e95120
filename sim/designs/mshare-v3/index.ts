// RFC PATCH v3 00 to 10/10 "Add support for shared PTEs across processes", Anthony Yznaga and Khalid Aziz, 2024-09-03
// (seed 003_0a3a0e7ddc0a762e.txt), as measured on Linux 6.12.117.
import type { CallSpec, Param } from "../../kernel/syscall_table.ts";
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
import * as memory from "./memory.ts";
import * as memory_straight from "./memory.ts?straight";
import * as mshare from "./mshare.ts";
import * as mshare_straight from "./mshare.ts?straight";
import * as msharefs from "./msharefs.ts";
import * as msharefs_straight from "./msharefs.ts?straight";
import * as owner from "./owner.ts";
import * as owner_straight from "./owner.ts?straight";
import * as sharers from "./sharers.ts";
import * as sharers_straight from "./sharers.ts?straight";
import { events, mshare_data, msharefs_info } from "./structures.ts";
import * as vm_ops from "./vm_ops.ts";
import * as vm_ops_straight from "./vm_ops.ts?straight";

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
    tlbFlush,
    mmapLock,
    {
      name: "owner",
      doc: "Whom a region's memory is charged to: its `creator`, as posted, also after its end; `nobody`; or the `toucher`, whoever faults.",
      values: ["creator", "nobody", "toucher"],
      default: "creator",
    },
    {
      name: "dontneed",
      doc: "Whose pages a process' MADV_DONTNEED takes away: `nobody`'s, as posted, or `everyone`'s.",
      values: ["nobody", "everyone"],
      default: "nobody",
    },
    {
      name: "lock_handover",
      doc: "After which results of a fault the guest's mmap_lock is dropped in place of the host's: `all` that dropped the host's, as posted, or `retry` alone, as in the forerunner (RFC v2 of 2023).",
      values: ["all", "retry"],
      default: "all",
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
  bugs: knownBugs,
  patch: {
    stepping: [charging, tlb_flush, notifier, sharers, owner, msharefs, mshare, memory, vm_ops],
    straight: [
      charging_straight,
      tlb_flush_straight,
      notifier_straight,
      sharers_straight,
      owner_straight,
      msharefs_straight,
      mshare_straight,
      memory_straight,
      vm_ops_straight,
    ],
    structures: [mshare_data, msharefs_info, host_invalidation],
    events,
    operations: {
      mmu_notifier_ops: host_notifier_ops,
      vm_ops: { msharefs_vm_ops: { may_split: "mshare_vm_op_split", mprotect: "mshare_vm_op_mprotect" } },
      file_operations: {
        msharefs_file_operations: { open: "msharefs_open", unlocked_ioctl: "msharefs_ioctl", mmap: "msharefs_mmap" },
        mshare_info_ops: { llseek: "noop_llseek", read: "mshare_info_read" },
      },
      inode_operations: {
        msharefs_file_inode_ops: { setattr: "simple_setattr" },
        msharefs_dir_inode_ops: {
          create: "msharefs_create",
          link: "msharefs_link",
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
