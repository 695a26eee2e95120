// Threads of the simulated system as debuggers number them: from 1 in order of declaration; interrupt contexts far above.
import type { Thread } from "../core/thread.ts";
import type { ThreadInfo } from "../debugging.ts";
import type { Loaded } from "./load.ts";

const IRQ_THREADS = 1_000_000;

export const threadNumber = (thread: Thread): number => (thread.id >= 0 ? thread.id + 1 : IRQ_THREADS + thread.cpu);

export function threadNumbered({ system }: Loaded, id: number): Thread {
  const handler = id >= IRQ_THREADS ? system.platform.handlers[id - IRQ_THREADS] : undefined;
  return handler ?? system.threads[id - 1] ?? system.kernelThread;
}

/** Declared processes and threads, the kernel's, and whoever else is in the middle of something. */
export function threadInfos({ runner, system }: Loaded): ThreadInfo[] {
  const members = runner.roster.members.length;
  const infos: ThreadInfo[] = [];
  for (const thread of system.threads) {
    const own = thread.id < members;
    if (!own && thread.call === null && thread !== system.kernelThread) continue;
    const task = system.taskOf(thread);
    const gone = own && (task.exit_state !== 0 || !task.started);
    const state = gone ? "finished" : thread.waitsFor ? "waiting" : thread.call ? "running" : "idle";
    infos.push({ id: threadNumber(thread), name: `cpu${thread.cpu}: ${thread.name}`, cpu: thread.cpu, state });
  }
  return infos;
}

/** Who could do the next step, and what it is about to do. To look changes nothing: what comes before that step does not come yet. */
export const runnable = (loaded: Loaded): { readonly thread: number; readonly text: string }[] =>
  loaded.runner.foreseeing(() => able(loaded));

function able({ run, runner, system }: Loaded): { readonly thread: number; readonly text: string }[] {
  return run.able().map((thread) => {
    const at = runner.nextStatementOf(thread);
    const idle = system.daemons.find((one) => one.thread === thread)?.does ?? "exits";
    const what = thread.id < 0 ? "handles an interrupt" : at ? `line ${at.line}: ${at.text}` : idle;
    const begun = thread.call !== null && thread.id >= 0 ? ", under way" : "";
    return { thread: threadNumber(thread), text: `${thread.name} on cpu${thread.cpu}: ${what}${begun}` };
  });
}
