// deadlock: some task can always go on.
// Observes the scheduler's word that nobody can: each waits for what another holds. Reports all locks that are held then.
import type { Context } from "./context.ts";
import { heldBy } from "./held_list.ts";
import type { HeldLocks } from "./held_locks.ts";
import { object } from "./report.ts";

export function deadlock(context: Context, locks: () => HeldLocks): void {
  const { machine } = context;
  machine.listen("hung_task", () => {
    context.state.hung = 1;
    const [tasks, reasons] = machine.args as [string, string];
    const holders = context.threads.filter(({ held }) => held > 0);
    const objects = holders.flatMap((thread) =>
      Array.from({ length: thread.held }, (_, i) => object(locks().holder(thread, i))),
    );
    const held = holders.map((thread) => heldBy(context, locks(), thread));
    context.raise({
      kind: "deadlock",
      key: `deadlock ${reasons}`,
      message: [`INFO: task ${tasks} blocked for more than 120 seconds: ${reasons}`, ...held].join("; "),
      objects: objects.filter(({ id }, i) => objects.findIndex((one) => one.id === id) === i),
    });
  });
}
