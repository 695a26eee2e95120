// A persistent map from small integers to values: what Linux keeps in an xarray (a file's page cache). Changing it
// makes a new one that shares all but one path with the old, so that snapshots cost nothing.

const BITS = 5;
const FANOUT = 1 << BITS;

type Node<T> = readonly (Node<T> | T | undefined)[];

export class Radix<T extends number | string | object> {
  readonly #root: Node<T>;
  readonly #levels: number;
  readonly size: number;

  private constructor(root: Node<T>, levels: number, size: number) {
    this.#root = root;
    this.#levels = levels;
    this.size = size;
  }

  static readonly empty = new Radix<never>([], 1, 0);

  get(index: number): T | undefined {
    if (index >= FANOUT ** this.#levels) return undefined;
    let node: Node<T> | undefined = this.#root;
    for (let level = this.#levels - 1; level > 0; level--) {
      node = node[Math.floor(index / FANOUT ** level) % FANOUT] as Node<T> | undefined;
      if (!node) return undefined;
    }
    return node[index % FANOUT] as T | undefined;
  }

  set(index: number, value: T): Radix<T> {
    let root = this.#root;
    let levels = this.#levels;
    for (; index >= FANOUT ** levels; levels++) root = this.size ? [root] : [];
    const grown = this.get(index) === undefined ? 1 : 0;
    return new Radix(put(root, levels - 1, index, value), levels, this.size + grown);
  }

  delete(index: number): Radix<T> {
    if (this.get(index) === undefined) return this;
    if (this.size === 1) return Radix.empty as Radix<never>;
    return new Radix(put(this.#root, this.#levels - 1, index, undefined), this.#levels, this.size - 1);
  }

  /** Entries with from <= index < to, in order. */
  *entries(from = 0, to = Number.MAX_SAFE_INTEGER): IterableIterator<[index: number, value: T]> {
    yield* within(this.#root, this.#levels - 1, 0, from, to);
  }

  hashParts(): Iterable<unknown> {
    return this.entries();
  }
}

function put<T>(node: Node<T>, level: number, index: number, value: T | undefined): Node<T> {
  const copy = node.slice();
  const at = Math.floor(index / FANOUT ** level) % FANOUT;
  copy[at] = level === 0 ? value : put((copy[at] as Node<T> | undefined) ?? [], level - 1, index, value);
  return copy;
}

function* within<T>(
  node: Node<T>,
  level: number,
  base: number,
  from: number,
  to: number,
): IterableIterator<[number, T]> {
  const span = FANOUT ** level;
  for (let at = 0; at < node.length; at++) {
    const first = base + at * span;
    const item = node[at];
    if (item === undefined || first >= to || first + span <= from) continue;
    if (level === 0) yield [first, item as T];
    else yield* within(item as Node<T>, level - 1, first, from, to);
  }
}
