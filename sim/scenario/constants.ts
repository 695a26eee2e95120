// Linux's constants as scenarios know them. The values come from the kernel's uapi files, the words are ours.
import type { ConstantSpec } from "../kernel/syscall_table.ts";
import * as errno from "../kernel/uapi/errno.ts";
import * as fcntl from "../kernel/uapi/fcntl.ts";
import * as kvm from "../kernel/uapi/kvm.ts";
import * as mman from "../kernel/uapi/mman.ts";
import * as signal from "../kernel/uapi/signal.ts";
import * as userfaultfd from "../kernel/uapi/userfaultfd.ts";
import { fileDocs, kvmDocs, mappingDocs, signalDocs, userfaultfdDocs } from "./constant_docs.ts";
import { errnoDocs } from "./errno_docs.ts";
import { toU64 } from "./values.ts";

/** Every number among a module's exports, with its line of `docs`. */
function specs(module: Readonly<Record<string, unknown>>, docs: string): ConstantSpec[] {
  const lines = new Map<string, string>();
  for (const line of docs.trim().split("\n")) {
    const gap = line.indexOf(" ");
    lines.set(line.slice(0, gap), line.slice(gap + 1));
  }
  const made: ConstantSpec[] = [];
  for (const [name, value] of Object.entries(module)) {
    if (typeof value === "number") made.push({ name, value: toU64(value), doc: lines.get(name) });
  }
  return made;
}

const errnos = specs(errno, errnoDocs);

/** All constants that do not depend on a design, in the order in which a manual would list them. */
export const linuxConstants: readonly ConstantSpec[] = [
  ...specs(mman, mappingDocs),
  ...specs(fcntl, fileDocs),
  ...errnos,
  ...specs(signal, signalDocs),
  ...specs(userfaultfd, userfaultfdDocs),
  ...specs(kvm, kvmDocs),
];

/** What `fails` takes. */
export const errnoNames: ReadonlySet<string> = new Set(errnos.map((constant) => constant.name));

/** What `faults` takes. */
export const faultSignals: ReadonlyMap<string, string> = new Map([
  ["SIGSEGV", "No mapping, or not for this kind of access."],
  ["SIGBUS", "A mapping, but no page behind it: beyond the end of the file, or no huge page left."],
  ["OOM", "No memory for the page: the OOM killer ends the access, and the process."],
]);

/** The word that `touch` takes as its third argument. */
export const wordArguments: readonly ConstantSpec[] = [
  { name: "write", value: 1n, doc: "`touch(addr, length, write)` stores instead of loading." },
];
