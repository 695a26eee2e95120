// Making processes and address spaces, and taking them apart (kernel/fork.c, mm/mmap.c: dup_mmap, exit_mmap).
import type { Steps } from "../../core/thread.ts";
import { task_size_max } from "../arch/x86/mm/pgtable.ts";
import {
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_HUGETLB,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_LOCKONFAULT,
  VM_WIPEONFORK,
  without_uffd_flags,
  withoutVmFlags,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { MMAP_BASE } from "../mm/unmapped_area.ts";
import { vma_is_shared_maywrite, vma_pages } from "../mm/vma.ts";
import { type Mm, mm_struct, type Task, type Vma, vm_area_struct } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";

/** A new, empty address space with one user. `name`: what people call it. Null without memory. */
export function* mm_alloc(k: Kernel, name: string): Steps<Mm | null> {
  const mm = k.store.alloc(mm_struct);
  mm.name = name;
  mm.mm_users = 1;
  mm.mm_count = 1;
  mm.mm_lock_seq = 1;
  mm.task_size = task_size_max(k);
  mm.mmap_base = MMAP_BASE;
  mm.ctx_id = k.next_ctx_id();
  mm.pgd = yield* k.pgd_alloc(mm);
  if (mm.pgd === 0) {
    k.store.free(mm);
    return null;
  }
  yield k.trace.mm_alloc(mm);
  return mm;
}

/** Address spaces are told apart by a number that is never used again. */
export function next_ctx_id(k: Kernel): number {
  k.init_mm.last_mm_ctx_id++;
  return k.init_mm.last_mm_ctx_id;
}

/** Drops a user; with the last one all mappings go. */
export function* mmput(k: Kernel, mm: Mm): Steps<void> {
  mm.mm_users--;
  if (mm.mm_users === 0) yield* k.__mmput(mm);
}

export function* __mmput(k: Kernel, mm: Mm): Steps<void> {
  yield* k.exit_mmap(mm);
  yield* k.mmdrop(mm);
}

/** Drops a reference to the structure; with the last one it is freed, with its top-level table. */
export function* mmdrop(k: Kernel, mm: Mm): Steps<void> {
  mm.mm_count--;
  if (mm.mm_count === 0) yield* k.__mmdrop(mm);
}

export function* __mmdrop(k: Kernel, mm: Mm): Steps<void> {
  yield* k.cleanup_lazy_tlbs(mm);
  yield* k.pgd_free(mm.pgd);
  yield k.trace.mm_free(mm);
  k.store.free(mm);
}

/** Unmaps everything. Nobody uses the address space any more. */
export function* exit_mmap(k: Kernel, mm: Mm): Steps<void> {
  yield* k.mmu_notifier_release(mm);
  yield* k.mmap_read_lock(mm);
  const vmas: Vma[] = [...mm.mm_mt];
  if (vmas.length === 0) {
    yield k.mmap_read_unlock(mm);
    yield* k.mmap_write_lock(mm);
    yield k.mmap_write_unlock(mm);
    return;
  }
  const tlb = k.tlb_gather_mmu_fullmm(mm);
  yield* k.unmap_vmas(tlb, vmas, 0, Number.POSITIVE_INFINITY);
  yield k.mmap_read_unlock(mm);
  // Its memory is free: the OOM killer need not wait for it.
  mm.oom_skip = 1;
  yield* k.mmap_write_lock(mm);
  yield* k.free_pgtables(tlb, vmas, 0, 0);
  yield* k.tlb_finish_mmu(tlb);
  let nr_accounted = 0;
  for (const vma of vmas) {
    if (vma.vm_flags & VM_ACCOUNT) nr_accounted += vma_pages(vma);
    mm.mm_mt = mm.mm_mt.without(vma);
    mm.map_count--;
    yield k.trace.vma_unlink(vma, mm, vma.vm_start, vma.vm_end);
    yield* k.remove_vma(vma);
  }
  mm.total_vm = 0;
  yield k.mmap_write_unlock(mm);
  k.vm_unacct_memory(nr_accounted);
}

/**
 * The system call: starts the declared process `child` as a copy of the caller. Returns its pid.
 * `threads`: what the child has beside its first thread; it makes them before it does anything else.
 */
export function* sys_fork(k: Kernel, child: Task, threads: readonly Task[] = []): Steps<number> {
  return yield* k.kernel_clone(child, threads);
}

export function* kernel_clone(k: Kernel, child: Task, threads: readonly Task[]): Steps<number> {
  const error = yield* k.copy_process(child, threads);
  if (error) return error;
  yield k.trace.fork(k.current, child);
  return child.pid;
}

/** Makes the child, which may run from then on. Returns 0 or -ENOMEM. */
export function* copy_process(k: Kernel, child: Task, threads: readonly Task[]): Steps<number> {
  const parent = k.current;
  k.copy_files(child);
  const mm = yield* k.dup_mm(parent.mm!, child.comm);
  if (!mm) {
    yield* k.exit_files(child);
    return -ENOMEM;
  }
  mm.owner = child;
  child.mm = mm;
  child.active_mm = mm;
  child.parent = parent;
  child.cgroup = parent.cgroup;
  child.oom_score_adj = parent.oom_score_adj;
  child.signal = 0;
  child.started = 1;
  // The CPU on which a former process of this name has ended idles since then.
  const cpu = k.cpuOf(child.cpu);
  if (cpu.curr === child) cpu.curr = cpu.idle;
  child.exit_state = 0;
  child.exit_code = 0;
  child.min_flt = 0;
  child.maj_flt = 0;
  for (const thread of threads) copy_thread(child, thread);
  return 0;
}

/** A thread shares address space and descriptors with its process. */
function copy_thread(leader: Task, thread: Task): void {
  thread.tgid = leader.tgid;
  thread.mm = leader.mm;
  thread.active_mm = leader.mm;
  thread.files = leader.files;
  thread.cgroup = leader.cgroup;
  thread.oom_score_adj = leader.oom_score_adj;
  thread.signal = 0;
  leader.mm!.mm_users++;
  leader.files!.users++;
  thread.started = 1;
  thread.exit_state = 0;
}

export function* dup_mm(k: Kernel, oldmm: Mm, name: string): Steps<Mm | null> {
  const mm = yield* k.mm_alloc(name);
  if (!mm) return null;
  mm.mmap_base = oldmm.mmap_base;
  mm.def_flags = withoutVmFlags(oldmm.def_flags, VM_LOCKED_MASK);
  const error = yield* k.dup_mmap(mm, oldmm);
  if (error === 0) return mm;
  yield* k.mmput(mm);
  return null;
}

/** Copies all VMAs, and of their page tables what faults could not bring back. */
export function* dup_mmap(k: Kernel, mm: Mm, oldmm: Mm): Steps<number> {
  yield* k.mmap_write_lock(oldmm);
  yield* k.down_write(mm.mmap_lock, "&mm->mmap_lock/1");
  mm.total_vm = oldmm.total_vm;
  mm.data_vm = oldmm.data_vm;
  mm.exec_vm = oldmm.exec_vm;
  mm.stack_vm = oldmm.stack_vm;
  let error = 0;
  for (const mpnt of [...oldmm.mm_mt]) {
    yield* k.vma_start_write(mpnt);
    if (mpnt.vm_flags & VM_DONTCOPY) {
      k.vm_stat_account(mm, mpnt.vm_flags, -vma_pages(mpnt));
      continue;
    }
    error = yield* k.dup_vma(mm, mpnt);
    if (error) break;
  }
  mm.mm_lock_seq++;
  yield k.up_write(mm.mmap_lock, "&mm->mmap_lock/1");
  yield* k.flush_tlb_mm(oldmm);
  yield k.mmap_write_unlock(oldmm);
  return error;
}

export function* dup_vma(k: Kernel, mm: Mm, mpnt: Vma): Steps<number> {
  if (mpnt.vm_flags & VM_ACCOUNT) {
    const error = k.security_vm_enough_memory(vma_pages(mpnt));
    if (error) return error;
  }
  const tmp = k.store.alloc(vm_area_struct);
  tmp.vm_mm = mm;
  tmp.vm_start = mpnt.vm_start;
  tmp.vm_end = mpnt.vm_end;
  // Without UFFD_FEATURE_EVENT_FORK a child's faults are its own.
  tmp.vm_flags = without_uffd_flags(withoutVmFlags(mpnt.vm_flags, VM_LOCKED | VM_LOCKONFAULT));
  tmp.vm_page_prot = mpnt.vm_page_prot;
  tmp.vm_pgoff = mpnt.vm_pgoff;
  tmp.vm_file = mpnt.vm_file;
  tmp.vm_ops = mpnt.vm_ops;
  tmp.vm_private_data = mpnt.vm_private_data;
  tmp.vm_resv_flags = mpnt.vm_resv_flags;
  tmp.swap_readahead_info = mpnt.swap_readahead_info;
  tmp.vm_lock_seq = -1;
  if (!(mpnt.vm_flags & VM_WIPEONFORK)) yield* k.anon_vma_fork(tmp, mpnt);
  if (tmp.vm_flags & VM_HUGETLB) k.hugetlb_dup_vma_private(tmp);
  const open = k.vm_op(tmp, "open");
  if (open) yield* open(tmp);
  if (tmp.vm_file) {
    k.get_file(tmp.vm_file);
    yield* k.link_copied_file_vma(tmp);
  }
  mm.mm_mt = mm.mm_mt.add(tmp);
  mm.map_count++;
  yield k.trace.vma_link(tmp, mm, tmp.vm_start, tmp.vm_end);
  return tmp.vm_flags & VM_WIPEONFORK ? 0 : yield* k.copy_page_range(tmp, mpnt);
}

export function* link_copied_file_vma(k: Kernel, vma: Vma): Steps<void> {
  const mapping = vma.vm_file!.f_inode!.i_mapping;
  if (!mapping) return;
  yield* k.i_mmap_lock_write(mapping);
  if (vma_is_shared_maywrite(vma)) mapping.i_mmap_writable++;
  mapping.i_mmap = mapping.i_mmap.add(vma);
  yield k.i_mmap_unlock_write(mapping);
}
