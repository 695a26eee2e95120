// What a kernel design says of itself. A design is a patch on `linux`: functions that replace or join the kernel's,
// structures, events, calls, constants and options. The registry (registry.ts) lists all designs.
import type { Patch } from "../kernel/boot.ts";
import type { CallSpec, ConstantSpec } from "../kernel/syscall_table.ts";

/** `kernel NAME { option: value }` and `--set option=value`. */
export interface OptionSpec {
  readonly name: string;
  readonly doc: string;
  /** The words, or the kind of number, that it takes. */
  readonly values: readonly string[] | "boolean" | "integer";
  readonly default: string;
}

/** A known defect of a design as posted. `fixes: [ID]` and `--fix ID` mend it. */
export interface KnownBug {
  readonly id: string;
  readonly title: string;
  /** Kinds of report that it causes, see docs/bugs. */
  readonly kinds: readonly string[];
  /** Where it comes from: seed file and mail, or fact. */
  readonly source: string;
  /** The kernel does not have it any more: `unfixed: [ID]` puts it back. */
  readonly historic?: true;
}

/** The part of a design that can be known without building a kernel. */
export interface DesignInfo {
  readonly name: string;
  readonly title: string;
  readonly doc: string;
  /** The Linux that it patches: "6.18" or "6.12". */
  readonly version: string;
  readonly options: readonly OptionSpec[];
  readonly calls: readonly CallSpec[];
  readonly constants: readonly ConstantSpec[];
  readonly bugs: readonly KnownBug[];
}

/** A design with its code: what it does to the kernel that it patches. */
export interface Design extends DesignInfo {
  readonly patch: Patch;
}
