// "Did you mean …": the names that a mistyped one is nearest to.

/** Up to `limit` of `names` that differ from `word` by few enough letters to be what was meant, nearest first. */
export function nearest(word: string, names: Iterable<string>, limit = 3): string[] {
  // Every short name is near to every other one; only their case counts.
  const allowed = word.length < 3 ? 0 : Math.max(1, Math.floor(word.length / 3));
  const { lower, letters } = shapeOf(word);
  const found: { name: string; distance: number }[] = [];
  for (const name of names) {
    // Most names are out by their length and letters alone: each change removes at most one letter and adds one.
    if (Math.abs(name.length - lower.length) > allowed) continue;
    const shape = shapeOf(name);
    if (bitsIn(letters & ~shape.letters) > allowed || bitsIn(shape.letters & ~letters) > allowed) continue;
    const distance = distanceOf(lower, shape.lower, allowed);
    if (distance <= allowed) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, limit).map((entry) => entry.name);
}

/** Up to `limit` of the hyphenated `names` of which a part was given: `unlink` of `unlink-on-munmap`, `tlb` of `stale-tlb-access`. */
export function holding(word: string, names: Iterable<string>, limit = 3): string[] {
  if (!/^[\w-]{3,}$/.test(word)) return [];
  const part = new RegExp(`^${word}-|-${word}(-|$)`, "i");
  return [...names]
    .filter((name) => part.test(name))
    .sort()
    .slice(0, limit);
}

interface Shape {
  readonly lower: string;
  /** A bit for each letter that occurs; other characters share the rest. */
  readonly letters: number;
}

/** Shapes of the names seen last: the same few hundred are asked about for every mistyped word. */
let shapes = new Map<string, Shape>();
const MOST_SHAPES = 20_000;

function shapeOf(name: string): Shape {
  const known = shapes.get(name);
  if (known) return known;
  const lower = name.toLowerCase();
  let letters = 0;
  for (let at = 0; at < lower.length; at++) {
    const code = lower.charCodeAt(at);
    letters |= 1 << (code >= 97 && code <= 122 ? code - 97 : 26 + (code % 5));
  }
  const made = { lower, letters };
  if (shapes.size >= MOST_SHAPES) shapes = new Map();
  shapes.set(name, made);
  return made;
}

function bitsIn(word: number): number {
  let rest = word;
  let count = 0;
  for (; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Rows of `distanceOf`, which is asked too often to make its own. */
const rows = [0, 1, 2].map(() => new Uint32Array(64));

/** Insertions, deletions, replacements and swaps of neighbours between two words; a number above `most` when there are more. */
export function distanceOf(a: string, b: string, most: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let [before, previous, row] = b.length < rows[0].length ? rows : rows.map(() => new Uint32Array(b.length + 1));
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  for (let i = 1; i <= a.length; i++) {
    // Only places this near to the diagonal can be part of so short a way.
    const from = Math.max(1, i - most);
    const to = Math.min(b.length, i + most);
    row[from - 1] = from === 1 ? i : most + 1;
    let best = row[from - 1];
    for (let j = from; j <= to; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      const above = j < i + most ? previous[j] + 1 : most + 1;
      let cost = Math.min(above, row[j - 1] + 1, previous[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2] + 1);
      row[j] = cost;
      best = Math.min(best, cost);
    }
    if (best > most) return most + 1;
    [before, previous, row] = [previous, row, before];
  }
  return previous[b.length];
}
