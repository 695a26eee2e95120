// deadlock: some task can always go on.
// Observes the scheduler's word that nobody can: each waits for what another holds.
import type { Task } from "../kernel/mm_types.ts";
import { alive, type Context } from "./context.ts";
import { object } from "./report.ts";

export function deadlock(context: Context): void {
  const { machine } = context;
  machine.listen("hung_task", () => {
    const [tasks, reasons] = machine.args as [readonly Task[], readonly string[]];
    const waits = tasks.map(
      (task, i) => `${alive(task) ? task.comm : "freed task"} waits for ${reasons[i] ?? "something"}`,
    );
    context.raise({
      kind: "deadlock",
      key: `deadlock ${waits.join(" ")}`,
      message: `INFO: task blocked for more than 120 seconds: ${waits.join("; ")}`,
      objects: tasks.map((task) => object(task)),
    });
  });
}
