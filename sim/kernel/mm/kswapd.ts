// kswapd (mm/vmscan.c): the kernel thread that reclaims before anybody has to wait for memory.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import { MAX_RECLAIM_RETRIES } from "./memcontrol.ts";
import { DEF_PRIORITY, type ScanControl, SWAP_CLUSTER_MAX, scan_control } from "./vmscan_node.ts";
import { WMARK_HIGH } from "./watermarks.ts";

/** Less is free than is meant to be: kswapd has something to do, unless it has found nothing so often that it gave up. */
export function* wakeup_kswapd(k: Kernel): Steps<void> {
  const { zone } = k;
  if (zone.kswapd_awake || zone.kswapd_failures >= MAX_RECLAIM_RETRIES || k.zone_watermark_ok(WMARK_HIGH)) return;
  zone.kswapd_awake = 1;
  const { kswapd } = k;
  // A CPU that has nothing else to do, as the scheduler would find one.
  for (let id = 0; id < k.config.cpus; id++) {
    const cpu = k.cpuOf(id);
    kswapd.cpu = id;
    if (cpu.curr === cpu.idle || cpu.curr === kswapd) break;
    kswapd.cpu = 0;
  }
  yield k.trace.mm_vmscan_wakeup_kswapd(zone.nr_free, k.current);
}

/** From waking up to falling asleep again. */
export function* kswapd_run(k: Kernel): Steps<number> {
  const { zone } = k;
  yield k.trace.mm_vmscan_kswapd_wake(zone.nr_free);
  const freed = yield* k.balance_pgdat();
  zone.kswapd_awake = 0;
  yield k.trace.mm_vmscan_kswapd_sleep(zone.nr_free);
  return freed;
}

/** Reclaims until more than the high watermark is free, or until nothing is found. Returns how many pages were freed. */
export function* balance_pgdat(k: Kernel): Steps<number> {
  const { zone, vmstat } = k;
  vmstat.pageoutrun += 1;
  const sc = scan_control(Math.max(zone._watermark(WMARK_HIGH), SWAP_CLUSTER_MAX), null, "kswapd");
  let freed = 0;
  for (sc.priority = DEF_PRIORITY; sc.priority >= 1; ) {
    if (k.zone_watermark_ok(WMARK_HIGH)) return freed;
    sc.nr_scanned = 0;
    sc.nr_reclaimed = 0;
    yield* k.kswapd_shrink_node(sc);
    freed += sc.nr_reclaimed;
    // There is no need to look harder while what is looked at would do if all of it went.
    if (sc.nr_scanned < sc.nr_to_reclaim || sc.nr_reclaimed === 0) sc.priority--;
  }
  if (freed === 0) zone.kswapd_failures++;
  return freed;
}

export function* kswapd_shrink_node(k: Kernel, sc: ScanControl): Steps<void> {
  yield* k.shrink_node(sc);
}
