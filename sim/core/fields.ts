// Kinds of fields that a structure may have. A kind says how a value is stored and how people read it.
import type { StructType } from "./struct.ts";

/** How a number is shown. "flags" and "enum" take names from `names`; "pgprot": what page-table entries have beside a frame. */
export type Format = "dec" | "hex" | "address" | "bytes" | "pages" | "pfn" | "pgprot" | "bool" | "flags" | "enum";

export interface NumberKind {
  readonly kind: "number";
  readonly format: Format;
  /** For "flags": bit value → name; for "enum": value → name. */
  readonly names?: Readonly<Record<number, string>>;
}

/** A pointer to another structure, null or stale pointers included. */
export interface RefKind<T> {
  readonly kind: "ref";
  readonly to: string;
  readonly type?: T;
}

/** An ordered list of pointers. The list itself is immutable; a change replaces it. */
export interface RefsKind<T> {
  readonly kind: "refs";
  readonly to: string;
  readonly type?: T;
}

/** Anything immutable: a string, a frozen object, a persistent map. Never changed in place. */
export interface ValueKind<T> {
  readonly kind: "value";
  readonly initial: T;
  /** How people read it; the default shows strings as they are and counts the rest. */
  readonly show?: (value: T) => string;
  /** Maps of numbers: how people read one of these. */
  readonly each?: (element: number) => string;
}

/** `length` numbers, read by `h.NAME(i)`, written by `h.set_NAME(i, v)`. */
export interface ArrayKind {
  readonly kind: "array";
  readonly length: number;
  readonly format: Format;
}

/** A structure inside this one. */
export interface EmbedKind<F extends Fields> {
  readonly kind: "embed";
  readonly struct: StructType<F>;
}

// biome-ignore lint/suspicious/noExplicitAny: the element types differ field by field
export type Kind = NumberKind | RefKind<any> | RefsKind<any> | ValueKind<any> | ArrayKind | EmbedKind<any>;
export type Fields = Readonly<Record<string, Kind>>;

export const number = (format: Format = "dec"): NumberKind => ({ kind: "number", format });
export const bytes = (): NumberKind => number("bytes");
export const pages = (): NumberKind => number("pages");
export const address = (): NumberKind => number("address");
export const pfn = (): NumberKind => number("pfn");
export const bool = (): NumberKind => number("bool");
export const flags = (names: Readonly<Record<number, string>>): NumberKind => ({
  kind: "number",
  format: "flags",
  names,
});
export const oneOf = (names: Readonly<Record<number, string>>): NumberKind => ({
  kind: "number",
  format: "enum",
  names,
});
export const ref = <T>(to: string): RefKind<T> => ({ kind: "ref", to });
export const refs = <T>(to: string): RefsKind<T> => ({ kind: "refs", to });
export const value = <T>(initial: T, show?: (value: T) => string): ValueKind<T> => ({ kind: "value", initial, show });
/** A map of numbers that stand for something. */
export const mapOf = <T>(initial: T, each: (element: number) => string): ValueKind<T> => ({
  kind: "value",
  initial,
  each,
});
export const text = (): ValueKind<string> => value("");
export const array = (length: number, format: Format = "dec"): ArrayKind => ({ kind: "array", length, format });
export const embed = <F extends Fields>(struct: StructType<F>): EmbedKind<F> => ({ kind: "embed", struct });
