// "Did you mean …": the names that a mistyped one is nearest to.

/** Up to `limit` of `names` that differ from `word` by few enough letters to be what was meant, nearest first. */
export function nearest(word: string, names: Iterable<string>, limit = 3): string[] {
  // Every short name is near to every other one; only their case counts.
  const allowed = word.length < 3 ? 0 : Math.max(1, Math.floor(word.length / 3));
  const lower = word.toLowerCase();
  const found: { name: string; distance: number }[] = [];
  for (const name of names) {
    const distance = distanceOf(lower, name.toLowerCase(), allowed);
    if (distance <= allowed) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, limit).map((entry) => entry.name);
}

/** Insertions, deletions, replacements and swaps of neighbours between two words; a number above `most` when there are more. */
export function distanceOf(a: string, b: string, most: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
      best = Math.min(best, cost);
    }
    if (best > most) return most + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length];
}
