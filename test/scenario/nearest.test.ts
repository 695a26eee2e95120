import assert from "node:assert/strict";
import fc from "fast-check";
import { distanceOf, nearest } from "../../sim/scenario/nearest.ts";

/** As the books have it: the whole table, and no limit. */
function plain(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const replaced = table[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      table[i][j] = Math.min(table[i - 1][j] + 1, table[i][j - 1] + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        table[i][j] = Math.min(table[i][j], table[i - 2][j - 2] + 1);
    }
  return table[a.length][b.length];
}

describe("nearest names", () => {
  it("counts the changes between two words, up to a limit", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 9 });
    fc.assert(
      fc.property(word, word, fc.nat(6), (a, b, most) => {
        const distance = plain(a, b);
        const found = distanceOf(a, b, most);
        assert.equal(Math.min(found, most + 1), Math.min(distance, most + 1));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes long words too", () =>
    assert.deepEqual(nearest("x".repeat(200), ["x".repeat(198), "y".repeat(200)]), ["x".repeat(198)]));

  it("offers the nearest first, whatever their case", () =>
    assert.deepEqual(nearest("MAP_SHARD", ["MAP_SHARED", "map_share", "PROT_READ"]), ["MAP_SHARED", "map_share"]));
});
