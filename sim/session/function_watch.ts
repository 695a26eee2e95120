// Breakpoints on kernel functions: which of the armed ones have been entered since the last step.
import type { System } from "../kernel/boot.ts";

export interface FunctionWatch {
  /** Names of all kernel functions. */
  readonly names: ReadonlySet<string>;
  /** From now on calls of these are noticed. */
  arm(names: ReadonlySet<string>): void;
  /** From now on calls of this one are told, and nothing else is noticed, until `arm`. */
  watchCalls(name: string, called: () => void): void;
  /** Those that were entered since the last call. */
  take(): ReadonlySet<string>;
}

type Functions = Record<string, unknown>;

/** Kernel functions call each other through the kernel object: a wrapper there sees every call, in both flavours. */
export function createFunctionWatch(system: System): FunctionWatch {
  const { machine } = system;
  const kernels = [system.stepping, system.straight] as unknown as readonly Functions[];
  /** Of those that are armed. */
  const originals = kernels.map(() => new Map<string, unknown>());
  /** Found when first asked for: there are thousands. */
  let all: ReadonlySet<string> | undefined;
  let armed: ReadonlySet<string> = new Set();
  let entered = new Set<string>();
  const none: ReadonlySet<string> = new Set();
  const wrap = (names: ReadonlySet<string>, called: (name: string) => void) => {
    kernels.forEach((kernel, i) => {
      const kept = originals[i]!;
      for (const [name, original] of kept) kernel[name] = original;
      kept.clear();
      for (const name of names) {
        const original = kernel[name] as (...args: unknown[]) => unknown;
        kept.set(name, original);
        kernel[name] = (...args: unknown[]) => {
          // What is only done once more has been noticed the first time.
          if (machine.step >= machine.observedUpTo) called(name);
          return original(...args);
        };
      }
    });
    armed = new Set(names);
    machine.callsWatched = armed.size > 0;
  };
  return {
    get names() {
      all ??= new Set([...callables(kernels[0]!), ...armed]);
      return all;
    },
    arm(names) {
      wrap(names, (name) => {
        entered.add(name);
        machine.alert();
      });
    },
    watchCalls: (name, called) => wrap(new Set([name]), called),
    take() {
      if (entered.size === 0) return none;
      const seen = entered;
      entered = new Set();
      return seen;
    },
  };
}

/** Bound functions of kernel modules; the kernel's own few members are no functions of Linux. */
function* callables(kernel: Functions): Iterable<string> {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(kernel))) {
    const value: unknown = descriptor.value;
    if (typeof value === "function" && value.name.startsWith("bound ")) yield name;
  }
}
