// Kernel threads that work in the background, and what there is for them to do.
import type { Thread } from "../core/thread.ts";
import type { Kernel } from "./kernel.ts";

/** In the order of their numbers, which follow those of all other threads. */
export const DAEMON_NAMES = ["kswapd0", "rcu_preempt"] as const;
export type DaemonName = (typeof DAEMON_NAMES)[number];

export interface Daemon {
  readonly thread: Thread;
  /** What it does, in words. */
  readonly does: string;
  /** The kernel function that does what there is to do. */
  readonly run: "kswapd_run" | "rcu_gp_kthread";
  /** It works on top of whoever has the CPU, as softirqs do, or on any other one: it takes nobody's place. */
  readonly isEverywhere: boolean;
  isAwake(): boolean;
  /** It will never come to the end of what it is doing: it is not woken again. */
  lose(): void;
}

export function createDaemons(k: Kernel, thread: (name: DaemonName) => Thread): readonly Daemon[] {
  return [
    {
      thread: thread("rcu_preempt"),
      does: "waits for readers and calls back",
      run: "rcu_gp_kthread",
      isEverywhere: true,
      isAwake: () => k.rcu_pending(),
      lose() {
        k.rcu_state.stalled = 1;
      },
    },
    {
      thread: thread("kswapd0"),
      does: "reclaims memory",
      run: "kswapd_run",
      isEverywhere: false,
      isAwake: () => k.zone.kswapd_awake !== 0,
      lose() {
        k.zone.kswapd_awake = 0;
        k.zone.kswapd_failures = Number.POSITIVE_INFINITY;
      },
    },
  ];
}
