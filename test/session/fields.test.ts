// Fields of structures in expressions: with the engine's own words the checker refuses what a run would refuse.
import assert from "node:assert/strict";
import { checkFile } from "../../sim/session.ts";

const refusals = (expression: string): readonly string[] => {
  const text = `process A\nA: mmap(16TiB, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\nexpect ${expression}\n`;
  const checked = checkFile({ read: () => text }, "fields.mshare");
  assert.ok(!("missing" in checked));
  return checked.text;
};

describe("fields in expressions", () => {
  it("that no structure has are refused before a run, with where they are", () => {
    for (const [wrong, right] of [
      ["mm(A).VmPTE == 0", "`status(A).VmPTE`"],
      ["mm(A).minflt == 0", "`stat(A).minflt`"],
      ["vma(A, 16TiB).Rss == 0", "`smaps(A, 16TiB).Rss`"],
      ["mm(A).PageTables == 0", "`meminfo().PageTables`"],
    ] as const) {
      const [said] = refusals(wrong);
      assert.ok(said?.includes("error") && said.includes(right), said ?? `${wrong} is not refused`);
    }
    for (const wrong of ["mm(A).qqqqqq == 0", "page(1).qqqqqq == 0", "vma(A, 16TiB).qqqqqq == 0", "tlb(0).qqqqqq == 0"])
      assert.match(refusals(wrong)[0] ?? "", /has no field `qqqqqq`/);
  });

  it("that only the simulated kernel knows are taken", () => {
    for (const right of [
      "mm(A).rss_anon == 0",
      "vma(A, 16TiB).vm_page_prot > 0",
      "page(1).pt_mm == null",
      "mm(A).mmap_lock.count == 0",
    ])
      assert.deepEqual(refusals(right), []);
  });
});
