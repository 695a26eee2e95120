// Drawing lots, the same for the same seed everywhere.

export interface Draw {
  /** A whole number, both ends among them. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  one<T>(list: readonly T[]): T;
  /** A key, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
}

export function createDraw(seed: number): Draw {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    between,
    chance: (probability) => next() < probability,
    one: (list) => list[between(0, list.length - 1)]!,
    weighted(weights) {
      const entries = Object.entries(weights) as [keyof typeof weights, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        left -= weight;
        if (left < 0) return key;
      }
      return entries.at(-1)![0];
    },
  };
}

/**
 * The same lots with a taste: of the kinds of things that there are some come often and some never. Programs of different
 * tastes go deeper into more corners than programs that are all alike.
 */
export function withTaste(draw: Draw): Draw {
  const tastes = new Map<string, number>();
  const tasteOf = (kind: string): number => {
    const known = tastes.get(kind);
    if (known !== undefined) return known;
    const taste = draw.one([0, 0.3, 1, 1, 1, 1, 4]);
    tastes.set(kind, taste);
    return taste;
  };
  return {
    ...draw,
    weighted(weights) {
      const tasted = { ...weights } as Record<keyof typeof weights, number>;
      for (const kind of Object.keys(weights) as (keyof typeof weights)[]) tasted[kind] *= tasteOf(kind);
      return draw.weighted(Object.values<number>(tasted).some((weight) => weight > 0) ? tasted : weights);
    },
  };
}
