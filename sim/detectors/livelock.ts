// livelock: a fault or retry makes progress.
// Observes the kernel's own count of faults of one access that repeat without progress.
import { idOf } from "../core/struct.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Context } from "./context.ts";
import { hex, object } from "./report.ts";

export function livelock(context: Context): void {
  const { machine } = context;
  machine.listen("livelock", () => {
    const [address, mm] = machine.args as [number, Mm];
    context.raise({
      kind: "livelock",
      key: `livelock ${hex(address)} ${idOf(mm)}`,
      message: `rcu: INFO: rcu_preempt self-detected stall on CPU ${machine.thread?.cpu ?? 0}: ${context.runner()} faults at ${hex(address)} again and again without progress`,
      objects: [object(mm)],
    });
  });
}
