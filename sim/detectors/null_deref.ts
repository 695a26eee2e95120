// null-deref: no null pointer is followed.
// Observes the exception with which a kernel function ends that followed one: who runs the machine hands it in.
import type { Context } from "./context.ts";
import { duringStep } from "./report.ts";

const NULL = /^Cannot (?:read|set) propert(?:y|ies) of (?:null|undefined)(?: \((?:reading|setting) '([^']+)'\))?/;

/** Reports `error` if it is a followed null pointer. False: it is something else, and no bug of the simulated kernel. */
export function nullDeref(context: Context, error: unknown): boolean {
  const found = error instanceof TypeError ? NULL.exec(error.message) : null;
  if (!found) return false;
  const field = found[1] ?? "a field";
  duringStep(context.machine, () =>
    context.raise({
      kind: "null-deref",
      key: `null-deref ${field}`,
      message: `kernel NULL pointer dereference: ${context.runner()} uses ${field} of a null pointer`,
      objects: [],
      stack: (error as Error).stack,
    }),
  );
  return true;
}
