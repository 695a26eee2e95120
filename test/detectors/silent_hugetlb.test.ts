// No detector may speak on a correct kernel, with huge pages: three processes and a thread in one file, whose PMD tables they
// share, with a guest that walks these without a lock, and somebody who holds frames.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Config } from "../../sim/kernel/kernel.ts";
import { KVM_CREATE_VM, KVM_SET_USER_MEMORY_REGION } from "../../sim/kernel/uapi/kvm.ts";
import {
  MADV_DONTNEED,
  MADV_REMOVE,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../../sim/kernel/uapi/mman.ts";
import { noPatch } from "../kernel/harness.ts";
import { call, finish, type Op, op, together, touches } from "./programs.ts";
import { type Watched, watched } from "./watched.ts";

/** Always the same programs, unless DETECTOR_RUNS asks for so many others. */
const more = process.env["DETECTOR_RUNS"];
const RUNS = more ? { numRuns: Number(more) } : { numRuns: 40, seed: 1 };

const HUGE = 2 ** 21;
const GIB = 2 ** 30;
const BASE = 2 ** 44;
/** The file, and the guest, of the first process. */
const FILE = 3;
const VM = 5;
const MFD_HUGETLB = 4;

const who = fc.nat({ max: 3 });
const spot = fc.constantFrom(0, 0, HUGE, 511 * HUGE, GIB, GIB + HUGE).map((at) => BASE + at);
const bytes = fc.constantFrom(HUGE, 2 * HUGE, GIB, GIB, 2 * GIB);
const prot = fc.constantFrom(PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE);

const KINDS = {
  shared: MAP_SHARED,
  "private file": MAP_PRIVATE,
  private: MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
  "small pages": MAP_PRIVATE | MAP_ANONYMOUS,
} as const;
const kind = fc.constantFrom("shared", "shared", "shared", ...(Object.keys(KINDS) as (keyof typeof KINDS)[]));

function mapping(p: number, at: number, n: number, bits: number, what: keyof typeof KINDS): Op {
  const flags = KINDS[what];
  return call(p, "mmap", at, n, bits, flags | MAP_FIXED | MAP_NORESERVE, flags & MAP_ANONYMOUS ? -1 : FILE, 0);
}

const operations = fc.oneof(
  { arbitrary: fc.tuple(who, spot, bytes, prot, kind).map((of) => mapping(...of)), weight: 5 },
  {
    arbitrary: fc
      .tuple(who, spot, fc.boolean())
      .map(([p, at, write]) => op(p, `touch(0x${at.toString(16)}, ${write})`, () => touches(at, 1, write))),
    weight: 8,
  },
  { arbitrary: fc.tuple(who, spot, bytes).map(([p, at, n]) => call(p, "munmap", at, n)), weight: 2 },
  {
    arbitrary: fc.tuple(who, spot, bytes, prot).map(([p, at, n, bits]) => call(p, "mprotect", at, n, bits)),
    weight: 2,
  },
  {
    arbitrary: fc
      .tuple(who, spot, bytes, fc.constantFrom(MADV_DONTNEED, MADV_REMOVE))
      .map(([p, at, n, advice]) => call(p, "madvise", at, n, advice)),
    weight: 3,
  },
  fc.tuple(who, fc.constantFrom(0, HUGE, GIB, 2 * GIB)).map(([p, size]) => call(p, "ftruncate", FILE, size)),
  who.map((p) => op(p, "split_huge_pages()", () => [{ name: "kernel_split_huge_pages", args: [] }])),
  {
    arbitrary: fc
      .tuple(fc.constantFrom(0, 3), fc.constantFrom(0, 4096, HUGE, 512 * HUGE), fc.boolean())
      .map(([p, gpa, write]) => call(p, write ? "kvm_store" : "kvm_load", VM, gpa, 7n)),
    weight: 3,
  },
  who.map((p) => call(p, "exit", 0)),
);

/** A process that has forked two others, all with the first gigabyte of the file; a thread, and a guest in the same memory. */
function machine(options: Partial<Config>): Watched {
  const places = [0, { cpu: 1, forked: true }, { cpu: 0, forked: true }, { cpu: 1, threadOf: 0 }];
  const m = watched(places, noPatch, { hugepages: 6, ...options });
  assert.equal(m.sys(0, "memfd_create", "file", MFD_HUGETLB), FILE);
  m.sys(0, "ftruncate", FILE, 2 * GIB);
  m.sys(0, "mmap", BASE, GIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, FILE, 0);
  m.store(0, BASE);
  m.sys(0, "open", "/dev/kvm", 2);
  assert.equal(m.sys(0, "ioctl", 4, KVM_CREATE_VM, 0), VM);
  const region = { slot: 0n, guest_phys_addr: 0n, memory_size: BigInt(GIB + HUGE), userspace_addr: BigInt(BASE) };
  m.sys(0, "ioctl", VM, KVM_SET_USER_MEMORY_REGION, region);
  for (const child of [1, 2]) m.sys(0, "fork", m.task(child));
  return m;
}

const count = (m: Watched, event: string) => m.system.machine.counts[m.system.machine.events.id(event)!]!;

describe("detectors on a correct kernel with huge pages", () => {
  for (const options of [{}, { version: "6.12" as const }])
    it(`say nothing, however calls interleave (${JSON.stringify(options)})`, () => {
      const seen = { pmd_share: 0, pmd_unshare: 0, gup_fast: 0, tlb_remove_table_smp_sync: 0 };
      fc.assert(
        fc.property(fc.array(operations, { minLength: 5, maxLength: 25 }), fc.nat(), (program, seed) => {
          const m = machine(options);
          together(m, program, seed);
          for (const event of Object.keys(seen) as (keyof typeof seen)[]) seen[event] += count(m, event);
          finish(m);
        }),
        RUNS,
      );
      for (const [event, times] of Object.entries(seen)) assert.ok(times > 0, `${event} never happened`);
    }).timeout(120_000);

  for (const [bug, wanted] of [
    ["hugetlb-unshare-flush", "missing-tlb-flush"],
    ["hugetlb-share-count", "page-table-leak"],
  ] as const)
    it(`and the same programs betray ${bug}`, () => {
      const kinds = new Set<string>();
      const programs = fc.array(operations, { minLength: 20, maxLength: 30 });
      for (const [seed, program] of fc.sample(programs, { numRuns: 200, seed: 1 }).entries()) {
        const m = machine({ unfixed: new Set([bug]) });
        together(m, program, seed);
        for (const kind of m.kinds()) kinds.add(kind);
        if (kinds.has(wanted)) return;
      }
      assert.fail(`only ${[...kinds].join(" ")}`);
    }).timeout(120_000);
});
