// deadlock: some task can always go on.
// Observes the scheduler's word that nobody can: each waits for what another holds.
import type { Context } from "./context.ts";

export function deadlock(context: Context): void {
  const { machine } = context;
  machine.listen("hung_task", () => {
    const [tasks, reasons] = machine.args as [string, string];
    context.raise({
      kind: "deadlock",
      key: `deadlock ${reasons}`,
      message: `INFO: task ${tasks} blocked for more than 120 seconds: ${reasons}`,
      objects: [],
    });
  });
}
