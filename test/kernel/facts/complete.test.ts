// No fact about unpatched Linux is left out: the lists of what was measured, copied from the measurements, against the
// tests. Facts D.* were measured on 6.12.117 and 6.18.44 with the same steps, E2.* on 6.12.117.
import assert from "node:assert/strict";
import { pageTableFacts } from "./page_tables.ts";
import { tlbFlushFacts } from "./tlb_flush.ts";

/** Id, name, steps. */
const PAGE_TABLES = `
D.d1 dense2MB 6
D.d1r dense2MB-readfirst 5
D.d1s dense2MB-shared 6
D.d1sr dense2MB-shared-read 5
D.d2 1per2MBx25 5
D.d3 1per1GBx25 5
D.d4 straddle2MB 3
D.d5 straddle1GB 3
D.d6 straddle512GB 3
D.d7 1per512GBx4 5
D.m1 munmap-half 7
D.m2 munmap-pagewise 13
D.m3 munmap-[1,5)of6MB 9
D.m4 2vmas-2MBeach 8
D.m5 2vmas-in-one-table 8
D.m6 sparse 8
D.m7 2GB 8
D.m8 touch0-only 7
D.m9 ends-of-512GB 9
D.m10 ends-of-2MB 9
D.m11 one-munmap-two-vmas 7
D.m12 hole-middle 9
D.m13 MAP_FIXED-over 9
D.m14 mprotect-none 7
D.z1 DONTNEED-private 19
D.z2 DONTNEED-[1,5) 7
D.z3 DONTNEED-sparse 8
D.z4 DONTNEED-shared 9
D.z5 DONTNEED-1GB 5
D.z6 FREE-COLD 7
D.f1 fork-private 14
D.f2 fork-shared 14
D.f3 fork-privfile-ro 16
D.f4 fork-privfile-cow 16
D.f5 fork-zeropages 14
D.f6 fork-sparse 14
D.g1 memfd-faultaround 11
D.r1 mremap-pmd 9
D.r2 mremap-unaligned 9
D.r3 mremap-pud 9
D.r4 mremap-shrink-grow 9
D.r5 mremap-part 5
D.r6 mremap-dontunmap 5
`;

/** Operation, then how many pages were touched; each on one CPU and on two. */
const TLB_FLUSHES = `
munmap 1 2 32 33 34 100 512
DONTNEED 1 2 32 33 34 100 512
mprotect_RO 1 2 32 33 34 100 512
munmap4MB 1 32 34 512
mremap 1 32 34 512
`;

const linesOf = (text: string): string[] => text.trim().split("\n");

describe("facts about unpatched Linux", () => {
  it("D.*: every one is tested, with all of its steps", () => {
    const steps = new Map<string, number>();
    let fact = "";
    for (const line of linesOf(pageTableFacts)) {
      if (!line.startsWith(" ")) fact = line;
      steps.set(fact, line.startsWith(" ") ? steps.get(fact)! + 1 : 0);
    }
    assert.deepEqual(
      [...steps].map(([name, count]) => `${name} ${count}`),
      linesOf(PAGE_TABLES),
    );
  });

  it("E2.*: every one is tested", () => {
    const wanted = [1, 2].flatMap((cpus) =>
      linesOf(TLB_FLUSHES).flatMap((line) => {
        const [operation, ...pages] = line.split(" ");
        return pages.map((count) => `E2.${operation}.${count}p.${cpus}cpu`);
      }),
    );
    assert.deepEqual(
      linesOf(tlbFlushFacts)
        .map((line) => line.split(" => ")[0]!)
        .sort(),
      wanted.sort(),
    );
  });
});
