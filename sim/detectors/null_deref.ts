// null-deref: no null pointer is followed. (A pointer out of a freed object that is followed is a use-after-free.)
// Observes the exception with which a kernel function ends that followed one: who runs the machine hands it in.
import type { Context } from "./context.ts";
import { duringStep } from "./report.ts";

const NULL = /^Cannot (?:read|set) propert(?:y|ies) of (?:null|undefined)(?: \((?:reading|setting) '([^']+)'\))?/;

/** Reports `error` if it is a followed null pointer. False: it is something else, and no bug of the simulated kernel. */
export function nullDeref(context: Context, error: unknown): boolean {
  const found = error instanceof TypeError ? NULL.exec(error.message) : null;
  if (!found) return false;
  const field = found[1] ?? "a field";
  // What was read from a freed object points anywhere; following it ends in the simulator's own memory.
  const wild = /^\d+$/.test(field);
  const message = wild
    ? `general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b6b: ${context.runner()} follows a pointer that it read from a freed object`
    : `kernel NULL pointer dereference: ${context.runner()} uses ${field} of a null pointer`;
  duringStep(context.machine, () =>
    context.raise({
      kind: wild ? "use-after-free" : "null-deref",
      key: wild ? "use-after-free wild" : `null-deref ${field}`,
      message,
      objects: [],
      stack: (error as Error).stack,
    }),
  );
  return true;
}
