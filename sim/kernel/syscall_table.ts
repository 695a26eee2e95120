// What the outside may know of a system call before it runs: its name, its parameters, what it gives.
// The checker, completion, signature help and hovers read it; the runner uses it to convert arguments.

/** What an argument means; decides its conversion, its completion and its checks. */
export type ParamKind =
  | "fd"
  | "address"
  | "size" // bytes
  | "offset" // bytes
  | "int"
  | "value" // 64-bit data
  | "path"
  | "string"
  | "buffer" // an address, or a string that the program has as a constant
  | "flags" // joined constants, see `constants`
  | "struct" // `{ key: value }`, see `struct`
  | "process" // a declared process
  | "pages"; // a number of 4096-byte pages

export interface Param {
  readonly name: string;
  readonly kind: ParamKind;
  readonly optional?: true;
  /** A field that the call writes: a variable in its place gets the value. */
  readonly output?: true;
  /** Prefixes or names of the constants that make sense here: `["PROT_"]`, `["MAP_"]`. */
  readonly constants?: readonly string[];
  /** Fields of a struct argument, in C order; all optional fields read 0. */
  readonly fields?: readonly Param[];
}

/** A system call or a memory access, as a scenario calls it. */
export interface CallSpec {
  readonly name: string;
  readonly params: readonly Param[];
  /** What it does, one to three sentences of Markdown. */
  readonly doc: string;
  /** What it returns: "a file descriptor", "0", "the value". */
  readonly returns: string;
  /** errno names that it can give, with the reason. */
  readonly errors?: Readonly<Record<string, string>>;
}

/** A named number that scenarios may use. `value` is x86-64 Linux's. */
export interface ConstantSpec {
  readonly name: string;
  readonly value: bigint;
  readonly doc?: string;
}
