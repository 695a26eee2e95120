// Calls about mappings and the memory in them.
import type { CallSpec } from "../kernel/syscall_table.ts";
import { addr, fd, length, prot } from "./call_params.ts";

export const mappings: readonly CallSpec[] = [
  {
    name: "mmap",
    params: [
      addr,
      length,
      prot,
      { name: "flags", kind: "flags", constants: ["MAP_"] },
      fd,
      { name: "offset", kind: "offset" },
    ],
    doc: "Maps `length` bytes of a file at `offset`, or of nothing (`MAP_ANONYMOUS`, then `fd` is -1). Without `MAP_FIXED`, `addr` is a hint; without a usable hint Linux places top-down.",
    returns: "the address",
    errors: {
      EINVAL:
        "length 0, neither `MAP_SHARED` nor `MAP_PRIVATE`, an address or offset that is not page-aligned, or the file refuses",
      ENOMEM: "no range of addresses that fits",
      EBADF: "`fd` is not open",
      EACCES: "the file was not opened for this",
      EEXIST: "`MAP_FIXED_NOREPLACE` and something is there",
      ENODEV: "the file cannot be mapped",
      EOPNOTSUPP: "unknown flags with `MAP_SHARED_VALIDATE`",
    },
  },
  {
    name: "munmap",
    params: [addr, length],
    doc: "Removes all mappings of a range, and the page tables that no mapping needs any more.",
    returns: "0",
    errors: { EINVAL: "not page-aligned, length 0, or the mapping may not be split", ENOMEM: "too many mappings" },
  },
  {
    name: "mremap",
    params: [
      { name: "old_address", kind: "address" },
      { name: "old_size", kind: "size" },
      { name: "new_size", kind: "size" },
      { name: "flags", kind: "flags", constants: ["MREMAP_"], optional: true },
      { name: "new_address", kind: "address", optional: true },
    ],
    doc: "Grows, shrinks or moves a mapping; its pages move along.",
    returns: "the new address",
    errors: {
      EINVAL: "not page-aligned, size 0, or flags that do not go together",
      EFAULT: "no mapping there",
      ENOMEM: "no room, and no `MREMAP_MAYMOVE`",
    },
  },
  {
    name: "mprotect",
    params: [addr, length, prot],
    doc: "Sets what a range may be used for.",
    returns: "0",
    errors: {
      EINVAL: "not page-aligned, unknown protection, or the mapping may not be split",
      ENOMEM: "a hole in the range",
      EACCES: "the file was not opened for this",
    },
  },
  {
    name: "madvise",
    params: [addr, length, { name: "advice", kind: "int", constants: ["MADV_"] }],
    doc: "Tells the kernel how a range will be used, or to drop, page out or populate it.",
    returns: "0",
    errors: {
      EINVAL: "not page-aligned, unknown advice, or the mapping does not take it",
      ENOMEM: "a hole in the range",
      EFAULT: "populating met a fault",
    },
  },
  {
    name: "mincore",
    params: [addr, length, { name: "vec", kind: "address", optional: true }],
    doc: "Says which pages are in memory: one byte a page at `vec`; without `vec` the bytes go nowhere.",
    returns: "0",
    errors: { EINVAL: "not page-aligned", ENOMEM: "a hole in the range", EFAULT: "`vec` is not writable" },
  },
  {
    name: "msync",
    params: [addr, length, { name: "flags", kind: "flags", constants: ["MS_"] }],
    doc: "Writes a shared mapping back. The files here live in memory, so that only the checks remain.",
    returns: "0",
    errors: {
      EINVAL: "not page-aligned, or flags that do not go together",
      ENOMEM: "a hole in the range",
      EBUSY: "`MS_INVALIDATE` of locked memory",
    },
  },
  {
    name: "mlock",
    params: [addr, length],
    doc: "Makes a range present and keeps it in memory. Whoever runs a scenario is root: there is no limit.",
    returns: "0",
    errors: {
      ENOMEM: "a hole in the range, or a page that cannot be had",
      EAGAIN: "no memory",
      EINVAL: "a length that overflows",
    },
  },
  {
    name: "mlock2",
    params: [addr, length, { name: "flags", kind: "flags", constants: ["MLOCK_"] }],
    doc: "`mlock`; with `MLOCK_ONFAULT` pages are locked when they are faulted in.",
    returns: "0",
    errors: { ENOMEM: "a hole in the range, or a page that cannot be had", EINVAL: "unknown flags" },
  },
  {
    name: "munlock",
    params: [addr, length],
    doc: "Takes `mlock` back.",
    returns: "0",
    errors: { ENOMEM: "a hole in the range", EINVAL: "a length that overflows" },
  },
  {
    name: "mlockall",
    params: [{ name: "flags", kind: "flags", constants: ["MCL_"] }],
    doc: "Locks what is mapped, what will be mapped, or both.",
    returns: "0",
    errors: { EINVAL: "no flags, unknown ones, or `MCL_ONFAULT` alone" },
  },
  { name: "munlockall", params: [], doc: "Takes all locks on the caller's memory back.", returns: "0" },
];
