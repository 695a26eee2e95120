// Runs several processes' calls at once, step by step, as a seed says, and the grace periods of RCU among them: a schedule
// without a scenario.
import { random } from "../../sim/core/schedule.ts";
import type { Steps, Thread } from "../../sim/core/thread.ts";
import { SIGKILL } from "../../sim/kernel/uapi/signal.ts";
import type { Watched } from "./watched.ts";

/** A unit that a process does: kernel function and arguments. */
export interface Work {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Interleaves the processes' work: `next(who)` gives the next unit, `undefined` at the end. */
export function interleave(
  m: Watched,
  actors: readonly number[],
  seed: number,
  next: (who: number) => Work | undefined,
): void {
  const { machine, platform, threads } = m.system;
  const schedule = random(seed);
  const done = new Set<Thread>();
  let memory = 0;
  /** Who was killed exits when it would return to its program. */
  const killed = (thread: Thread) => m.task(thread.id).signal === SIGKILL && m.task(thread.id).exit_state === 0;
  const rcu = m.system.daemons.find(({ run }) => run === "rcu_gp_kthread")!;
  const start = (thread: Thread): Steps<unknown> | null => {
    if (thread.id < 0) return platform.interrupt(thread).stepping();
    if (thread === rcu.thread) return platform.unit(rcu.run, []).stepping();
    const work = killed(thread) ? { name: "do_group_exit", args: [SIGKILL] } : next(thread.id);
    if (work === undefined) done.add(thread);
    return work ? platform.unit(work.name, work.args).stepping() : null;
  };
  for (;;) {
    const waiting = rcu.thread.call !== null || rcu.isAwake() ? [rcu.thread] : [];
    const able = [...platform.interrupts(), ...actors.map((who) => threads[who]!), ...waiting].filter(
      (thread) =>
        // Who has nothing left to do may be killed, and then has to come to the end of its exit.
        (!done.has(thread) || thread.call !== null || killed(thread)) &&
        (thread.id < 0 || thread === rcu.thread || m.task(thread.id).started !== 0) &&
        (!thread.waitsFor || thread.waitsFor()) &&
        platform.available(thread),
    );
    if (able.length === 0) break;
    const chosen = schedule.next(able, null, memory);
    memory = chosen.memory;
    const { thread } = chosen;
    machine.thread = thread;
    thread.waitsFor = null;
    const switchIn = thread.id < 0 ? null : platform.switchIn(thread);
    if (switchIn) for (const _step of switchIn.stepping());
    thread.call ??= start(thread);
    if (thread.call?.next().done) thread.call = null;
    machine.thread = null;
  }
  const stuck = threads.filter(({ call }) => call).map(({ name, waitReason }) => `${name} waits for ${waitReason}`);
  if (stuck.length > 0) throw new Error(stuck.join(", "));
}
