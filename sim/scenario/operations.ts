// What no process asks for: `kernel: op(…)` and `cpu N: op(…)`.
import type { CallSpec, Param } from "../kernel/syscall_table.ts";

const process: Param = { name: "process", kind: "process" };
const addr: Param = { name: "addr", kind: "address" };

/** Run on CPU 0 in a kernel thread that borrows the last mm. */
export const kernelOperations: readonly CallSpec[] = [
  {
    name: "swap_out",
    params: [process, addr, { name: "length", kind: "size" }],
    doc: "Reclaim pages out what the process has in this range: anonymous and shared memory goes to swap.",
    returns: "the number of pages",
  },
  {
    name: "reclaim",
    params: [{ name: "pages", kind: "pages" }],
    doc: "Reclaim frees up to so many pages of 4096 bytes, least recently used first.",
    returns: "the number of pages freed",
  },
  { name: "oom_kill", params: [process], doc: "The OOM killer chooses this process.", returns: "0" },
  { name: "compact", params: [], doc: "Compaction moves pages together.", returns: "the number of pages moved" },
  {
    name: "split_huge_pages",
    params: [],
    doc: "Writes to the debugfs file split_huge_pages: holds each frame in use for a moment, page tables too.",
    returns: "the number of pages split",
  },
  {
    name: "migrate",
    params: [process, addr],
    doc: "Moves the page that the process has at `addr` to another frame.",
    returns: "0",
    errors: { EAGAIN: "the page is in use", ENOENT: "no page there" },
  },
  {
    name: "exit_idle",
    params: [{ name: "cpu", kind: "int" }],
    doc: "A CPU that idles, or lazily keeps an mm, leaves that mm.",
    returns: "0",
    errors: { EBUSY: "a process runs there" },
  },
];

export const cpuOperations: readonly CallSpec[] = [
  {
    name: "switch_to",
    params: [process],
    doc: "Puts a process or thread on this CPU, where it then stays. The CPU that it leaves idles.",
    returns: "0",
    errors: { ESRCH: "it has ended" },
  },
  { name: "idle", params: [], doc: "Leaves the CPU idle; it keeps the last mm loaded (lazy TLB).", returns: "0" },
];
