// With every fix the design breaks no rule, however processes interleave what they do to shared mappings.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ptshareV2 } from "../../../sim/designs/ptshare-v2/index.ts";
import { interleave, type Work } from "../../detectors/interleaved.ts";
import { type Watched, watched } from "../../detectors/watched.ts";
import { MiB, PATH, PROT_RW, SHARED_PT, SIZE, START } from "./machine.ts";

const FD = 3;

/** Three processes on two CPUs, a thread of the first one; all have the file open. */
function machine(): Watched {
  const places = [0, 1, 1, { cpu: 1, threadOf: 0 }];
  const m = watched(places, ptshareV2.patch, { version: "6.12", memory: 2 ** 26, fixes: new Set(["all"]) });
  for (const who of [0, 1, 2]) {
    assert.equal(m.sys(who, "open", PATH, 0o102, 0o600), FD);
    m.sys(who, "ftruncate", FD, SIZE);
  }
  return m;
}

const sys = (name: string, ...args: readonly unknown[]): Work => ({ name: "do_syscall", args: [name, args] });
const MADV_DONTNEED = 4;
const PUNCH_HOLE = 3;

const access = fc.tuple(fc.constantFrom("user_load", "user_store"), fc.nat(7)).map(
  ([name, slot]): Work => ({
    name,
    args: name === "user_load" ? [START + slot * (MiB / 2)] : [START + slot * (MiB / 2), slot, 0],
  }),
);
const change: fc.Arbitrary<Work> = fc.oneof(
  fc.constant(sys("mmap", START, SIZE, PROT_RW, SHARED_PT, FD, 0)),
  fc.constant(sys("munmap", START, SIZE)),
  fc.constantFrom(1, 3).map((prot) => sys("mprotect", START, SIZE, prot)),
  fc.nat(3).map((slot) => sys("madvise", START + slot * MiB, MiB, MADV_DONTNEED)),
  fc.nat(3).map((slot) => sys("fallocate", FD, PUNCH_HOLE, slot * MiB, MiB)),
  // Something of its own nearby, and parts of what is shared.
  fc.constant(sys("mmap", START + 2 * SIZE, MiB, PROT_RW, 0x32, -1, 0)),
  fc.constant(sys("munmap", START, MiB)),
  fc.constant(sys("mprotect", START + MiB, MiB, 1)),
);
const program = fc.array(fc.oneof({ weight: 3, arbitrary: access }, { weight: 2, arbitrary: change }), {
  minLength: 4,
  maxLength: 12,
});

describe("ptshare v2 with all fixes", function () {
  this.timeout(120_000);

  it("breaks no rule, however threads and processes interleave", () => {
    let shared = 0;
    fc.assert(
      fc.property(fc.array(program, { minLength: 4, maxLength: 4 }), fc.nat(1_000_000), (programs, seed) => {
        const m = machine();
        const works = programs.map((list, who) => [
          ...(who < 3 ? [sys("mmap", START, SIZE, PROT_RW, SHARED_PT, FD, 0)] : []),
          ...list,
        ]);
        interleave(m, [0, 1, 2, 3], seed, (who) => works[who]!.shift());
        shared += m.system.machine.counts[m.system.machine.events.id("pmd_same")!]!;
        for (const who of [0, 1, 2, 3]) m.sys(who, "exit", 0);
        m.detectors.endOfRun();
        assert.deepEqual(
          m.detectors.reports().map(({ kind, message }) => `${kind}: ${message}`),
          [],
        );
      }),
      { numRuns: 150, seed: 3 },
    );
    assert.ok(shared > 1000, `${shared} faults in shared mappings`);
  });
});
