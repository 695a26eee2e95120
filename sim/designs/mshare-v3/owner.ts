// Whose the memory of a region is. Posted: mm_alloc makes the task that creates the file the owner of the host mm, for good
// ("host-owner"; Anthony Yznaga to Kirill Shutemov, 2024-10-07), and no task at all can be killed for it ("oom-owner";
// Kirill Shutemov and David Hildenbrand, 2024-10-07: a process is needed, for the OOM killer and for cgroups).
import type { Steps } from "../../core/thread.ts";
import type { MemCgroup } from "../../kernel/mm/memcontrol.ts";
import * as oom_kill from "../../kernel/mm/oom_kill.ts";
import type { Task } from "../../kernel/mm_types.ts";
import { SIGKILL } from "../../kernel/uapi/signal.ts";
import { type MshareData, type MshareKernel, mshare_data } from "./structures.ts";

/** Option `owner`, or the author's mend where it says `creator`: nobody. */
export function host_owner(k: MshareKernel): Task | null {
  return (k.option("owner") || "creator") === "creator" && !k.fixed("host-owner") ? k.current : null;
}

/**
 * The mend of "oom-owner": a region with more memory than any process is the better choice. Who asks holds locks that
 * emptying it needs, so nobody is killed here: its fault ends without memory, and does that.
 */
export function* out_of_memory(k: MshareKernel, memcg: MemCgroup | null): Steps<oom_kill.OomOutcome> {
  const region = k.fixed("oom-owner") && !memcg ? largest_region(k) : null;
  const victim = region && k.select_bad_process(null);
  const most = victim ? k.oom_badness(victim, k.vmstat.totalram_pages + k.vmstat.total_swap_pages) : 0;
  if (region && region.mm!.rss_shmem >= most) return "fail";
  return yield* oom_kill.out_of_memory(k, memcg);
}

/** Before a process gets no memory, the largest region gives up what is in it. */
export function* pagefault_out_of_memory(k: MshareKernel): Steps<number> {
  const victim = k.fixed("oom-owner") ? largest_region(k) : null;
  if (!victim || k.current.signal) return yield* oom_kill.pagefault_out_of_memory(k);
  yield* k.oom_empty_region(victim);
  // The maker of the region is who the memory is taken for: its access ends here, that of others can go on.
  if (victim.maker === k.current) return yield* oom_kill.pagefault_out_of_memory(k);
  return 0;
}

function largest_region(k: MshareKernel): MshareData | null {
  let largest: MshareData | null = null;
  for (const m_data of k.store.all(mshare_data) as Iterable<MshareData>)
    if (m_data.mm && m_data.mm.rss_shmem > (largest?.mm?.rss_shmem ?? 0)) largest = m_data;
  return largest;
}

/** Kills the maker, if it lives, and frees the pages of all objects in the region. Its tables stay: guests are linked to them. */
export function* oom_empty_region(k: MshareKernel, m_data: MshareData): Steps<void> {
  const { maker } = m_data;
  if (maker && maker.exit_state === 0) {
    k.vmstat.oom_kill += 1;
    maker.signal = SIGKILL;
    yield k.trace.signal(SIGKILL, 0, maker);
  }
  const host_mm = m_data.mm!;
  yield* k.mmap_read_lock(host_mm);
  for (const { vm_file, vm_start, vm_end } of [...host_mm.mm_mt])
    yield* k.shmem_punch_hole(vm_file!.f_inode!, 0, vm_end - vm_start);
  yield k.mmap_read_unlock(host_mm);
}
