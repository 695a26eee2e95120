// The kernel's own threads in a run: once woken they work before the next statement begins, or in a `parallel` block in turns
// with the others.
import type { Unit } from "../../core/program.ts";
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";

export interface Background {
  /** Who has something to do in the background now. */
  threads(): readonly Thread[];
  is(thread: Thread): boolean;
  begin(thread: Thread): Unit;
  /** It will never come to the end of what it is doing: it is not woken again. */
  lose(thread: Thread): void;
}

const NOBODY: readonly Thread[] = [];

export function createBackground(system: System): Background {
  const { daemons } = system;
  const daemonOf = (thread: Thread) => daemons.find((one) => one.thread === thread)!;
  return {
    threads() {
      const awake = daemons.filter(({ thread, isAwake }) => thread.call !== null || isAwake());
      if (awake.length === 0) return NOBODY;
      for (const { thread } of awake) if (!thread.call) thread.cpu = system.taskOf(thread).cpu;
      return awake.map(({ thread }) => thread);
    },
    is: (thread) => daemonOf(thread) !== undefined,
    begin: (thread) => system.platform.unit(daemonOf(thread).run, []),
    lose: (thread) => daemonOf(thread).lose(),
  };
}
