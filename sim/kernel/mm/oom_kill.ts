// When memory has run out (mm/oom_kill.c).
import type { Steps } from "../../core/thread.ts";
import { OOM } from "../arch/x86/mm/fault.ts";
import type { Kernel } from "../kernel.ts";

/** A page fault got no memory, even after reclaim. The access ends as if the task had been killed for it. */
export function* pagefault_out_of_memory(k: Kernel): Steps<number> {
  k.vmstat.oom_kill += 1;
  yield k.trace.signal(OOM, 0, k.current);
  return OOM;
}
