// Reads request arguments that anybody may have sent: every function gives what its name says or throws a RequestError.
import { RequestError } from "./errors.ts";

export type Arguments = Readonly<Record<string, unknown>>;

function bad(key: string, expected: string): never {
  throw new RequestError("badArguments", `\`${key}\` must be ${expected}`);
}

export function isRecord(value: unknown): value is Arguments {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Arguments may be left out altogether; anything but an object is wrong. */
export function argumentsOf(value: unknown): Arguments {
  if (value === undefined || value === null) return {};
  return isRecord(value) ? value : bad("arguments", "an object");
}

export function record(args: Arguments, key: string): Arguments {
  const value = args[key];
  return isRecord(value) ? value : bad(key, "an object");
}

export function text(args: Arguments, key: string): string {
  const value = args[key];
  return typeof value === "string" ? value : bad(key, "a string");
}

export function optionalText(args: Arguments, key: string): string | undefined {
  return absent(args, key) ? undefined : text(args, key);
}

export function integer(args: Arguments, key: string): number {
  const value = args[key];
  return Number.isSafeInteger(value) ? (value as number) : bad(key, "an integer");
}

export function optionalInteger(args: Arguments, key: string): number | undefined {
  return absent(args, key) ? undefined : integer(args, key);
}

/** The number of a step, as text: the disassembly's addresses. */
export function stepReference(args: Arguments, key: string): number {
  const value = text(args, key);
  return /^\d{1,15}$/.test(value) ? Number(value) : bad(key, "the number of a step");
}

/** An integer from `least` up. */
export function count(args: Arguments, key: string, least = 0): number {
  const value = integer(args, key);
  return value >= least ? value : bad(key, `an integer from ${least} up`);
}

export function optionalCount(args: Arguments, key: string, least = 0): number | undefined {
  return absent(args, key) ? undefined : count(args, key, least);
}

export function optionalFlag(args: Arguments, key: string): boolean | undefined {
  const value = args[key];
  if (absent(args, key) || typeof value === "boolean") return (value ?? undefined) as boolean | undefined;
  return bad(key, "true or false");
}

/** One of some words, or nothing. */
export function optionalWord<T extends string>(args: Arguments, key: string, words: readonly T[]): T | undefined {
  if (absent(args, key)) return undefined;
  return words.find((word) => word === args[key]) ?? bad(key, `one of ${words.join(", ")}`);
}

/** A list of objects; left out it is empty. */
export function records(args: Arguments, key: string): readonly Arguments[] {
  if (absent(args, key)) return [];
  const value = args[key];
  if (!Array.isArray(value) || !value.every(isRecord)) return bad(key, "a list of objects");
  return value;
}

export function texts(args: Arguments, key: string): readonly string[] {
  if (absent(args, key)) return [];
  const value = args[key];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) return bad(key, "a list of strings");
  return value;
}

/** DAP clients send null for what they leave out now and then. */
function absent(args: Arguments, key: string): boolean {
  return args[key] === undefined || args[key] === null;
}
