// Whom a statement means, and who can do anything at all.
import type { System } from "../../kernel/boot.ts";
import { SIGKILL } from "../../kernel/uapi/signal.ts";
import type { Actor, Expr } from "../ast.ts";
import type { CheckedScenario } from "../check.ts";
import type { Value } from "../values.ts";
import { BadArgument } from "./calls.ts";
import type { Dying } from "./dying.ts";
import { showValue } from "./judge.ts";
import type { Roster } from "./roster.ts";
import type { WalkFrame } from "./state.ts";

export interface Who {
  /** Threads by number, in order. Throws BadArgument where there are none by that name. */
  threadsOf(actor: Actor, frames: readonly WalkFrame[]): readonly number[];
  /** Why a process or thread cannot do anything now; undefined where it can. */
  unable(thread: number): string | undefined;
}

interface Parts {
  readonly scenario: CheckedScenario;
  readonly roster: Roster;
  readonly system: System;
  readonly dying: Dying;
  /** The value of an expression for the scenario's own thread. Throws BadArgument. */
  value(expr: Expr, frames: readonly WalkFrame[]): Value;
}

export function createWho({ scenario, roster, system, dying, value }: Parts): Who {
  function cpuThread(number: Value): number {
    const thread = typeof number === "bigint" ? system.cpuThreads[Number(number)] : undefined;
    if (!thread) throw new BadArgument(`the machine has no CPU ${showValue(number)}`);
    return thread.id;
  }

  return {
    threadsOf(actor, frames) {
      if (actor.kind === "kernel") return [system.kernelThread.id];
      if (actor.kind === "cpu") return [cpuThread(value(actor.number, frames))];
      const process = scenario.processes.get(actor.name.text)!;
      const symbol = actor.thread ? process.threads.get(actor.thread.text)! : process;
      const all = roster.of(symbol);
      if (actor.index === undefined || actor.index === "all") return all;
      const index = value(actor.index, frames);
      const found = all[Number(index)];
      if (found === undefined) throw new BadArgument(`there is no \`${actor.name.text}[${showValue(index)}]\``);
      return [found];
    },
    unable(thread) {
      const member = roster.members[thread];
      const task = member && system.taskOf(system.threads[thread]!);
      // Who is on the way out of an `exit` has ended already, and still has steps to do.
      if (!task || system.threads[thread]!.call) return undefined;
      if (task.started === 0) return `\`${member.name}\` has not been forked yet`;
      if (task.exit_state === 0 && !dying.isLost(system.threads[thread]!)) return undefined;
      return task.signal === SIGKILL ? `\`${member.name}\` was killed` : `\`${member.name}\` has ended`;
    },
  };
}
