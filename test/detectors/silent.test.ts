// No detector may speak on a kernel that does as it should: random programs on the unpatched kernel.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Patch } from "../../sim/kernel/boot.ts";
import { KVM_CREATE_VM, KVM_SET_USER_MEMORY_REGION } from "../../sim/kernel/uapi/kvm.ts";
import {
  MADV_DONTNEED,
  MADV_FREE,
  MADV_PAGEOUT,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MREMAP_MAYMOVE,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../../sim/kernel/uapi/mman.ts";
import { noPatch } from "../kernel/harness.ts";
import type { Work } from "./interleaved.ts";
import { alive, call, finish, type Op, op, syscall, together, touches } from "./programs.ts";
import { type Watched, watched } from "./watched.ts";

/** More of them find rarer mistakes: set DETECTOR_RUNS. */
const RUNS = Number(process.env["DETECTOR_RUNS"] ?? 40);

const BASE = 2 ** 40;
/** Descriptor of the first process's virtual machine, where it has one. */
const VM = 5;
/** Where things are mapped: pages near each other, and so far that no table is shared. */
const SPOTS = [0, 1, 2, 3, 511, 512, 513, 2 ** 18, 2 ** 18 + 1, 2 ** 27].map((page) => BASE + page * 4096);

const spot = fc.constantFrom(...SPOTS);
const pages = fc.constantFrom(1, 2, 3, 512, 600);
const who = fc.nat({ max: 3 });
const prot = fc.constantFrom(PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE);

const reclaim = (n: number): Work => ({ name: "kernel_reclaim", args: [n] });

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
  fc
    .tuple(who, spot, pages, fc.constantFrom(MADV_DONTNEED, MADV_PAGEOUT, MADV_FREE))
    .map(([p, at, n, advice]) => call(p, "madvise", at, n * 4096, advice)),
  fc
    .tuple(who, spot, pages, pages)
    .map(([p, at, from, to]) => call(p, "mremap", at, from * 4096, to * 4096, MREMAP_MAYMOVE, 0)),
  // Only one may fork: nobody can be the child of two.
  fc.constant(op(0, "fork(2)", (m) => (m.task(2).started ? [] : [syscall("fork", m.task(2))]))),
  fc.tuple(who, fc.nat({ max: 5 })).map(([p, size]) => call(p, "ftruncate", 3, size * 4096)),
  fc.tuple(who, spot, fc.nat({ max: 9000 })).map(([p, at, bytes]) => call(p, "pwrite64", 3, at, bytes, 100)),
  fc.tuple(who, spot, fc.nat({ max: 9000 })).map(([p, at, bytes]) => call(p, "pread64", 3, at, bytes, 100)),
  fc.tuple(who, fc.constantFrom(1, 7, 40)).map(([p, n]) => op(p, `reclaim(${n})`, () => [reclaim(n)])),
  fc
    .tuple(who, spot)
    .map(([p, at]) =>
      op(p, `migrate(0x${at.toString(16)})`, (m) => [{ name: "kernel_migrate", args: [m.task(p), at] }]),
    ),
  {
    arbitrary: fc
      .tuple(fc.constantFrom(0, 0, 3, 2), spot, fc.boolean())
      .map(([p, at, write]) => call(p, write ? "kvm_store" : "kvm_load", VM, at - BASE, 7n)),
    weight: 2,
  },
  { arbitrary: who.map((p) => call(p, "exit", 0)), weight: 1 },
);

function mapping(p: number, at: number, n: number, bits: number, kind: (typeof KINDS)[number]): Op {
  const file = kind.endsWith("file");
  const flags = (kind.startsWith("private") ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED | (file ? 0 : MAP_ANONYMOUS);
  return call(p, "mmap", at, n * 4096, bits, flags, file ? 3 : -1, 0);
}

/** Gives the first process a guest, whose memory is the process's around BASE. */
function makeGuest(m: Watched): void {
  m.sys(0, "open", "/dev/kvm", 2);
  m.sys(0, "ioctl", 4, KVM_CREATE_VM, 0);
  const region = { slot: 0n, guest_phys_addr: 0n, memory_size: 4096n * 1200n, userspace_addr: BigInt(BASE) };
  m.sys(0, "ioctl", VM, KVM_SET_USER_MEMORY_REGION, region);
}

/** Puts the first process, with its thread and what it forks, into a control group that is full soon. */
function makeGroup(m: Watched): void {
  m.sys(1, "mkdir", "/sys/fs/cgroup/g", 0o755);
  for (const [file, text] of [
    ["cgroup.procs", "1"],
    ["memory.max", "20K"],
  ] as const) {
    const fd = m.sys(1, "open", `/sys/fs/cgroup/g/${file}`, 1);
    m.sys(1, "write", fd, text, text.length);
    m.sys(1, "close", fd);
  }
}

/** Two processes on two CPUs, one that they may fork, and a thread of the first; with a file open. */
function machine(options: Parameters<typeof watched>[2], patch?: Patch): Watched {
  const m = watched([0, 1, { cpu: 0, forked: true }, { cpu: 1, threadOf: 0 }], patch, options);
  for (const p of [0, 1]) {
    m.sys(p, "open", "/dev/shm/file", 0o102, 0o600);
    m.sys(p, "ftruncate", 3, 4 * 4096);
  }
  if (options?.pcid) makeGuest(m);
  return m;
}

const OPTIONS = [{ swap: 2 ** 24 }, { pcid: true, swap: 2 ** 23 }, { version: "6.12" as const, swap: 2 ** 24 }];

/** Too little memory, for a control group with a guest in it or for everybody. */
const WANT = {
  "a control group is": { pcid: true, swap: 2 ** 13 },
  "a control group and the machine are": { memory: 3 * 2 ** 19, swap: 2 ** 13 },
};

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
        { numRuns: RUNS },
      );
      assert.ok(faults > 5 * RUNS, `the programs did something: ${faults} faults`);
    }).timeout(60_000);

    it(`say nothing, however calls interleave (${JSON.stringify(options)})`, () => {
      fc.assert(
        fc.property(fc.array(operations, { minLength: 5, maxLength: 25 }), fc.nat(), (program, seed) => {
          const m = machine(options);
          together(m, program, seed);
          finish(m);
        }),
        { numRuns: RUNS },
      );
    }).timeout(60_000);
  }

  for (const [what, options] of Object.entries(WANT)) {
    it(`say nothing when ${what} out of memory, and processes are killed for it`, () => {
      let killed = 0;
      fc.assert(
        fc.property(fc.array(operations, { minLength: 20, maxLength: 40 }), fc.nat(), (program, seed) => {
          const m = machine(options);
          makeGroup(m);
          together(m, program, seed);
          finish(m);
          killed += m.system.machine.counts[m.system.machine.events.id("mark_victim")!]!;
        }),
        { numRuns: RUNS },
      );
      assert.ok(killed > 0, "somebody was killed");
    }).timeout(120_000);
  }

  it("and the same programs betray a kernel that does not flush", () => {
    const patch = { ...noPatch, stepping: [{ *flush_tlb_mm_range() {} }], straight: [{ flush_tlb_mm_range() {} }] };
    const kinds = new Set<string>();
    const programs = fc.array(operations, { minLength: 30, maxLength: 40 });
    for (const [seed, program] of fc.sample(programs, { numRuns: 100, seed: 1 }).entries()) {
      const m = machine({}, patch);
      together(m, program, seed);
      for (const kind of m.kinds()) kinds.add(kind);
      if (kinds.has("missing-tlb-flush")) return;
    }
    assert.fail(`only ${[...kinds].join(" ")}`);
  }).timeout(60_000);
});
