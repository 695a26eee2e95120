// Facts A (what sharing costs and saves), B5 to B7 (fork, unlink, exit), C1 (munmap), measured on a real kernel.
import { facts, play } from "./facts.ts";

describe("mshare v3: as measured", () => {
  for (const fact of facts.filter(({ id }) => /^(A|B5|C1)#/.test(id))) {
    it(`${fact.id}: ${fact.title}`, () => {
      play(fact);
    }).timeout(60_000);
  }
});
