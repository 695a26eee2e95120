// Calls about files and descriptors.
import type { CallSpec } from "../kernel/syscall_table.ts";
import { fd, mode, path } from "./call_params.ts";

export const files: readonly CallSpec[] = [
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
