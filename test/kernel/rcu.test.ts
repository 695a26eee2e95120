// RCU, by what Linux promises of it (Documentation/RCU/whatisRCU.rst) and how 6.18 frees page tables by it (mm/mmu_gather.c): a
// grace period waits for those who were reading when it began, for nobody else, and callbacks come after it.
import assert from "node:assert/strict";
import type { Thread } from "../../sim/core/thread.ts";
import { entryPfn } from "../../sim/hardware/entry.ts";
import type { Config } from "../../sim/kernel/kernel.ts";
import { mmu_table_batch as batch } from "../../sim/kernel/mm/mmu_gather.ts";
import { PAGE_TYPE } from "../../sim/kernel/mm/page_alloc.ts";
import { MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE } from "../../sim/kernel/uapi/mman.ts";
import { type Watched, watched } from "../detectors/watched.ts";
import { noPatch } from "./harness.ts";

const BASE = 2 ** 44;
const SIZE = 2 ** 21;

/** A process with one page at BASE, a thread of it on another CPU and one on the same. */
function machine(options: Partial<Config> = {}): Watched & { readonly table: number } {
  const m = watched([0, { cpu: 1, threadOf: 0 }, { cpu: 0, threadOf: 0 }], noPatch, options);
  assert.equal(m.sys(0, "mmap", BASE, SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), BASE);
  m.store(0, BASE);
  const [, , pmd] = m.system.straight.walk_entries(m.task(0).mm!, BASE);
  return { ...m, table: entryPfn(pmd) };
}

/** A system call, and nothing of what it leaves to others. */
const alone = (m: Watched, name: string, ...args: unknown[]) =>
  m.as(0, () => m.system.platform.unit("do_syscall", [name, args]).straight());

const isTable = (m: Watched & { readonly table: number }) => m.system.straight.page(m.table).type === PAGE_TYPE.pte;

/** A call that is done step by step. */
function begin(m: Watched, thread: Thread, name: string, args: readonly unknown[] = []) {
  const { machine, platform } = m.system;
  const call = platform.unit(name, args).stepping();
  const go = () => {
    machine.thread = thread;
    thread.waitsFor = null;
    const { done } = call.next();
    machine.thread = null;
    return done === true;
  };
  return {
    /** Up to an event; with an argument of that value where one is given. */
    to(event: string, arg?: unknown) {
      const id = machine.events.id(event);
      do assert.equal(go(), false, `no ${event}`);
      while (machine.event !== id || (arg !== undefined && !machine.args.includes(arg)));
    },
    /** Until it waits or is over; true: it is over. */
    on(): boolean {
      for (;;) {
        if (go()) return true;
        if (thread.waitsFor) return false;
      }
    },
  };
}

const rcuThread = (m: Watched) => m.system.daemons.find(({ run }) => run === "rcu_gp_kthread")!.thread;
const gracePeriod = (m: Watched) => begin(m, rcuThread(m), "rcu_gp_kthread");
const count = (m: Watched, event: string) => m.system.machine.counts[m.system.machine.events.id(event)!]!;

describe("RCU", () => {
  for (const [name, args] of [
    ["munmap", [BASE, SIZE]],
    ["madvise", [BASE, SIZE, MADV_DONTNEED]],
  ] as const)
    it(`keeps page tables that ${name} has taken away until a grace period is over, as counters tell`, () => {
      const m = machine();
      const k = m.system.straight;
      const tables = k.vmstat.nr_pagetable;
      const gone = name === "munmap" ? 3 : 1;
      alone(m, name, ...args);
      assert.equal(m.task(0).mm!.pgtables_bytes, (3 - gone) * 4096);
      assert.ok(isTable(m));
      assert.equal(k.vmstat.nr_pagetable, tables);
      const period = gracePeriod(m);
      period.to("rcu_grace_period", "start");
      period.to("rcu_grace_period", "end");
      assert.ok(isTable(m));
      period.to("rcu_invoke_callback");
      assert.ok(isTable(m));
      assert.ok(period.on());
      assert.ok(!isTable(m));
      assert.equal(k.vmstat.nr_pagetable, tables - gone);
      assert.equal(count(m, "free_table"), gone);
      assert.ok(!k.rcu_pending());
    });

  it("is not what 6.12 frees tables by, unless it has PT_RECLAIM, which wants it", () => {
    const m = machine({ version: "6.12" });
    alone(m, "munmap", BASE, SIZE);
    assert.ok(!isTable(m));
    assert.ok(!m.system.straight.rcu_pending());
    const reclaiming = machine({ version: "6.12", ptReclaim: true });
    alone(reclaiming, "madvise", BASE, SIZE, MADV_DONTNEED);
    assert.ok(isTable(reclaiming));
    assert.ok(gracePeriod(reclaiming).on());
    assert.ok(!isTable(reclaiming));
  });

  /** How a thread comes to be reading: interrupts off, or in a section; and what ends that. */
  const readers: Readonly<Record<string, (m: Watched) => () => void>> = {
    "has interrupts off": (m) => {
      const walk = begin(m, m.system.threads[1]!, "get_user_page_fast_only", [BASE, 0]);
      walk.to("gup_fast", "pud");
      return () => assert.ok(walk.on());
    },
    "is in a read-side section": (m) => {
      m.as(1, () => m.system.straight.rcu_read_lock());
      return () => m.as(1, () => m.system.straight.rcu_read_unlock());
    },
    "has lost its CPU in a read-side section": (m) => {
      m.as(2, () => m.system.straight.rcu_read_lock());
      m.as(0, () => {});
      assert.notEqual(m.system.straight.cpuOf(0).curr, m.task(2));
      return () => m.as(2, () => m.system.straight.rcu_read_unlock());
    },
    "has preemption off": (m) => {
      const lock = m.task(0).mm!.page_table_lock;
      m.as(1, () => void m.system.platform.unit("spin_lock", [lock, "&mm->page_table_lock"]).straight());
      return () => m.as(1, () => void m.system.straight.spin_unlock(lock, "&mm->page_table_lock"));
    },
  };
  for (const [how, read] of Object.entries(readers)) {
    it(`waits for who ${how}`, () => {
      const m = machine();
      m.as(1, () => {});
      const leave = read(m);
      const period = begin(m, rcuThread(m), "rcu_gp_kthread");
      m.as(0, () => void m.system.straight.call_rcu(m.system.straight.store.alloc(batch), "tlb_remove_table_rcu"));
      period.to("rcu_grace_period", "start");
      assert.equal(period.on(), false);
      assert.equal(rcuThread(m).waitsFor!(), false);
      assert.equal(m.system.straight.rcu_state.gp_tasks.length, 1);
      leave();
      assert.equal(rcuThread(m).waitsFor!(), true);
      assert.ok(period.on());
      assert.equal(count(m, "rcu_invoke_callback"), 1);
    });

    it(`does not wait for who ${how} since it began`, () => {
      const m = machine();
      m.as(1, () => {});
      m.as(0, () => void m.system.straight.call_rcu(m.system.straight.store.alloc(batch), "tlb_remove_table_rcu"));
      const period = gracePeriod(m);
      period.to("rcu_grace_period", "start");
      const leave = read(m);
      assert.ok(period.on());
      leave();
    });
  }

  it("calls back for whom it was asked before the grace period began, in that order; the others wait for the next", () => {
    const m = machine();
    const k = m.system.straight;
    const ask = () => {
      const object = k.store.alloc(batch);
      m.as(0, () => void k.call_rcu(object, "tlb_remove_table_rcu"));
      return object;
    };
    const asked = [ask(), ask()];
    const period = gracePeriod(m);
    period.to("rcu_grace_period", "start");
    const later = ask();
    for (const object of asked) period.to("rcu_invoke_callback", object);
    assert.ok(period.on());
    assert.deepEqual([k.rcu_pending(), k.store.storage(batch.name).isAlive(later)], [true, true]);
    assert.ok(gracePeriod(m).on());
    assert.deepEqual([k.rcu_pending(), k.store.storage(batch.name).isAlive(later)], [false, false]);
    assert.equal(k.rcu_state.gp_seq, 8);
  });
});
