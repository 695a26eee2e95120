// Five levels of page tables, as Documentation/arch/x86/x86_64/5level-paging.rst and mm.rst promise them: 56 bits of user
// addresses, of which those above 47 are given only to who hints at them; P4D tables, which no process counts.
import assert from "node:assert/strict";
import { _PAGE_PRESENT } from "../../sim/hardware/entry.ts";
import { tlbContents } from "../../sim/hardware/tlb.ts";
import type { Config } from "../../sim/kernel/kernel.ts";
import { type Driver, drive, noPatch } from "./harness.ts";
import { checkInvariants } from "./invariants.ts";

const TiB = 2 ** 40;
const WINDOW = 128 * TiB;
const EINVAL = -22;
const ENOMEM = -12;
/** MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, and MAP_FIXED. */
const PRIVATE = 0x4022;
const FIXED = 0x4032;

const machine = (more: Partial<Config> = {}) => drive([0, { cpu: 1, forked: true }], noPatch, { levels: 5, ...more });
const map = (m: Driver, hint: number, bytes: number, flags = PRIVATE) =>
  m.call(0, "sys_mmap", hint, bytes, 3, flags, -1, 0);
const walk = (m: Driver, address: number) => m.system.straight.walk_entries(m.task(0).mm!, address);

describe("five levels: where mappings go", () => {
  it("below 47 bits for who does not ask for more", () => {
    const m = machine();
    assert.ok(map(m, 0, 4096) < WINDOW);
    assert.ok(map(m, 1 * TiB, 4096) < WINDOW);
    // Also when nothing is left there.
    assert.equal(map(m, 4096 * 16, WINDOW - 4096 * 18, FIXED), 4096 * 16);
    assert.equal(map(m, 0, 2 ** 20), ENOMEM);
  });

  it("at a hint above, or else at the top of all addresses", () => {
    const m = machine();
    assert.equal(map(m, 200 * TiB, 4096), 200 * TiB);
    const beside = map(m, 200 * TiB, 4096);
    assert.ok(beside > 65000 * TiB && beside < 2 ** 56);
    // Any address above the window will do, as the page says of -1.
    const high = map(m, 2 ** 64 - 4096, 4096);
    assert.equal(high, beside - 4096);
  });

  it("not across the border of 47 bits, unless fixed there", () => {
    const m = machine();
    const across = map(m, WINDOW - 2 ** 20, 2 ** 21);
    assert.ok(across > 0 && across + 2 ** 21 <= WINDOW);
    assert.equal(map(m, WINDOW - 2 ** 20, 2 ** 21, FIXED), WINDOW - 2 ** 20);
    assert.ok(m.touch(0, WINDOW - 2 ** 20, 2 ** 21, "write") > 0);
    checkInvariants(m.system.straight);
  });

  it("up to the last page but one of 56 bits", () => {
    const m = machine();
    assert.equal(map(m, 2 ** 56 - 8192, 4096, FIXED), 2 ** 56 - 8192);
    assert.equal(m.call(0, "user_store", 2 ** 56 - 4104, 1, 2), 0);
    assert.equal(map(m, 2 ** 56 - 4096, 4096, FIXED), ENOMEM);
    assert.equal(m.call(0, "sys_munmap", 2 ** 56, 4096), EINVAL);
    assert.equal(m.call(0, "user_load", 2 ** 56 - 4096), 11);
  });

  it("no hint matters with four levels", () => {
    const m = machine({ levels: 4 });
    assert.ok(map(m, 200 * TiB, 4096) < WINDOW);
    assert.equal(map(m, 200 * TiB, 4096, FIXED), ENOMEM);
  });
});

describe("five levels: page tables", () => {
  for (const [version, counted] of [
    ["6.18", 5],
    ["6.12", 3],
  ] as const)
    it(`${version}: a page needs four below the PGD; VmPTE counts three, PageTables ${counted} with the PGD`, () => {
      const m = machine({ version });
      const { vmstat } = m.system.straight;
      const before = vmstat.nr_pagetable;
      const p = map(m, 200 * TiB, 4096);
      m.touch(0, p, 4096, "write");
      assert.equal(m.task(0).mm!.pgtables_bytes, 3 * 4096);
      assert.equal(m.count("alloc_table"), 4);
      assert.equal(m.count("pgd_populate"), 1);
      assert.equal(m.count("p4d_populate"), 1);
      // The one process's PGD was there before.
      assert.equal(vmstat.nr_pagetable - before, counted - (version === "6.18" ? 1 : 0));
      for (const entry of walk(m, p)) assert.ok(entry & _PAGE_PRESENT);
      checkInvariants(m.system.straight);
      m.call(0, "sys_munmap", p, 4096);
      assert.equal(vmstat.nr_pagetable, before);
      assert.equal(m.count("free_table"), 4);
      checkInvariants(m.system.straight);
    });

  it("a P4D table stays while a neighbour of its 256 TiB is mapped, and goes with the last", () => {
    const m = machine();
    for (const at of [300, 400]) {
      map(m, at * TiB, 4096);
      m.touch(0, at * TiB, 4096, "write");
    }
    m.call(0, "sys_munmap", 300 * TiB, 4096);
    assert.equal(m.count("free_table"), 3);
    assert.equal(walk(m, 300 * TiB)[0], 0);
    assert.ok(walk(m, 300 * TiB)[4] & _PAGE_PRESENT);
    m.call(0, "sys_munmap", 400 * TiB, 4096);
    assert.equal(m.count("free_table"), 7);
    assert.equal(walk(m, 300 * TiB)[4], 0);
  });

  it("fork copies across top-level entries, mremap moves whole tables across them", () => {
    const m = machine();
    const edge = 512 * TiB - 2 ** 30;
    map(m, edge, 2 ** 31, FIXED);
    for (const at of [edge, edge + 2 ** 30]) m.call(0, "user_store", at, 5, 0);
    assert.equal(m.call(0, "sys_fork", m.task(1)), 2);
    assert.equal(m.call(1, "user_load", edge + 2 ** 30), 0);
    assert.equal(m.task(1).load_low, 5);
    const set = m.count("set_pte");
    assert.equal(m.call(0, "sys_mremap", edge, 2 ** 31, 2 ** 31, 3, 1000 * TiB), 1000 * TiB);
    assert.equal(m.count("set_pte"), set);
    assert.equal(m.call(0, "user_load", 1000 * TiB + 2 ** 30), 0);
    checkInvariants(m.system.straight);
  });

  it("the CPU caches five levels, and a fault or a freed table takes the entries along", () => {
    const m = machine();
    const p = map(m, 200 * TiB, 8192);
    m.touch(0, p, 8192, "write");
    const levels = () => tlbContents(m.system.straight.tlbOf(0)).map(({ level }) => level);
    assert.deepEqual([...new Set(levels())].sort(), [1, 2, 3, 4, 5]);
    m.call(0, "sys_munmap", p, 8192);
    assert.deepEqual(levels(), []);
  });
});
