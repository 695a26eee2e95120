// What differs between two machines that should be in the same state: for the message of a failing test.
import { Hasher } from "../../sim/core/hash.ts";
import type { Machine } from "../../sim/core/machine.ts";
import type { Storage } from "../../sim/core/storage.ts";
import { HEADER } from "../../sim/core/struct.ts";

/** Names of the first fields that differ: "page 12 lru_next: 3, 4". */
export function differences(a: Machine, b: Machine, most = 10): string[] {
  const found: string[] = [];
  a.store.storages.forEach((storage, i) => {
    const other = b.store.storages[i]!;
    for (let slot = 0; slot < Math.max(storage.top, other.top) && found.length < most; slot++)
      found.push(...inObject(storage, other, slot));
  });
  return found.slice(0, most);
}

function inObject(a: Storage, b: Storage, slot: number): string[] {
  const found: string[] = [];
  const note = (field: string, one: unknown, other: unknown) =>
    found.push(`${a.type.name} ${slot} ${field}: ${one}, ${other}`);
  const { chunk, genAt, valueBase } = a.place(slot);
  for (let i = 0; i < a.stride; i++) {
    const one = a.chunks[chunk]?.[genAt + i] ?? 0;
    const other = b.chunks[chunk]?.[genAt + i] ?? 0;
    if (one !== other) note(fieldAt(a, i), one, other);
  }
  for (let i = 0; i < a.type.values; i++) {
    const one = digest(a.values[chunk]?.[valueBase + i]);
    const other = digest(b.values[chunk]?.[valueBase + i]);
    if (one !== other) note(`value ${i}`, one, other);
  }
  return found;
}

function fieldAt({ type }: Storage, index: number): string {
  if (index < HEADER) return ["generation", "born", "died"][index]!;
  const at = index - HEADER;
  const field = type.fields.findLast((one) => one.kind.kind !== "value" && one.kind.kind !== "refs" && one.at <= at);
  return field ? `${field.name}+${at - field.at}` : String(at);
}

function digest(value: unknown): string {
  const hasher = new Hasher();
  hasher.value(value);
  return hasher.digest();
}
