// kswapd in a run: once woken it reclaims before the next statement begins, or in a `parallel` block in turns with the others.
import type { Unit } from "../../core/program.ts";
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";

export interface Background {
  /** Who does something in the background now: kswapd, or nobody. */
  thread(): Thread | undefined;
  is(thread: Thread): boolean;
  begin(): Unit;
  /** It will never come to the end of what it is doing: it is not woken again. */
  lose(): void;
}

export function createBackground(system: System): Background {
  const { kswapd, straight: k } = system;
  return {
    thread() {
      if (kswapd.call) return kswapd;
      if (!k.zone.kswapd_awake) return undefined;
      kswapd.cpu = system.taskOf(kswapd).cpu;
      return kswapd;
    },
    is: (thread) => thread === kswapd,
    begin: () => system.platform.unit("kswapd_run", []),
    lose() {
      k.zone.kswapd_awake = 0;
      k.zone.kswapd_failures = Number.POSITIVE_INFINITY;
    },
  };
}
