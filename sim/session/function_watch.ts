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
  const kernels = [system.stepping, system.straight] as unknown as readonly Functions[];
  const originals = kernels.map((kernel) => new Map<string, unknown>(callables(kernel)));
  let armed: ReadonlySet<string> = new Set();
  let entered = new Set<string>();
  const none: ReadonlySet<string> = new Set();
  const wrap = (names: ReadonlySet<string>, called: (name: string) => void) => {
    kernels.forEach((kernel, i) => {
      for (const name of armed) kernel[name] = originals[i]!.get(name);
      for (const name of names) {
        const original = originals[i]!.get(name) as (...args: unknown[]) => unknown;
        kernel[name] = (...args: unknown[]) => {
          called(name);
          return original(...args);
        };
      }
    });
    armed = new Set(names);
    system.machine.callsWatched = armed.size > 0;
  };
  return {
    names: new Set(originals[0]!.keys()),
    arm(names) {
      wrap(names, (name) => {
        entered.add(name);
        system.machine.alert();
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
function* callables(kernel: Functions): Iterable<[string, unknown]> {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(kernel))) {
    const value: unknown = descriptor.value;
    if (typeof value === "function" && value.name.startsWith("bound ")) yield [name, value];
  }
}
