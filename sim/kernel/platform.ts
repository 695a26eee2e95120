// What the simulated computer decides about who may run (core/program.ts: Platform): interrupts, task switches, preemption.
import type { Machine } from "../core/machine.ts";
import type { Platform, Unit } from "../core/program.ts";
import { type Steps, Thread } from "../core/thread.ts";
import type { Daemon } from "./daemons.ts";
import type { Kernel } from "./kernel.ts";
import type { Cpu, Task } from "./mm_types.ts";

export interface KernelPlatform extends Platform {
  /** Plain calls only: all interrupts that are pending, one CPU after the other. */
  runNow(): void;
  /** The interrupt contexts, by CPU. */
  readonly handlers: readonly Thread[];
  /** A unit that calls a kernel function in both flavours. */
  unit(name: string, args: readonly unknown[]): Unit;
}

interface Parts {
  readonly machine: Machine;
  readonly stepping: Kernel;
  readonly straight: Kernel;
  readonly cpus: readonly Cpu[];
  readonly daemons: readonly Daemon[];
  taskOf(thread: Thread): Task;
}

type Callable = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

export function createPlatform({ machine, stepping, straight, cpus, daemons, taskOf }: Parts): KernelPlatform {
  const handlers = cpus.map((cpu) => new Thread(-1 - cpu.id, `irq/${cpu.id}`, cpu.id));
  const unit = (name: string, args: readonly unknown[]): Unit => ({
    straight: () => (straight as unknown as Callable)[name]!(...args),
    stepping: () => (stepping as unknown as Callable)[name]!(...args) as Steps<unknown>,
    frames: stepping.frames,
  });
  // A handler that has begun goes on, also when it has done all that was asked.
  const pending = () =>
    handlers.filter(({ call, cpu }) => call !== null || (cpus[cpu]!.pending > 0 && cpus[cpu]!.irqs_off === 0));
  const everywhere = daemons.filter(({ isEverywhere }) => isEverywhere).map(({ thread }) => thread);
  const interrupt = (thread: Thread) => unit("handle_ipi", [cpus[thread.cpu]!]);
  return {
    handlers,
    unit,
    interrupt,
    interrupts: pending,
    available(thread) {
      if (thread.id < 0 || everywhere.includes(thread)) return true;
      const running = cpus[thread.cpu]!.curr;
      const preemptible = !running || (running.preempt_count === 0 && cpus[thread.cpu]!.irqs_off === 0);
      return preemptible || running === taskOf(thread);
    },
    switchIn(thread) {
      const cpu = cpus[thread.cpu]!;
      const task = taskOf(thread);
      // What is asked of a CPU itself takes nobody's place on it.
      return cpu.curr === task || cpu.idle === task || everywhere.includes(thread)
        ? null
        : unit("context_switch", [cpu, task]);
    },
    runNow() {
      const { thread } = machine;
      for (let next = pending()[0]; next; next = pending()[0]) {
        machine.thread = next;
        interrupt(next).straight();
      }
      machine.thread = thread;
    },
  };
}
