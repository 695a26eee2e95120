// No detector may speak on a kernel that does as it should: random programs on the unpatched kernel.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MADV_DONTNEED,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MREMAP_MAYMOVE,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../../sim/kernel/uapi/mman.ts";
import { interleave, type Work } from "./interleaved.ts";
import { type Watched, watched } from "./watched.ts";

/** More of them find rarer mistakes: set DETECTOR_RUNS. */
const RUNS = Number(process.env["DETECTOR_RUNS"] ?? 40);

const BASE = 2 ** 40;
/** Where things are mapped: pages near each other, and so far that no table is shared. */
const SPOTS = [0, 1, 2, 3, 511, 512, 513, 2 ** 18, 2 ** 18 + 1, 2 ** 27].map((page) => BASE + page * 4096);

const spot = fc.constantFrom(...SPOTS);
const pages = fc.constantFrom(1, 2, 3, 512, 600);
const who = fc.nat({ max: 2 });
const prot = fc.constantFrom(PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE);

/** One operation of a random program: who does what; null where it is not possible now. */
interface Op {
  readonly who: number;
  work(m: Watched): Work[];
}
const alive = (m: Watched, p: number) => m.task(p).mm !== null && m.task(p).exit_state === 0;
const syscall = (name: string, ...args: unknown[]): Work => ({ name: "do_syscall", args: [name, args] });

/** An operation, and how it reads in a counterexample. */
const op = (who: number, text: string, work: (m: Watched) => Work[]): Op =>
  Object.assign(
    { who, work: (m: Watched) => (alive(m, who) ? work(m) : []) },
    { [fc.toStringMethod]: () => `${who}: ${text}` },
  );
const call = (who: number, name: string, ...args: unknown[]): Op =>
  op(
    who,
    `${name}(${args.map((arg) => (typeof arg === "number" && arg > 4096 ? `0x${arg.toString(16)}` : arg))})`,
    () => [syscall(name, ...args)],
  );

const KINDS = ["private", "shared", "file", "private file"] as const;

const operations = fc.oneof(
  { arbitrary: fc.tuple(who, spot, pages, prot, fc.constantFrom(...KINDS)).map((of) => mapping(...of)), weight: 4 },
  {
    arbitrary: fc
      .tuple(who, spot, fc.constantFrom(1, 3, 40), fc.boolean())
      .map(([p, at, n, write]) => op(p, `touch(0x${at.toString(16)}, ${n}, ${write})`, () => touches(at, n, write))),
    weight: 6,
  },
  fc.tuple(who, spot, pages).map(([p, at, n]) => call(p, "munmap", at, n * 4096)),
  fc.tuple(who, spot, pages, prot).map(([p, at, n, bits]) => call(p, "mprotect", at, n * 4096, bits)),
  fc.tuple(who, spot, pages).map(([p, at, n]) => call(p, "madvise", at, n * 4096, MADV_DONTNEED)),
  fc
    .tuple(who, spot, pages, pages)
    .map(([p, at, from, to]) => call(p, "mremap", at, from * 4096, to * 4096, MREMAP_MAYMOVE, 0)),
  fc
    .constantFrom([0, 2] as const, [1, 2] as const, [0, 3] as const, [1, 3] as const)
    .map(([p, child]) =>
      op(p, `fork(${child})`, (m) => (m.task(child).started ? [] : [syscall("fork", m.task(child))])),
    ),
  fc.tuple(who, fc.nat({ max: 5 })).map(([p, size]) => call(p, "ftruncate", 3, size * 4096)),
  fc.tuple(who, spot, fc.nat({ max: 9000 })).map(([p, at, bytes]) => call(p, "pwrite64", 3, at, bytes, 100)),
  fc.tuple(who, spot, fc.nat({ max: 9000 })).map(([p, at, bytes]) => call(p, "pread64", 3, at, bytes, 100)),
  { arbitrary: who.map((p) => call(p, "exit", 0)), weight: 1 },
);

function mapping(p: number, at: number, n: number, bits: number, kind: (typeof KINDS)[number]): Op {
  const file = kind.endsWith("file");
  const flags = (kind.startsWith("private") ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED | (file ? 0 : MAP_ANONYMOUS);
  return call(p, "mmap", at, n * 4096, bits, flags, file ? 3 : -1, 0);
}

const touches = (at: number, n: number, write: boolean): Work[] =>
  Array.from({ length: n }, (_, i) =>
    write ? { name: "user_store", args: [at + i * 4096, i + 1, 0] } : { name: "user_load", args: [at + i * 4096] },
  );

/** Three processes and a thread of the first, on two CPUs; two of them are forked; all with one file open. */
function machine(options: Parameters<typeof watched>[2]): Watched {
  const m = watched([0, 1, { cpu: 0, forked: true }, { cpu: 1, forked: true }], undefined, options);
  for (const p of [0, 1]) {
    m.sys(p, "open", "/dev/shm/file", 0o102, 0o600);
    m.sys(p, "ftruncate", 3, 4 * 4096);
  }
  return m;
}

/** Ends what still lives, and asks that nothing was reported. */
function finish(m: Watched): void {
  for (let p = 0; p < 4; p++) if (alive(m, p)) m.sys(p, "exit", 0);
  m.detectors.endOfRun();
  const found = m.detectors.reports().map(({ kind, message, step, task }) => `${step} ${task} ${kind}: ${message}`);
  assert.deepEqual(found, []);
}

const OPTIONS = [{}, { pcid: true }, { version: "6.12" as const }];

describe("detectors on a correct kernel", () => {
  for (const options of OPTIONS) {
    it(`say nothing, whatever the program (${JSON.stringify(options)})`, () => {
      let faults = 0;
      fc.assert(
        fc.property(fc.array(operations, { minLength: 5, maxLength: 40 }), (program) => {
          const m = machine(options);
          for (const { who, work } of program)
            for (const unit of work(m)) if (alive(m, who)) m.call(who, unit.name, ...unit.args);
          finish(m);
          faults += m.system.machine.counts[m.system.machine.events.id("page_fault")!]!;
        }),
        {
          numRuns: RUNS,
          ...(process.env["SEED"] ? { seed: Number(process.env["SEED"]), path: process.env["PATHS"]! } : {}),
        },
      );
      assert.ok(faults > 1000, `the programs did something: ${faults} faults`);
    }).timeout(60_000);

    it(`say nothing, however calls interleave (${JSON.stringify(options)})`, () => {
      fc.assert(
        fc.property(fc.array(operations, { minLength: 5, maxLength: 25 }), fc.nat(), (program, seed) => {
          const m = machine(options);
          const queues = [0, 1, 2, 3].map((p) => program.filter(({ who }) => who === p));
          const units: Work[][] = [[], [], [], []];
          interleave(m, [0, 1, 2], seed, (who) => {
            for (;;) {
              const unit = units[who]!.shift();
              if (unit) return alive(m, who) ? unit : undefined;
              const next = queues[who]!.shift();
              if (!next) return undefined;
              units[who] = next.work(m);
            }
          });
          finish(m);
        }),
        {
          numRuns: RUNS,
          ...(process.env["SEED"] ? { seed: Number(process.env["SEED"]), path: process.env["PATHS"]! } : {}),
        },
      );
    }).timeout(60_000);
  }
});
