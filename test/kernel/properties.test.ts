// Random programs of four threads keep the kernel's books right, leave nothing behind, and are the same step by step.
import assert from "node:assert/strict";
import fc from "fast-check";
import { random } from "../../sim/core/schedule.ts";
import type { Steps, Thread } from "../../sim/core/thread.ts";
import type { System } from "../../sim/kernel/boot.ts";
import { boot } from "../../sim/kernel/boot.ts";
import { operationTables } from "../../sim/kernel/fs/tables.ts";
import type { Config } from "../../sim/kernel/kernel.ts";
import { config, noPatch } from "./harness.ts";
import { checkInvariants, checkNothingLeft } from "./invariants.ts";

/** More of them find rarer mistakes: set KERNEL_RUNS. */
const RUNS = Number(process.env["KERNEL_RUNS"] ?? 60);

const BASE = 2 ** 40;
/** Pages near each other, at the ends of page tables, and where no table is shared. */
const SPOTS = [0, 1, 2, 4, 510, 512, 514, 1024, 2 ** 18].map((page) => BASE + page * 4096);
const CHILD = 2;
/** Two processes, one that is forked, and a second thread of the first. */
const PROCESSES = [
  { name: "a", cpu: 0 },
  { name: "b", cpu: 1 },
  { name: "child", cpu: 0, forked: true },
  { name: "thread", cpu: 1, threadOf: 0 },
];

/** What one thread does: a kernel function and its arguments, or nothing if it is not possible now. */
interface Op {
  readonly who: number;
  readonly name: string;
  readonly args: readonly (number | string)[];
}

/** The first process and its thread do most. */
const who = fc.constantFrom(0, 0, 0, 1, CHILD, CHILD, 3, 3);
const spot = fc.constantFrom(...SPOTS);
const bytes = fc.constantFrom(1, 2, 3, 5, 512, 514, 1028).map((pages) => pages * 4096);
const prot = fc.constantFrom(0, 1, 3, 3, 3, 3);
/** Private or shared, anonymous; sometimes without reserving memory, or locked. */
const flags = fc.constantFrom(0x32, 0x32, 0x31, 0x4032, 0x2032);
const ADVICE = [0, 3, 4, 4, 8, 9, 10, 11, 18, 19, 20, 21, 21, 22, 23, 24, 102, 103];

const zero = fc.constant(0);

function op(name: string, ...args: fc.Arbitrary<number | string>[]): fc.Arbitrary<Op> {
  return fc.tuple(who, fc.tuple(...args)).map(([who, args]) => ({ who, name, args }));
}

const operation: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: op("sys_mmap", spot, bytes, prot, flags, fc.constant(-1), zero) },
  { weight: 3, arbitrary: op("sys_mmap", spot, bytes, prot, fc.constantFrom(0x11, 0x12), fc.constant(3), zero) },
  { weight: 8, arbitrary: op("touch", spot, fc.constantFrom(1, 2, 5, 20), fc.constantFrom("read", "write")) },
  { weight: 3, arbitrary: op("sys_munmap", spot, bytes) },
  { weight: 3, arbitrary: op("sys_mprotect", spot, bytes, prot) },
  { weight: 5, arbitrary: op("sys_madvise", spot, bytes, fc.constantFrom(...ADVICE)) },
  { weight: 3, arbitrary: op("sys_mremap", spot, bytes, bytes, fc.constantFrom(0, 1, 1, 3, 7, 5), spot) },
  op("sys_mlock", spot, bytes),
  op("sys_munlock", spot, bytes),
  op("sys_mincore", spot, bytes, zero),
  op("sys_ftruncate", fc.constant(3), bytes),
  { weight: 2, arbitrary: fc.constant<Op>({ who: 0, name: "fork", args: [] }) },
  { weight: 2, arbitrary: op("swap_out", spot, bytes) },
  op("kernel_reclaim", fc.constantFrom(1, 40)),
  { weight: 2, arbitrary: op("migrate", spot) },
  op("kernel_compact"),
);

const machines: Readonly<Record<string, Partial<Config>>> = {
  "6.18": { version: "6.18" },
  "6.12 with PCIDs": { version: "6.12", pcid: true },
  "6.18 with five levels": { version: "6.18", levels: 5 },
  "6.18 with little memory": { version: "6.18", memory: 400 * 4096, swap: 2000 * 4096 },
};

/** A machine, and how its threads call the kernel. */
class Machine {
  readonly system: System;
  readonly how: "straight" | "stepping";
  /** With five levels the programs work where one top-level entry ends and the next begins, above 47 bits. */
  readonly base: number;

  constructor(options: Partial<Config>, how: "straight" | "stepping") {
    this.system = boot(config({ memory: 2 ** 25, swap: 2 ** 24, ...options }), noPatch, PROCESSES, operationTables);
    this.how = how;
    this.base = options.levels === 5 ? 3 * 2 ** 48 - 2 ** 21 : BASE;
    this.call(0, "sys_memfd_create", "shared", 0);
    this.call(1, "sys_memfd_create", "other", 0);
    for (const who of [0, 1]) this.call(who, "sys_ftruncate", 3, 600 * 4096);
    // Calls one after the other leave a victim no time to exit: nobody may be killed.
    this.adjustOomScores(-1000);
  }

  adjustOomScores(adj: number): void {
    PROCESSES.forEach((_, who) => {
      this.task(who).oom_score_adj = adj;
    });
  }

  killed = (who: number): boolean => this.task(who).signal !== 0 && this.task(who).exit_state === 0;
  task = (who: number) => this.system.taskOf(this.system.threads[who]!);
  alive = (who: number): boolean => this.task(who).mm !== null && this.task(who).exit_state === 0;

  call(who: number, name: string, ...args: unknown[]): unknown {
    return this.callIn(this.system.threads[who]!, name, args);
  }

  callIn(thread: Thread, name: string, args: readonly unknown[]): unknown {
    const { machine, platform } = this.system;
    machine.thread = thread;
    machine.straight = this.how === "straight";
    let result: unknown;
    for (const unit of [platform.switchIn(thread), platform.unit(name, args)]) {
      if (this.how === "straight") result = unit?.straight();
      else if (unit) result = this.step(thread, unit.stepping());
    }
    machine.straight = false;
    machine.thread = null;
    return result;
  }

  /** To the end of a call; what other CPUs are asked for is done when somebody waits for it. */
  step(thread: Thread, call: Steps<unknown>): unknown {
    const { machine, platform } = this.system;
    for (;;) {
      machine.thread = thread;
      const { value, done } = call.next();
      if (done) return value;
      if (!thread.waitsFor) continue;
      for (let next = platform.interrupts()[0]; next; next = platform.interrupts()[0]) {
        machine.thread = next;
        for (const _step of platform.interrupt(next).stepping());
      }
      assert.ok(thread.waitsFor(), `waits for ever: ${thread.waitReason}`);
      thread.waitsFor = null;
    }
  }

  do(op: Op): void {
    if (!this.alive(op.who)) return;
    for (const [name, ...args] of this.units(op)) this.call(op.who, name, ...args);
    this.graceful();
  }

  /** What waits for a grace period has seen one, as nobody is in the middle of a call. */
  graceful(): void {
    for (const { thread, run, isAwake } of this.daemons) if (isAwake()) this.callIn(thread, run, []);
  }

  get daemons() {
    return this.system.daemons.filter(({ run }) => run === "rcu_gp_kthread");
  }

  /** The kernel functions that an operation calls, with their arguments. */
  units({ who, name, args: asked }: Op): readonly (readonly [string, ...unknown[]])[] {
    const isPlace = (arg: number | string): arg is number => typeof arg === "number" && arg >= BASE;
    const args = asked.map((arg) => (isPlace(arg) ? arg - BASE + this.base : arg));
    const done = ["task_work_run"] as const;
    if (name === "fork") return this.task(CHILD).started ? [] : [["sys_fork", this.task(CHILD)], done];
    if (name === "swap_out") return [["kernel_swap_out", this.task(who), ...args], done];
    if (name === "migrate") return [["kernel_migrate", this.task(who), ...args], done];
    if (name !== "touch") return [[name, ...args], done];
    const [at, pages, access] = args as readonly (number | string)[] as readonly [number, number, string];
    return Array.from({ length: pages }, (_, i) =>
      access === "read" ? ["user_load", at + i * 4096] : ["user_store", at + i * 4096, i, 1],
    );
  }

  /** All threads at once: each does its part of the program in order, a schedule draws who does the next step. */
  interleave(ops: readonly Op[], seed: number): void {
    const { machine, platform, threads } = this.system;
    this.adjustOomScores(0);
    const schedule = random(seed);
    const queues = PROCESSES.map((_, who) => ops.filter((op) => op.who === who));
    const units = PROCESSES.map((): (readonly [string, ...unknown[]])[] => []);
    const next = (who: number): Steps<unknown> | null => {
      if (this.killed(who)) return platform.unit("do_group_exit", [9]).stepping();
      while (units[who]!.length === 0 && queues[who]!.length > 0 && this.alive(who))
        units[who]!.push(...this.units(queues[who]!.shift()!));
      const unit = this.alive(who) ? units[who]!.shift() : undefined;
      return unit ? platform.unit(unit[0], unit.slice(1)).stepping() : null;
    };
    const daemonOf = (thread: Thread) => this.daemons.find((one) => one.thread === thread);
    const begin = (thread: Thread): Steps<unknown> | null => {
      if (thread.id < 0) return platform.interrupt(thread).stepping();
      const daemon = daemonOf(thread);
      return daemon ? platform.unit(daemon.run, []).stepping() : next(thread.id);
    };
    const ready = (thread: Thread): boolean =>
      (!thread.waitsFor || thread.waitsFor()) &&
      platform.available(thread) &&
      (thread.id < 0 ||
        thread.call !== null ||
        daemonOf(thread)?.isAwake() ||
        this.killed(thread.id) ||
        (thread.id < PROCESSES.length &&
          this.alive(thread.id) &&
          units[thread.id]!.length + queues[thread.id]!.length > 0)) &&
      (thread.id < 0 || daemonOf(thread) !== undefined || this.task(thread.id).started !== 0);
    for (let memory = 0; ; ) {
      const own = [...PROCESSES.map((_, who) => threads[who]!), ...this.daemons.map(({ thread }) => thread)];
      const able = [...platform.interrupts(), ...own].filter(ready);
      if (able.length === 0) break;
      const drawn = schedule.next(able, null, memory);
      memory = drawn.memory;
      const { thread } = drawn;
      machine.thread = thread;
      thread.waitsFor = null;
      const switchIn = thread.id < 0 ? null : platform.switchIn(thread);
      if (switchIn) for (const _step of switchIn.stepping());
      thread.call ??= begin(thread);
      if (thread.call?.next().done) thread.call = null;
      machine.thread = null;
    }
    const stuck = threads.filter(({ call }) => call).map(({ name, waitReason }) => `${name}: ${waitReason}`);
    assert.deepEqual(stuck, [], "threads wait for ever");
  }

  end(): void {
    PROCESSES.forEach((_, who) => {
      if (this.alive(who)) this.call(who, "sys_exit", 0);
      this.call(who, "task_work_run");
    });
    this.graceful();
    // Pages that lost their last user while reclaim had them locked are in the swap cache until it comes by again.
    if (this.system.straight.swap_info.inuse_pages > 0)
      this.callIn(this.system.kernelThread, "kernel_reclaim", [this.system.straight.swap_info.inuse_pages]);
  }
}

/** Something is mapped at first, so that there is something to work with. */
const program = fc
  .tuple(fc.constantFrom(0x32, 0x32, 0x31), fc.array(operation, { maxLength: 60, size: "max" }))
  .map(([flags, ops]) => [...[0, 1].map((who) => mapAll(who, flags)), ...ops]);

function mapAll(who: number, flags: number): Op {
  return { who, name: "sys_mmap", args: [BASE, 1100 * 4096, 3, flags, -1, 0] };
}

for (const [title, options] of Object.entries(machines)) {
  describe(`random programs on ${title}`, () => {
    it("keep every counter equal to what it counts, and leave nothing behind", () => {
      fc.assert(
        fc.property(program, (ops) => {
          const machine = new Machine(options, "straight");
          const k = machine.system.straight;
          checkInvariants(k);
          for (const op of ops) {
            machine.do(op);
            checkInvariants(k);
          }
          machine.end();
          checkNothingLeft(k);
        }),
        { numRuns: RUNS },
      );
    });

    it("interleaved step by step, leave every counter right, nobody waiting and nothing behind", () => {
      fc.assert(
        fc.property(program, fc.nat(), (ops, seed) => {
          const machine = new Machine(options, "straight");
          machine.interleave(ops, seed);
          checkInvariants(machine.system.straight);
          machine.end();
          checkNothingLeft(machine.system.straight);
        }),
        { numRuns: RUNS },
      );
    });

    it("are the same as plain calls and step by step", () => {
      fc.assert(
        fc.property(program, (ops) => {
          const [straight, stepping] = [new Machine(options, "straight"), new Machine(options, "stepping")];
          for (const machine of [straight, stepping]) for (const op of ops) machine.do(op);
          assert.equal(stepping.system.machine.step, straight.system.machine.step);
          assert.equal(stepping.system.machine.store.hash(), straight.system.machine.store.hash());
        }),
        { numRuns: Math.ceil(RUNS / 3) },
      );
    });
  });
}
