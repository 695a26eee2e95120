// What a process can do: Linux's system calls and memory accesses, with Linux's arguments, results and errnos.
// A design adds its own. An `ioctl` is listed once a request: `constants` of its second parameter names it, its third
// has the fields; where a request is not listed, the first entry says what all have in common.
import type { CallSpec } from "../kernel/syscall_table.ts";
import { addr, fd, length } from "./call_params.ts";
import { files } from "./calls_files.ts";
import { mappings } from "./calls_mappings.ts";

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
