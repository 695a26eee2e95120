// The kernel's structures, as include/linux/mm_types.h, sched.h and fs.h have them, with the fields that the simulation
// keeps. Adding a field here is all it takes to store it, show it, watch it, hash it and poison it.
import {
  address,
  array,
  bool,
  bytes,
  embed,
  flags,
  mapOf,
  number,
  oneOf,
  pages,
  ref,
  refs,
  text,
  value,
} from "../core/fields.ts";
import { Radix } from "../core/radix.ts";
import { type Handle, numberedStruct, type Of, struct } from "../core/struct.ts";
import { PAGE_FLAGS, VM_FLAGS } from "./flags.ts";
import type { UserfaultfdCtx } from "./fs/userfaultfd_ctx.ts";
import type { Cgroup } from "./kernel/cgroup.ts";
import type { MemCgroup } from "./mm/memcontrol.ts";
import type { MmuNotifier } from "./mm/mmu_notifier.ts";

/** A reader-writer semaphore. `count`: readers inside, or -1 for a writer; `holder`: the writing thread. */
export const rw_semaphore = struct("rw_semaphore", {
  count: number(),
  holder: number(),
  /** Who waits, first come first served; a negative thread number wants to write. */
  waiting: value<readonly number[]>([]),
});
/** A spinlock or mutex. `holder`: the thread that has it, 0 for none. */
export const spinlock = struct("spinlock", { holder: number(), waiting: value<readonly number[]>([]) });

export interface RwSemaphore extends Of<typeof rw_semaphore> {}
export interface Spinlock extends Of<typeof spinlock> {}

export const PAGE_TYPES = {
  0: "free",
  1: "anon",
  2: "file",
  3: "shmem",
  4: "pte table",
  5: "pmd table",
  6: "pud table",
  7: "p4d table",
  8: "pgd table",
  9: "zero page",
  10: "kernel",
  11: "hugetlb",
} as const;

/** struct page and struct ptdesc of one frame; slot = frame number. */
export const page = numberedStruct("page", {
  type: oneOf(PAGE_TYPES),
  flags: flags(PAGE_FLAGS),
  refcount: number(),
  /** PTEs that map it. Linux's `_mapcount` is one less. */
  mapcount: number(),
  /** File pages: whose page cache; anonymous pages: the reverse map. */
  mapping: ref<AddressSpace>("address_space"),
  anon_vma: ref<AnonVma>("anon_vma"),
  /** The control group that it is charged to; null: none beside the root. */
  memcg: ref<MemCgroup>("mem_cgroup"),
  /** Offset in the mapping, in pages. */
  index: number(),
  private: number(),
  /** Page tables: the mm that allocated it, its lock, and processes that share it where the design counts them. */
  pt_mm: ref<Mm>("mm_struct"),
  ptl: embed(spinlock),
  pt_share_count: number(),
  /** Neighbours on its LRU list (`page.lru`): frame + 1, 0 at the ends. */
  lru_prev: number(),
  lru_next: number(),
  /** Locked VMAs that map it. */
  mlock_count: number(),
});

export const mm_struct = struct("mm_struct", {
  /** Frame of the top-level table. */
  pgd: number("pfn"),
  mm_users: number(),
  mm_count: number(),
  mmap_lock: embed(rw_semaphore),
  /** Odd while a writer holds mmap_lock: VMAs marked with it are write-locked. */
  mm_lock_seq: number(),
  /** VMAs in order of address (the maple tree). */
  mm_mt: refs<Vma>("vm_area_struct"),
  mmap_base: address(),
  task_size: address(),
  map_count: number(),
  total_vm: pages(),
  locked_vm: pages(),
  pinned_vm: pages(),
  data_vm: pages(),
  exec_vm: pages(),
  stack_vm: pages(),
  hiwater_rss: pages(),
  hiwater_vm: pages(),
  def_flags: flags(VM_FLAGS),
  /** rss_stat[MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES] */
  rss_file: pages(),
  rss_anon: pages(),
  rss_swap: pages(),
  rss_shmem: pages(),
  /** Pages of hugetlb, which rss_stat does not count: HugetlbPages. */
  hugetlb_usage: pages(),
  /** Bytes of PTE, PMD and PUD tables: VmPTE. */
  pgtables_bytes: bytes(),
  page_table_lock: embed(spinlock),
  /** CPUs that may have translations of this mm, one bit a CPU. */
  cpu_bitmap: number("hex"),
  /** context.ctx_id, context.tlb_gen */
  ctx_id: number(),
  tlb_gen: number(),
  /** init_mm only: the last ctx_id that was given out. */
  last_mm_ctx_id: number(),
  tlb_flush_pending: number(),
  /** Reclaim has cleared entries of it, and not flushed yet. */
  tlb_flush_batched: bool(),
  /** MMF_UNSTABLE: the OOM reaper has taken private memory away. */
  oom_reaped: bool(),
  /** MMF_OOM_SKIP: killing its processes again would free nothing. */
  oom_skip: bool(),
  owner: ref<Task>("task_struct"),
  /** Who is told before its page tables change: the first of them (mmu_notifier.ts). */
  notifier_subscriptions: ref<MmuNotifier>("mmu_notifier"),
  /** What people call it: the process, or the file of a host mm. */
  name: text(),
  exe_inode: ref<Inode>("inode"),
});

export const vm_area_struct = struct("vm_area_struct", {
  vm_start: address(),
  vm_end: address(),
  vm_mm: ref<Mm>("mm_struct"),
  vm_flags: flags(VM_FLAGS),
  /** Protection bits of its page-table entries. */
  vm_page_prot: number("pgprot"),
  vm_pgoff: number(),
  vm_file: ref<File>("file"),
  vm_ops: text(),
  vm_private_data: value<Handle | null>(null),
  /** hugetlb, private: the low bits of vm_private_data in Linux. */
  vm_resv_flags: flags({ 1: "HPAGE_RESV_OWNER", 2: "HPAGE_RESV_UNMAPPED" }),
  anon_vma: ref<AnonVma>("anon_vma"),
  /** anon_vmas in which reverse mapping must find it (anon_vma_chain). */
  anon_vma_chain: refs<AnonVma>("anon_vma"),
  /** Who is told of its faults: vm_userfaultfd_ctx.ctx. */
  vm_userfaultfd_ctx: ref<UserfaultfdCtx>("userfaultfd_ctx"),
  vm_lock: embed(rw_semaphore),
  vm_lock_seq: number(),
  /** Where swap was read last, the window of reading ahead (in bits 6 to 11) and how many of its pages were used (below). */
  swap_readahead_info: number("hex"),
  detached: bool(),
});

export const anon_vma = struct("anon_vma", {
  root: ref<AnonVma>("anon_vma"),
  parent: ref<AnonVma>("anon_vma"),
  rwsem: embed(rw_semaphore),
  refcount: number(),
  num_children: number(),
  num_active_vmas: number(),
  /** VMAs whose pages may be in it (the interval tree). */
  rb_root: refs<Vma>("vm_area_struct"),
});

/** What a page cache has at an offset: a frame + 1, or a swap entry as a negative number. */
export const cachedText = (page: number): string => (page > 0 ? `frame 0x${(page - 1).toString(16)}` : `swap ${-page}`);

export const address_space = struct("address_space", {
  host: ref<Inode>("inode"),
  a_ops: text(),
  /** Page cache: offset in pages → frame number + 1; a negative number is a swap entry (shmem). */
  i_pages: mapOf<Radix<number>>(Radix.empty, cachedText),
  nrpages: pages(),
  i_mmap: refs<Vma>("vm_area_struct"),
  i_mmap_rwsem: embed(rw_semaphore),
  i_mmap_writable: number(),
  /** hugetlbfs: what is reserved of the file. */
  i_private_data: value<Handle | null>(null),
});

export const inode = struct("inode", {
  i_ino: number(),
  i_mode: number("hex"),
  i_nlink: number(),
  i_count: number(),
  i_size: bytes(),
  i_sb: ref<SuperBlock>("super_block"),
  i_blocks: pages(),
  i_op: text(),
  i_fop: text(),
  i_mapping: ref<AddressSpace>("address_space"),
  i_rwsem: embed(rw_semaphore),
  /** What the file system keeps of it. */
  i_private: value<Handle | null>(null),
  /** memfd seals, shmem: pages charged. */
  seals: flags({
    1: "F_SEAL_SEAL",
    2: "F_SEAL_SHRINK",
    4: "F_SEAL_GROW",
    8: "F_SEAL_WRITE",
    16: "F_SEAL_FUTURE_WRITE",
  }),
  alloced: pages(),
  swapped: pages(),
  /** shmem: VM_NORESERVE when pages are charged one by one; the range of a hole that is being punched, or allocated ahead so far. */
  shmem_flags: flags(VM_FLAGS),
  falloc_start: pages(),
  falloc_next: pages(),
  falloc_punching: bool(),
  /** A range is being allocated ahead: how many of its pages are new, and how many reclaim could not write out. */
  falloc_allocating: bool(),
  falloc_nr_falloced: pages(),
  falloc_nr_unswapped: pages(),
  /** Target of a symbolic link. */
  i_link: text(),
  name: text(),
});

export const dentry = struct("dentry", {
  d_name: text(),
  d_parent: ref<Dentry>("dentry"),
  d_inode: ref<Inode>("inode"),
  d_children: refs<Dentry>("dentry"),
  d_sb: ref<SuperBlock>("super_block"),
  d_count: number(),
  /** Lookups find it no more: its name was removed while somebody had it open. */
  d_unhashed: bool(),
  d_mounted: ref<Mount>("mount"),
});

/** A mounted file system. */
export const super_block = struct("super_block", {
  s_type: text(),
  s_op: text(),
  s_root: ref<Dentry>("dentry"),
  s_fs_info: value<Handle | null>(null),
  /** How long its files can get; 2^63 where there is no such limit. */
  s_maxbytes: bytes(),
  /** Next inode number; tmpfs: pages that it may hold (0: any number) and holds. */
  next_ino: number(),
  max_blocks: pages(),
  used_blocks: pages(),
});

/** Where a file system is mounted. `mnt_count`: open files and paths in it, 1 for the mount itself. */
export const mount = struct("mount", {
  mnt_root: ref<Dentry>("dentry"),
  mnt_mountpoint: ref<Dentry>("dentry"),
  mnt_parent: ref<Mount>("mount"),
  mnt_sb: ref<SuperBlock>("super_block"),
  mnt_count: number(),
});

export const file = struct("file", {
  f_count: number(),
  f_mode: flags({ 1: "FMODE_READ", 2: "FMODE_WRITE" }),
  f_flags: number("hex"),
  f_pos: bytes(),
  f_inode: ref<Inode>("inode"),
  f_dentry: ref<Dentry>("dentry"),
  f_mnt: ref<Mount>("mount"),
  f_op: text(),
  private_data: value<Handle | null>(null),
  path: text(),
});

/** A process or thread. `cpu`: the CPU that it is pinned to. */
export const task_struct = struct("task_struct", {
  pid: number(),
  tgid: number(),
  comm: text(),
  cpu: number(),
  mm: ref<Mm>("mm_struct"),
  active_mm: ref<Mm>("mm_struct"),
  parent: ref<Task>("task_struct"),
  files: ref<Files>("files_struct"),
  min_flt: number(),
  maj_flt: number(),
  exit_state: oneOf({ 0: "alive", 1: "zombie", 2: "dead" }),
  exit_code: number(),
  preempt_count: number(),
  /** How many read-side sections of RCU it is in, one inside the other. */
  rcu_read_lock_nesting: number(),
  /** Not yet started (a child before its fork) or running. */
  started: bool(),
  /** SIGKILL: the task has been killed, and exits when it leaves the kernel. */
  signal: number(),
  /** signal->oom_mm: the OOM killer has chosen it while it asked for memory itself. */
  oom_victim: bool(),
  /** TIF_MEMDIE: the OOM killer has chosen it, and its memory has not come back yet: nobody else is chosen meanwhile. */
  memdie: bool(),
  /** Faults of the kernel on a program's memory are failures now, and nothing is done about them. */
  pagefault_disabled: number(),
  /** signal->oom_score_adj, -1000 to 1000. */
  oom_score_adj: number(),
  /** Its control group; null: the root. */
  cgroup: ref<Cgroup>("cgroup"),
  /** Pages that it has taken beyond memory.high of a group, for which it still has to reclaim. */
  memcg_nr_pages_over_high: pages(),
  fault_address: address(),
  fault_code: number(),
  /** Kernel threads have no mm of their own. */
  kthread: bool(),
  /** The two halves of what its last load gave. */
  load_low: number("hex"),
  load_high: number("hex"),
  /** tlb_ubc: CPUs that have yet to forget what reclaim has unmapped, and whether some of that was writable. */
  tlb_ubc_cpumask: number("hex"),
  tlb_ubc_flush_required: bool(),
  tlb_ubc_writable: bool(),
  /** Files whose last reference it dropped; closed when it leaves the kernel (task_work). */
  task_works: refs<File>("file"),
});

/** Huge pages of 2 MiB: the pool of them, at the end of memory. */
export const hstate = struct("hstate", {
  nr_huge_pages: number(),
  free_huge_pages: number(),
  resv_huge_pages: number(),
  surplus_huge_pages: number(),
  /** First frame of the pool; of its huge pages that were never used, which are counted, not listed. */
  start_pfn: number("pfn"),
  fresh: number("pfn"),
  /** The stack of freed ones: frame + 1; each links to the next through `page.private`. */
  hugepage_freelists: number("pfn"),
  /** The mount that nobody sees, for files without a name. */
  hugetlbfs_vfsmount: ref<Mount>("mount"),
});

/**
 * Reserved huge pages. Of a file: ranges that are reserved or allocated. Of a private mapping the opposite: ranges whose
 * reservation is used up.
 */
export const resv_map = struct("resv_map", {
  refs: number(),
  /** Private mappings: what hugetlb_vma_lock is for shared ones. */
  rw_sema: embed(rw_semaphore),
  /** [from, to) in huge pages of the file, in order. */
  regions: value<readonly (readonly [number, number])[]>([]),
});

/** Of a shared hugetlb VMA: keeps its page tables from being unshared while somebody is in them. */
export const hugetlb_vma_lock = struct("hugetlb_vma_lock", {
  refs: number(),
  rw_sema: embed(rw_semaphore),
  vma: ref<Vma>("vm_area_struct"),
});

/** One of hugetlb_fault_mutex_table: two faults on one huge page of a file must not both allocate it. */
export const hugetlb_fault_mutex = struct("hugetlb_fault_mutex", { mutex: embed(rw_semaphore) });

/** A table of descriptors, shared by the threads of a process. */
export const files_struct = struct("files_struct", {
  users: number(),
  /** Pointers to open files (`idOf`) by descriptor; 0 for a free one. */
  fdt: value<readonly number[]>([]),
});

/** Per-CPU state of the kernel: who runs, and what the TLB is about (arch/x86/mm/tlb.c). */
export const cpu_state = struct("cpu", {
  id: number(),
  curr: ref<Task>("task_struct"),
  idle: ref<Task>("task_struct"),
  /** cpu_tlbstate */
  loaded_mm: ref<Mm>("mm_struct"),
  loaded_mm_asid: number(),
  is_lazy: bool(),
  next_asid: number(),
  /** Frames that faults here have locked, and that still wait to become unevictable (mm/mlock.c). */
  mlock_fbatch: value<readonly number[]>([]),
  /** cpu_tlbstate.ctxs[asid].ctx_id and .tlb_gen */
  ctxs_ctx_id: array(8),
  ctxs_tlb_gen: array(8),
  /** What other CPUs asked for by IPI, in order, and how many. */
  call_queue: value<readonly (readonly number[])[]>([]),
  pending: number(),
  irqs_off: number(),
  online: bool(),
});

export interface Page extends Of<typeof page> {}
export interface Mm extends Of<typeof mm_struct> {}
export interface Vma extends Of<typeof vm_area_struct> {}
export interface AnonVma extends Of<typeof anon_vma> {}
export interface AddressSpace extends Of<typeof address_space> {}
export interface Inode extends Of<typeof inode> {}
export interface Dentry extends Of<typeof dentry> {}
export interface SuperBlock extends Of<typeof super_block> {}
export interface Mount extends Of<typeof mount> {}
export interface File extends Of<typeof file> {}
export interface Task extends Of<typeof task_struct> {}
export interface Files extends Of<typeof files_struct> {}
export interface Cpu extends Of<typeof cpu_state> {}
export interface Hstate extends Of<typeof hstate> {}
export interface ResvMap extends Of<typeof resv_map> {}
export interface HugetlbVmaLock extends Of<typeof hugetlb_vma_lock> {}
export interface HugetlbFaultMutex extends Of<typeof hugetlb_fault_mutex> {}
