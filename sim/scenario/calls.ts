// What a process can do: Linux's system calls and memory accesses, with Linux's arguments, results and errnos.
// A design adds its own. An `ioctl` is listed once a request: `constants` of its second parameter names it, its third
// has the fields; where a request is not listed, the first entry says what all have in common.
import type { CallSpec, Param } from "../kernel/syscall_table.ts";

const fd: Param = { name: "fd", kind: "fd" };
const path: Param = { name: "path", kind: "path" };
const addr: Param = { name: "addr", kind: "address" };
const length: Param = { name: "length", kind: "size" };
const prot: Param = { name: "prot", kind: "flags", constants: ["PROT_"] };
const mode: Param = { name: "mode", kind: "int", constants: ["S_I"] };

/** Memory accesses: not system calls, they raise signals instead of failing with an errno. */
export const accessCalls: readonly CallSpec[] = [
  { name: "load", params: [addr], doc: "Reads 8 bytes at `addr`.", returns: "the value" },
  {
    name: "store",
    params: [addr, { name: "value", kind: "value" }],
    doc: "Writes 8 bytes at `addr`.",
    returns: "the value",
  },
  {
    name: "touch",
    params: [addr, length, { name: "write", kind: "int", optional: true, constants: ["write"] }],
    doc: "One 8-byte access at the start of each page of `addr`..`addr + length`, in order: a load, or with the word `write` a store of 1. It stops at the first page that faults.",
    returns: "the number of pages accessed",
  },
  { name: "exec", params: [addr], doc: "Fetches an instruction at `addr`, as a jump there would.", returns: "0" },
];

const files: readonly CallSpec[] = [
  {
    name: "open",
    params: [path, { name: "flags", kind: "flags", constants: ["O_"] }, { ...mode, optional: true }],
    doc: "Opens a file, or with `O_CREAT` makes it. There are `/dev/shm`, `/tmp`, `/proc`, `/sys/kernel/mm` and what the design mounts.",
    returns: "a file descriptor; they count from 3",
    errors: {
      ENOENT: "no such file, and no `O_CREAT`",
      EEXIST: "the file exists, with `O_CREAT|O_EXCL`",
      EISDIR: "a directory, for writing",
      ENOTDIR: "a part of the path is no directory",
      EACCES: "not permitted",
      EINVAL: "flags that do not go together",
    },
  },
  {
    name: "close",
    params: [fd],
    doc: "Closes a descriptor. Mappings of the file stay.",
    returns: "0",
    errors: { EBADF: "not open" },
  },
  {
    name: "read",
    params: [fd, { name: "buf", kind: "address" }, { name: "count", kind: "size" }],
    doc: "Reads up to `count` bytes at the file's position into the process's memory.",
    returns: "the number of bytes",
    errors: {
      EBADF: "not open for reading",
      EFAULT: "`buf` is not writable",
      EINVAL: "the file cannot be read",
      EISDIR: "a directory",
    },
  },
  {
    name: "write",
    params: [fd, { name: "buf", kind: "buffer" }, { name: "count", kind: "size" }],
    doc: "Writes `count` bytes of the process's memory at the file's position. A string may stand for an address, as in C: `write(fd, \"max\", 3)`.",
    returns: "the number of bytes",
    errors: {
      EBADF: "not open for writing",
      EFAULT: "`buf` is not readable",
      EINVAL: "the file cannot be written",
      ENOSPC: "no space",
    },
  },
  {
    name: "unlink",
    params: [path],
    doc: "Removes a name. The file goes when nobody has it open or mapped.",
    returns: "0",
    errors: { ENOENT: "no such file", EISDIR: "a directory", EPERM: "not allowed for this file" },
  },
  {
    name: "link",
    params: [
      { name: "oldpath", kind: "path" },
      { name: "newpath", kind: "path" },
    ],
    doc: "Gives a file a second name.",
    returns: "0",
    errors: {
      ENOENT: "no such file",
      EEXIST: "the new name exists",
      EXDEV: "another file system",
      EPERM: "a directory, or not allowed for this file",
    },
  },
  {
    name: "rename",
    params: [
      { name: "oldpath", kind: "path" },
      { name: "newpath", kind: "path" },
    ],
    doc: "Gives a file another name; one that has it is replaced.",
    returns: "0",
    errors: {
      ENOENT: "no such file",
      EXDEV: "another file system",
      EPERM: "not allowed for this file",
      ENOTEMPTY: "a directory that is not empty",
    },
  },
  {
    name: "mkdir",
    params: [path, { ...mode, optional: true }],
    doc: "Makes a directory.",
    returns: "0",
    errors: { EEXIST: "exists already", ENOENT: "no such directory to make it in" },
  },
  {
    name: "rmdir",
    params: [path],
    doc: "Removes an empty directory.",
    returns: "0",
    errors: { ENOTEMPTY: "not empty", ENOTDIR: "not a directory", ENOENT: "no such directory" },
  },
  {
    name: "ftruncate",
    params: [fd, { name: "length", kind: "offset" }],
    doc: "Sets a file's size in bytes. Pages beyond it are unmapped everywhere.",
    returns: "0",
    errors: { EBADF: "not open", EINVAL: "not open for writing, a negative length, or a file without size" },
  },
  {
    name: "fallocate",
    params: [
      fd,
      { name: "mode", kind: "flags", constants: ["FALLOC_"] },
      { name: "offset", kind: "offset" },
      { name: "length", kind: "offset" },
    ],
    doc: "Gives a file its pages, or with `FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE` takes them away, from every mapping too.",
    returns: "0",
    errors: {
      EBADF: "not open for writing",
      EINVAL: "a negative offset, or no length",
      EOPNOTSUPP: "flags that do not go together, or that the file system does not know",
      EFBIG: "larger than files get",
      ENOSPC: "the file system is full",
    },
  },
  {
    name: "lseek",
    params: [fd, { name: "offset", kind: "offset" }, { name: "whence", kind: "int", constants: ["SEEK_"] }],
    doc: "Moves the file's position.",
    returns: "the new position in bytes",
    errors: {
      EBADF: "not open",
      EINVAL: "an unknown `whence`, or before the file's start",
      ENXIO: "`SEEK_DATA` or `SEEK_HOLE` beyond the end",
      ESPIPE: "no seeking there",
    },
  },
  {
    name: "dup",
    params: [fd],
    doc: "A second descriptor for the same open file: they share position and flags.",
    returns: "the lowest free descriptor",
    errors: { EBADF: "not open" },
  },
  {
    name: "fcntl",
    params: [
      fd,
      { name: "cmd", kind: "int", constants: ["F_ADD_SEALS", "F_GET_SEALS"] },
      { name: "arg", kind: "flags", constants: ["F_SEAL_"], optional: true },
    ],
    doc: "Adds seals to a file of `memfd_create(name, MFD_ALLOW_SEALING)`, or asks for those that it has. A seal stays for ever.",
    returns: "0; the seals",
    errors: {
      EBADF: "not open",
      EPERM:
        "not open for writing, or no more seals are allowed: `F_SEAL_SEAL`, which every file has that was not made for sealing",
      EBUSY: "`F_SEAL_WRITE` while a shared mapping of it may be written",
      EINVAL: "no such seal or command, or a file that cannot have seals",
    },
  },
  {
    name: "fsync",
    params: [fd],
    doc: "Writes a file back; for files in memory there is nothing to do.",
    returns: "0",
    errors: { EBADF: "not open", EINVAL: "the file does not support it" },
  },
  {
    name: "memfd_create",
    params: [
      { name: "name", kind: "string" },
      { name: "flags", kind: "flags", constants: ["MFD_"], optional: true },
    ],
    doc: "Makes a nameless file in memory. `name` only shows in /proc.",
    returns: "a file descriptor",
    errors: { EINVAL: "unknown flags", ENOMEM: "no memory" },
  },
];

const mappings: readonly CallSpec[] = [
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

const guestErrors = {
  EFAULT: "the process has no memory there, or not for this kind of access",
  ENXIO: "no slot has the address, or a read-only one; KVM_RUN would exit for MMIO",
  EBADF: "`fd` is not open",
  ENOTTY: "`fd` is no virtual machine",
  EIO: "the machine is another process's",
};

const processes: readonly CallSpec[] = [
  {
    name: "fork",
    params: [{ name: "child", kind: "process" }],
    doc: "Starts the declared process `child` as a copy of the caller, with its memory, descriptors and variables. `child` may not act before.",
    returns: "the child's pid; pids count from 1 in order of declaration",
    errors: { ENOMEM: "no memory for the copy" },
  },
  {
    name: "exit",
    params: [{ name: "status", kind: "int", optional: true }],
    doc: "Ends the caller and frees its memory. It may not act any more.",
    returns: "nothing",
  },
  {
    name: "wait",
    params: [{ name: "child", kind: "process", optional: true }],
    doc: "Waits for a child, or for the given one, to exit.",
    returns: "the child's pid",
    errors: { ECHILD: "no such child" },
  },
];

const guests: readonly CallSpec[] = [
  {
    name: "kvm_load",
    params: [fd, { name: "gpa", kind: "address" }],
    doc: "The guest of a virtual machine reads 8 bytes at a guest physical address, as KVM_RUN would let it. Its stage-2 table is filled by faults.",
    returns: "the value",
    errors: guestErrors,
  },
  {
    name: "kvm_store",
    params: [fd, { name: "gpa", kind: "address" }, { name: "value", kind: "value" }],
    doc: "The guest writes 8 bytes at a guest physical address.",
    returns: "0",
    errors: guestErrors,
  },
];

const inspection: readonly CallSpec[] = [
  {
    name: "pagemap",
    params: [addr],
    doc: "Reads the entry of `addr` in /proc/self/pagemap, walking the tables as the kernel does.",
    returns: "the 64-bit entry",
  },
  {
    name: "smaps",
    params: [addr, { name: "field", kind: "string", optional: true }],
    doc: 'Reads /proc/self/smaps and gives a line of the mapping that covers `addr`, such as "Rss" (the default) or "Pss".',
    returns: "that line's value in bytes, 0 where nothing is mapped",
    errors: { EINVAL: "no such line" },
  },
  {
    name: "status",
    params: [{ name: "field", kind: "string", optional: true }],
    doc: 'Reads /proc/self/status and gives a line of it, such as "VmPTE" (the default) or "VmRSS".',
    returns: "that line's value in bytes",
    errors: { EINVAL: "no such line" },
  },
];

/** Every call that unpatched Linux offers here, memory accesses not among them. */
export const linuxCalls: readonly CallSpec[] = [...files, ...mappings, ...processes, ...guests, ...inspection];

export const accessNames: ReadonlySet<string> = new Set(accessCalls.map((call) => call.name));
