// Threads that were killed: back in their program they exit, before anything else happens but the calls that others are in.
import type { Unit } from "../../core/program.ts";
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";
import { SIGKILL } from "../../kernel/uapi/signal.ts";
import type { ActorState, ScenarioState } from "./state.ts";

/** What `ActorState.dying` says of a thread: it is on its way out, or will never come to the end of it. */
const EXITING = 1;
const LOST = 2;
const NOBODY: readonly Thread[] = [];

export interface Dying {
  /** Who is to exit, or does so. */
  threads(): readonly Thread[];
  begin(thread: Thread): Unit;
  /** The thread's unit has ended. True: it was its exit. */
  ended(thread: Thread): boolean;
  /** The thread's unit will never end. True: it was its exit, which is not tried again. */
  lose(thread: Thread): boolean;
  isLost(thread: Thread): boolean;
  /** Its exit has begun. */
  isExiting(thread: Thread): boolean;
}

export function createDying(
  system: System,
  state: ScenarioState,
  members: number,
  actor: (thread: Thread) => ActorState,
): Dying {
  const { machine } = system;
  machine.listen("signal", () => {
    if (machine.args[0] === SIGKILL) state.killing = 1;
  });
  const isDying = (thread: Thread): boolean => {
    const { dying } = actor(thread);
    if (dying === LOST) return false;
    // The task counts as gone before the last of its exit is done.
    if (thread.call) return dying === EXITING;
    const task = system.taskOf(thread);
    return task.signal === SIGKILL && task.exit_state === 0 && task.started !== 0;
  };
  /** Also who is in the middle of a call, which it ends first. */
  const isKilled = (thread: Thread): boolean => {
    const { dying } = actor(thread);
    const { signal, exit_state } = system.taskOf(thread);
    return dying === EXITING || (dying !== LOST && signal === SIGKILL && exit_state === 0);
  };
  const mortal = system.threads.slice(0, members);
  return {
    threads() {
      // Asked at every step, of thousands of threads: most of the time nobody was killed.
      if (state.killing === 0) return NOBODY;
      const dying = mortal.filter(isDying);
      if (dying.length === 0 && !mortal.some(isKilled)) state.killing = 0;
      return dying;
    },
    begin(thread) {
      actor(thread).dying = EXITING;
      return system.platform.unit("do_group_exit", [SIGKILL]);
    },
    ended(thread) {
      if (actor(thread).dying !== EXITING) return false;
      actor(thread).dying = 0;
      return true;
    },
    lose(thread) {
      if (actor(thread).dying !== EXITING) return false;
      actor(thread).dying = LOST;
      return true;
    },
    isLost: (thread) => actor(thread).dying === LOST,
    isExiting: (thread) => actor(thread).dying === EXITING,
  };
}
