// Which lock classes were taken while which others were held. Immutable: a new pair makes a new one.
import type { Hashed } from "../core/hash.ts";

const CLASSES = 4096;

export class LockOrder implements Hashed {
  /** first × CLASSES + second */
  readonly #pairs: ReadonlySet<number>;

  private constructor(pairs: ReadonlySet<number>) {
    this.#pairs = pairs;
  }

  static readonly empty = new LockOrder(new Set());

  has(first: number, second: number): boolean {
    return this.#pairs.has(first * CLASSES + second);
  }

  with(first: number, second: number): LockOrder {
    return new LockOrder(new Set([...this.#pairs, first * CLASSES + second]));
  }

  /** The shortest chain of classes from `from` to `to`, each taken while the one before was held; null: none. */
  path(from: number, to: number): readonly number[] | null {
    const cameFrom = new Map<number, number>([[from, -1]]);
    const open = [from];
    for (let at = open.shift(); at !== undefined; at = open.shift()) {
      if (at === to) return chain(cameFrom, to);
      for (const pair of this.#pairs) {
        const next = pair % CLASSES;
        if (Math.floor(pair / CLASSES) !== at || cameFrom.has(next)) continue;
        cameFrom.set(next, at);
        open.push(next);
      }
    }
    return null;
  }

  hashParts(): unknown[] {
    return [...this.#pairs].sort((a, b) => a - b);
  }
}

function chain(cameFrom: ReadonlyMap<number, number>, to: number): readonly number[] {
  const classes: number[] = [];
  for (let at = to; at >= 0; at = cameFrom.get(at)!) classes.unshift(at);
  return classes;
}
