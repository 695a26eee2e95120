// All detectors, attached to a booted system. The structures that they keep are declared with the system's own:
// boot it with `withDetectors(patch)`, then attach, before the first step.
import type { Patch, System } from "../kernel/boot.ts";
import { watchAccesses } from "./accesses.ts";
import { accountingMismatch } from "./accounting_mismatch.ts";
import { createContext } from "./context.ts";
import { danglingPageTable } from "./dangling_page_table.ts";
import { dataMismatch, sharedContents, writesToNewPages } from "./data_mismatch.ts";
import { deadlock } from "./deadlock.ts";
import { doubleFree } from "./double_free.ts";
import { type HeldLocks, watchLocks } from "./held_locks.ts";
import { kernelWarning } from "./kernel_warning.ts";
import { livelock } from "./livelock.ts";
import { lockHeld } from "./lock_held.ts";
import { lockImbalance } from "./lock_imbalance.ts";
import { lockInversion } from "./lock_inversion.ts";
import { lockRecursion } from "./lock_recursion.ts";
import { locklessWalk } from "./lockless_walk.ts";
import { missingLock } from "./missing_lock.ts";
import { missingTlbFlush } from "./missing_tlb_flush.ts";
import { notifierMissed } from "./notifier_missed.ts";
import { nullDeref } from "./null_deref.ts";
import { oomStuck } from "./oom_stuck.ts";
import { pageTableLeak } from "./page_table_leak.ts";
import { permissionBypass, sharedPermissions } from "./permission_bypass.ts";
import { refcountLeak } from "./refcount_leak.ts";
import { refcountUnderflow } from "./refcount_underflow.ts";
import { type BugReport, bug_report, createReporter } from "./report.ts";
import { onReturnToUser } from "./return_to_user.ts";
import { rssMismatch } from "./rss_mismatch.ts";
import { onSharedWalk } from "./shared_walks.ts";
import { staleTlbAccess } from "./stale_tlb_access.ts";
import { watchTlbs } from "./tlb_watch.ts";
import { uncoveredSharedTable } from "./uncovered_shared_table.ts";
import { useAfterFree } from "./use_after_free.ts";
import { frame_watch, machine_watch, stale_watch, table_watch, thread_watch } from "./watch.ts";

export interface Detectors {
  /** What was found until now, in the order of finding. */
  reports(): readonly BugReport[];
  /** Call once when all processes have exited: looks for what was never freed. */
  endOfRun(): void;
  /** A kernel function has ended with this exception. True: it is a bug of the simulated kernel, and reported. */
  oops(error: unknown): boolean;
  /** Runs `look`, which may follow pointers to freed objects without that being a bug of the kernel. */
  quietly<T>(look: () => T): T;
}

/** The structures in which detectors remember. */
export const detectorStructures = [
  bug_report,
  thread_watch,
  frame_watch,
  table_watch,
  machine_watch,
  stale_watch,
] as const;

/** A design's patch for a system that detectors will watch. */
export const withDetectors = (patch: Patch): Patch => ({
  ...patch,
  structures: [...patch.structures, ...detectorStructures],
});

export function attachDetectors(system: System): Detectors {
  const { machine } = system;
  const reporter = createReporter(machine);
  const context = createContext(system, reporter.raise);
  let looking = 0;
  const suspended = () => looking > 0;
  const locks = (): HeldLocks => held;
  const held: HeldLocks = watchLocks(context, context.state, [
    lockRecursion(context, locks),
    lockInversion(context, context.state, locks),
    lockImbalance(context, locks),
    danglingPageTable(context),
    locklessWalk(context),
  ]);
  const tlbs = watchTlbs(context);
  onReturnToUser(context, [lockHeld(context, locks), missingTlbFlush(context, tlbs)]);
  staleTlbAccess(context, tlbs);
  watchAccesses(context, [permissionBypass(context), dataMismatch(context)], {
    anon_faults: writesToNewPages(context),
  });
  onSharedWalk(context, [
    sharedPermissions(context),
    (mm, _owner, address, pfn) => sharedContents(context, mm, address, pfn),
  ]);
  missingLock(context, locks);
  uncoveredSharedTable(context);
  const atEnd = [accountingMismatch(context), refcountLeak(context)];
  oomStuck(context);
  notifierMissed(context);
  useAfterFree(context, suspended);
  doubleFree(context);
  refcountUnderflow(context);
  pageTableLeak(context);
  rssMismatch(context);
  livelock(context);
  deadlock(context, locks);
  kernelWarning(context);
  return {
    reports: reporter.reports,
    endOfRun() {
      for (const check of atEnd) check();
    },
    oops: (error) => nullDeref(context, error),
    quietly(look) {
      looking++;
      try {
        return look();
      } finally {
        looking--;
      }
    },
  };
}
