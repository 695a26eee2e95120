// kernel-warning: a WARN or BUG of the design itself.
// Observes the event with which kernel functions warn.
import type { Context } from "./context.ts";

export function kernelWarning(context: Context): void {
  const { machine } = context;
  machine.listen("kernel_warning", () => {
    const text = String(machine.args[0]);
    context.raise({ kind: "kernel-warning", key: `kernel-warning ${text}`, message: `WARNING: ${text}`, objects: [] });
  });
}
