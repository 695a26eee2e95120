// mprotect(PROT_NONE) has changed entries and not flushed yet, when reclaim or migration takes the pages: these have to
// flush, although the entries are not present any more (pte_accessible).
import { passes } from "../scenario/run/running.ts";

describe("pages of entries that have just become PROT_NONE", () => {
  for (const taken of ["kernel: reclaim(16)", "kernel: compact()"])
    it(`are flushed by ${taken.replace(/\(.*/, "")}`, () => {
      passes(`machine { cpus: 2, memory: 16MiB, swap: 16MiB }
        schedule [a until tlb_flush, kernel, a]
        process a on cpu 1
        thread a.t on cpu 1
        a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
        a: touch(p, 16KiB, write)
        parallel {
          a: mprotect(p, 64KiB, PROT_NONE)
          ${taken}
        }
        expect count(free_page) > 0`);
    });
});
