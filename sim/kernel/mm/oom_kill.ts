// When memory has run out (mm/oom_kill.c): a process is chosen by how much memory it would give back, and killed.
//
// When the choice falls on who asks for memory, its access or call fails, and it exits when it leaves the kernel: SIGKILL has
// no handler. The scenario language calls such an access one that `faults OOM`.
import type { Steps } from "../../core/thread.ts";
import { OOM } from "../arch/x86/mm/fault.ts";
import { VM_HUGETLB, VM_PFNMAP, VM_SHARED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Task } from "../mm_types.ts";
import { OOM_SCORE_ADJ_MIN } from "../uapi/oom.ts";
import { SIGKILL } from "../uapi/signal.ts";
import { MEMCG_OOM_GROUP_KILL, MEMCG_OOM_KILL, type MemCgroup } from "./memcontrol.ts";
import { self_and_above } from "./page_counter.ts";

/** A page fault got no memory, even after reclaim and after others were killed. */
export function* pagefault_out_of_memory(k: Kernel): Steps<number> {
  yield k.trace.signal(OOM, 0, k.current);
  return OOM;
}

/** What came of a want of memory: somebody else was killed for it; who asks is to do without; there is nobody to kill. */
export type OomOutcome = "killed" | "fail" | "nobody";

/** Kills a process, of a group or of all. Waits until a victim that can exit at once has done so. */
export function* out_of_memory(k: Kernel, memcg: MemCgroup | null): Steps<OomOutcome> {
  const dying = k.oom_victim_of(memcg);
  if (dying) return yield* k.wait_for_oom_victim(memcg, dying);
  const victim = k.select_bad_process(memcg);
  if (!victim) return "nobody";
  const mm = k.find_lock_task_mm(victim)!;
  const users = k.tasks().filter((task) => task.mm === mm);
  const own = mm === k.current.mm;
  // Who is in the kernel may need long, or what we hold, to leave it: then the reaper takes what it can.
  const prompt = users.every((task) => k.in_user_mode(task));
  yield* k.oom_kill_process(victim, memcg);
  if (own) return "fail";
  const gone = () => users.every((task) => task.exit_state !== 0);
  if (prompt) while (!gone()) yield k.wait(gone, `${victim.comm} to be killed`);
  else if (users.some((task) => task.mm === mm)) yield* k.oom_reap_task(mm);
  return "killed";
}

/** Who was chosen before, in a group or at all, and has not ended yet. */
export function oom_victim_of(k: Kernel, memcg: MemCgroup | null): Task | null {
  for (const task of k.tasks())
    if (task.memdie && (!memcg || k.mem_cgroup_is_descendant(k.mem_cgroup_from_task(task), memcg))) return task;
  return null;
}

/** Another one is killed already, which is enough for now. Who takes long in the kernel gives up its memory to the reaper. */
export function* wait_for_oom_victim(k: Kernel, memcg: MemCgroup | null, victim: Task): Steps<OomOutcome> {
  if (victim.tgid === k.current.tgid) return "fail";
  const { mm } = victim;
  if (mm && !k.tasks().every((task) => task.mm !== mm || k.in_user_mode(task))) yield* k.oom_reap_task(mm);
  const gone = () => k.oom_victim_of(memcg) !== victim;
  while (!gone()) yield k.wait(gone, `${victim.comm} to be killed`);
  return "killed";
}

/** The process with the highest badness; the later one of equals. Null: none can be killed. Makes no step. */
export function select_bad_process(k: Kernel, memcg: MemCgroup | null): Task | null {
  const totalpages = memcg ? memcg_pages(k, memcg) : k.vmstat.totalram_pages + k.vmstat.total_swap_pages;
  let chosen: Task | null = null;
  let most = Number.NEGATIVE_INFINITY;
  for (const task of k.tasks()) {
    if (task.pid !== task.tgid) continue;
    if (memcg && !k.mem_cgroup_is_descendant(k.mem_cgroup_from_task(task), memcg)) continue;
    const points = k.oom_badness(task, totalpages);
    if (points === Number.NEGATIVE_INFINITY || points < most) continue;
    most = points;
    chosen = task;
  }
  return chosen;
}

const memcg_pages = (k: Kernel, { memory, swap }: MemCgroup): number =>
  memory.max + Math.min(swap.max, k.vmstat.total_swap_pages);

/** Pages that killing the process would free, and its oom_score_adj; minus infinity: it must not be killed, or was. */
export function oom_badness(k: Kernel, task: Task, totalpages: number): number {
  const mm = k.find_lock_task_mm(task);
  if (task.kthread || !task.started || !mm || mm.oom_skip || task.oom_score_adj === OOM_SCORE_ADJ_MIN)
    return Number.NEGATIVE_INFINITY;
  const points = mm.rss_anon + mm.rss_file + mm.rss_shmem + mm.rss_swap + mm.pgtables_bytes / 4096;
  return points + task.oom_score_adj * Math.floor(totalpages / 1000);
}

/** /proc/PID/oom_score: badness from 0 to about 2000; 0 also for who must not be killed. Makes no step. */
export function oom_score(k: Kernel, task: Task): number {
  const totalpages = k.vmstat.totalram_pages + k.vmstat.total_swap_pages;
  const badness = k.oom_badness(task, totalpages);
  if (badness === Number.NEGATIVE_INFINITY) return 0;
  return Math.trunc(((1000 + Math.trunc((badness * 1000) / totalpages)) * 2) / 3);
}

/** The address space of a process, also when its first thread has left it already. */
export function find_lock_task_mm(k: Kernel, process: Task): Mm | null {
  for (const task of k.tasks()) if (task.tgid === process.tgid && task.mm) return task.mm;
  return null;
}

/**
 * Kills the victim and everybody who shares its memory; and with it the other processes of its group, where that is to go
 * together (memory.oom.group).
 */
export function* oom_kill_process(k: Kernel, victim: Task, memcg: MemCgroup | null): Steps<void> {
  const mm = k.find_lock_task_mm(victim);
  // It ends already: that need not be counted again.
  if (mm && k.task_will_free_mem(victim, mm)) {
    yield* k.mark_oom_victim(victim, mm);
    return;
  }
  const oom_group = k.mem_cgroup_get_oom_group(victim, memcg);
  yield* k.__oom_kill_process(victim);
  if (!oom_group) return;
  k.memcg_memory_event(oom_group, MEMCG_OOM_GROUP_KILL);
  // As in Linux the victim is one of them once more, and counted so.
  for (const task of k.tasks())
    if (task.pid === task.tgid && k.mem_cgroup_is_descendant(k.mem_cgroup_from_task(task), oom_group))
      yield* k.oom_kill_memcg_member(task);
}

export function* oom_kill_memcg_member(k: Kernel, task: Task): Steps<void> {
  if (task.started && task.oom_score_adj !== OOM_SCORE_ADJ_MIN) yield* k.__oom_kill_process(task);
}

/** Whether everybody who has the address space ends already, without the killer's doing. */
export function task_will_free_mem(k: Kernel, victim: Task, mm: Mm): boolean {
  return (
    victim.signal === SIGKILL && !mm.oom_skip && k.tasks().every((task) => task.mm !== mm || task.signal === SIGKILL)
  );
}

/** The largest group of the victim, within the one that is full, whose processes are killed together; null: there is none. */
export function mem_cgroup_get_oom_group(k: Kernel, victim: Task, memcg: MemCgroup | null): MemCgroup | null {
  let found: MemCgroup | null = null;
  for (const group of self_and_above(k.mem_cgroup_from_task(victim))) {
    if (group.oom_group) found = group;
    if (group === memcg) break;
  }
  return found;
}

export function* __oom_kill_process(k: Kernel, victim: Task): Steps<void> {
  const mm = k.find_lock_task_mm(victim);
  if (!mm) return;
  k.vmstat.oom_kill += 1;
  k.memcg_memory_event(k.get_mem_cgroup_from_mm(mm), MEMCG_OOM_KILL);
  // oom_lock keeps others from choosing another one until the victim is marked: here it is marked first.
  const marked = give_memdie(k, victim, mm);
  // First the signal: a victim may take of what is kept free for it, and its program must not.
  yield* k.do_send_sig_info(SIGKILL, victim);
  if (!marked) yield* k.mark_oom_victim(victim, mm);
  for (const task of k.tasks())
    if (task.mm === mm && task.tgid !== victim.tgid) yield* k.do_send_sig_info(SIGKILL, task);
}

/** Says whether it was chosen before. */
function give_memdie(k: Kernel, victim: Task, mm: Mm): boolean {
  const before = victim.memdie;
  for (const task of k.tasks()) if (task.tgid === victim.tgid && task.mm === mm) task.memdie = 1;
  return before !== 0;
}

export function* mark_oom_victim(k: Kernel, victim: Task, mm: Mm): Steps<void> {
  give_memdie(k, victim, mm);
  yield k.trace.mark_victim(victim, mm, k.oom_badness(victim, k.vmstat.totalram_pages));
  if (mm === k.current.mm) k.current.oom_victim = 1;
}

/** A fatal signal to a process: all its threads end. */
export function* do_send_sig_info(k: Kernel, signal: number, process: Task): Steps<void> {
  for (const task of k.tasks()) {
    if (task.tgid !== process.tgid || !task.mm || task.signal === signal) continue;
    task.signal = signal;
    yield k.trace.signal(signal, 0, task);
  }
}

/**
 * `kernel: oom_kill`: the killer has chosen this process: it and everybody who shares its memory gets SIGKILL, and what
 * only they have is taken away by the reaper, as if they took long to exit. Faults on it end with SIGBUS from then on.
 */
export function* kernel_oom_kill(k: Kernel, victim: Task): Steps<number> {
  const { mm } = victim;
  if (!mm) return 0;
  yield* k.__oom_kill_process(victim);
  yield* k.oom_reap_task(mm);
  return 0;
}

const MAX_OOM_REAP_RETRIES = 10;
const REAPER_WAITS = "the mmap_lock of who was killed";

/**
 * The reaper's work on who takes long to exit. Whether it could do it or not, nothing more is to be had from this address space
 * by killing. Linux tries ten times, a tenth of a second apart: that is long for who has mmap_lock and is busy, and nothing for
 * who has it and waits for something himself.
 */
export function* oom_reap_task(k: Kernel, mm: Mm): Steps<void> {
  const { mmap_lock } = mm;
  const soon_free = () => mmap_lock.count < 0 && k.can_go_on(mmap_lock.holder, REAPER_WAITS);
  for (let attempts = 1; !(yield* k.oom_reap_task_mm(mm)) && attempts < MAX_OOM_REAP_RETRIES; attempts++)
    while (soon_free()) yield k.wait(() => !soon_free(), REAPER_WAITS);
  mm.oom_skip = 1;
  for (const task of k.tasks()) if (task.mm === mm) task.memdie = 0;
}

/** False where mmap_lock is taken for writing; where exit has unmapped everything already there is nothing to do. */
export function* oom_reap_task_mm(k: Kernel, mm: Mm): Steps<boolean> {
  if (!k.down_read_trylock(mm.mmap_lock)) return false;
  yield k.trace.lock(mm.mmap_lock, "&mm->mmap_lock", "read", 1);
  if (!mm.oom_skip) yield* k.__oom_reap_task_mm(mm);
  yield k.mmap_read_unlock(mm);
  return true;
}

/** Drops private memory; shared memory would not become free by it. Faults will not bring any back from now on. */
export function* __oom_reap_task_mm(k: Kernel, mm: Mm): Steps<void> {
  mm.oom_reaped = 1;
  for (const vma of [...mm.mm_mt]) {
    const { vm_flags, vm_start, vm_end } = vma;
    if (vm_flags & (VM_HUGETLB | VM_PFNMAP) || (vma.vm_ops !== "" && vm_flags & VM_SHARED)) continue;
    const tlb = k.tlb_gather_mmu(mm);
    yield* k.mmu_notifier_invalidate_range_start(mm, vm_start, vm_end, "MMU_NOTIFY_UNMAP");
    yield* k.unmap_page_range(tlb, vma, vm_start, vm_end, { even_cows: true, reclaim_pt: false });
    yield* k.mmu_notifier_invalidate_range_end(mm, vm_start, vm_end);
    yield* k.tlb_finish_mmu(tlb);
  }
}

/** Memory that the reaper has taken must not come back as zeroes. */
export function check_stable_address_space(_k: Kernel, mm: Mm): boolean {
  return !mm.oom_reaped;
}
