// State hashes: 2 × 32 bits over every number and value of a store. Chunks that snapshots share are hashed once.
import type { Storage } from "./storage.ts";

interface Sum {
  readonly low: number;
  readonly high: number;
}

const known = new WeakMap<Float64Array, { values: readonly unknown[]; sum: Sum }>();

/** Values that hash themselves: persistent structures. */
export interface Hashed {
  hashParts(): Iterable<unknown>;
}

export class Hasher {
  #low = 0x811c9dc5;
  #high = 0x1b873593;

  storage(storage: Storage): void {
    this.text(storage.type.name);
    for (const { chunk, numbers, values, shared } of storage.written()) {
      this.word(chunk);
      const kept = shared ? known.get(numbers) : undefined;
      const sum = kept && kept.values === values ? kept.sum : hashChunk(numbers, values);
      if (shared) known.set(numbers, { values, sum });
      this.word(sum.low);
      this.word(sum.high);
    }
  }

  number(n: number): void {
    pair[0] = n;
    this.word(words[0]!);
    this.word(words[1]!);
  }

  word(w: number): void {
    this.#low = Math.imul(this.#low ^ w, 0x01000193);
    this.#high = Math.imul(this.#high ^ (w >>> 15) ^ this.#low, 0x85ebca6b);
  }

  text(s: string): void {
    for (let i = 0; i < s.length; i++) this.word(s.charCodeAt(i));
    this.word(s.length);
  }

  /** Any immutable value: numbers, strings, bigints, arrays, plain objects, self-hashing structures. */
  value(v: unknown): void {
    if (typeof v === "number") this.number(v);
    else if (typeof v === "string") this.text(v);
    else if (typeof v === "object" && v !== null) this.object(v);
    else this.text(String(v));
  }

  object(v: object): void {
    if ("hashParts" in v) for (const part of (v as Hashed).hashParts()) this.value(part);
    else if (Array.isArray(v)) {
      this.word(v.length);
      for (const item of v) this.value(item);
    } else
      for (const [key, item] of Object.entries(v)) {
        this.text(key);
        this.value(item);
      }
  }

  sum(): Sum {
    return { low: this.#low, high: this.#high };
  }

  digest(): string {
    const hex = (w: number) => (w >>> 0).toString(16).padStart(8, "0");
    return hex(this.#high) + hex(this.#low);
  }
}

const pair = new Float64Array(1);
const words = new Int32Array(pair.buffer);

function hashChunk(numbers: Float64Array, values: readonly unknown[]): Sum {
  const hasher = new Hasher();
  for (let i = 0; i < numbers.length; i++) {
    const n = numbers[i]!;
    if (n === 0) continue;
    hasher.word(i);
    hasher.number(n);
  }
  for (let i = 0; i < values.length; i++) {
    hasher.word(i);
    hasher.value(values[i]);
  }
  return hasher.sum();
}
