// All functions of the unpatched kernel, file by file. The build makes this module twice: as written, and as plain calls.

import * as access from "./access.ts";
import * as kvm_mmu from "./arch/x86/kvm/mmu.ts";
import * as usercopy from "./arch/x86/lib/usercopy.ts";
import * as fault from "./arch/x86/mm/fault.ts";
import * as pgtable from "./arch/x86/mm/pgtable.ts";
import * as tlb from "./arch/x86/mm/tlb.ts";
import * as entry from "./entry.ts";
import * as anon_inodes from "./fs/anon_inodes.ts";
import * as dcache from "./fs/dcache.ts";
import * as fcntl from "./fs/fcntl.ts";
import * as file from "./fs/file.ts";
import * as hugetlbfs from "./fs/hugetlbfs/inode.ts";
import * as hugetlbfs_truncate from "./fs/hugetlbfs/truncate.ts";
import * as fs_inode from "./fs/inode.ts";
import * as ioctl from "./fs/ioctl.ts";
import * as libfs from "./fs/libfs.ts";
import * as namei from "./fs/namei.ts";
import * as namei_change from "./fs/namei_change.ts";
import * as open from "./fs/open.ts";
import * as operations from "./fs/operations.ts";
import * as proc_array from "./fs/proc/array.ts";
import * as proc_meminfo from "./fs/proc/meminfo.ts";
import * as proc_root from "./fs/proc/root.ts";
import * as task_mmu from "./fs/proc/task_mmu.ts";
import * as read_write from "./fs/read_write.ts";
import * as stat from "./fs/stat.ts";
import * as fs_super from "./fs/super.ts";
import * as sysfs from "./fs/sysfs.ts";
import * as userfaultfd from "./fs/userfaultfd.ts";
import * as userfaultfd_wait from "./fs/userfaultfd_wait.ts";
import * as cgroup from "./kernel/cgroup.ts";
import * as exit from "./kernel/exit.ts";
import * as fork from "./kernel/fork.ts";
import * as rwsem from "./kernel/locking/rwsem.ts";
import * as spinlock from "./kernel/locking/spinlock.ts";
import * as rcu from "./kernel/rcu/tree.ts";
import * as sched from "./kernel/sched.ts";
import type { Bound, FunctionTable } from "./kernel.ts";
import * as iov_iter from "./lib/iov_iter.ts";
import * as filemap from "./mm/filemap.ts";
import * as filemap_write from "./mm/filemap_write.ts";
import * as gup from "./mm/gup.ts";
import * as gup_fast from "./mm/gup_fast.ts";
import * as hugetlb from "./mm/hugetlb.ts";
import * as hugetlb_fault from "./mm/hugetlb_fault.ts";
import * as hugetlb_range from "./mm/hugetlb_range.ts";
import * as hugetlb_resv from "./mm/hugetlb_resv.ts";
import * as hugetlb_tables from "./mm/hugetlb_tables.ts";
import * as kernel_operations from "./mm/kernel_operations.ts";
import * as kswapd from "./mm/kswapd.ts";
import * as madvise from "./mm/madvise.ts";
import * as madvise_free from "./mm/madvise_free.ts";
import * as madvise_guard from "./mm/madvise_guard.ts";
import * as memcontrol from "./mm/memcontrol.ts";
import * as memcontrol_files from "./mm/memcontrol_files.ts";
import * as memcontrol_stat from "./mm/memcontrol_stat.ts";
import * as memfd from "./mm/memfd.ts";
import * as memory from "./mm/memory.ts";
import * as memory_anon from "./mm/memory_anon.ts";
import * as memory_batch from "./mm/memory_batch.ts";
import * as memory_copy from "./mm/memory_copy.ts";
import * as memory_cow from "./mm/memory_cow.ts";
import * as memory_fault from "./mm/memory_fault.ts";
import * as memory_free from "./mm/memory_free.ts";
import * as memory_rss from "./mm/memory_rss.ts";
import * as memory_swap from "./mm/memory_swap.ts";
import * as memory_tables from "./mm/memory_tables.ts";
import * as memory_unmap from "./mm/memory_unmap.ts";
import * as memory_zap from "./mm/memory_zap.ts";
import * as memory_zap_batch from "./mm/memory_zap_batch.ts";
import * as migrate from "./mm/migrate.ts";
import * as mincore from "./mm/mincore.ts";
import * as mlock from "./mm/mlock.ts";
import * as mmap from "./mm/mmap.ts";
import * as mmap_dup from "./mm/mmap_dup.ts";
import * as mmap_exit from "./mm/mmap_exit.ts";
import * as mmap_lock from "./mm/mmap_lock.ts";
import * as mmu_gather from "./mm/mmu_gather.ts";
import * as mmu_notifier from "./mm/mmu_notifier.ts";
import * as mprotect from "./mm/mprotect.ts";
import * as mremap from "./mm/mremap.ts";
import * as mremap_move from "./mm/mremap_move.ts";
import * as msync from "./mm/msync.ts";
import * as oom_kill from "./mm/oom_kill.ts";
import * as page_alloc from "./mm/page_alloc.ts";
import * as page_alloc_batch from "./mm/page_alloc_batch.ts";
import * as page_counter from "./mm/page_counter.ts";
import * as pagewalk from "./mm/pagewalk.ts";
import * as pt_reclaim from "./mm/pt_reclaim.ts";
import * as pte_range from "./mm/pte_range.ts";
import * as rmap from "./mm/rmap.ts";
import * as rmap_unmap from "./mm/rmap_unmap.ts";
import * as rmap_walk from "./mm/rmap_walk.ts";
import * as shmem from "./mm/shmem.ts";
import * as shmem_file from "./mm/shmem_file.ts";
import * as shmem_fs from "./mm/shmem_fs.ts";
import * as shmem_swap from "./mm/shmem_swap.ts";
import * as shmem_truncate from "./mm/shmem_truncate.ts";
import * as swap from "./mm/swap.ts";
import * as swap_readahead from "./mm/swap_readahead.ts";
import * as swap_state from "./mm/swap_state.ts";
import * as swapfile from "./mm/swapfile.ts";
import * as truncate from "./mm/truncate.ts";
import * as unmapped_area from "./mm/unmapped_area.ts";
import * as mm_userfaultfd from "./mm/userfaultfd.ts";
import * as mm_util from "./mm/util.ts";
import * as vm_ops from "./mm/vm_ops.ts";
import * as vma from "./mm/vma.ts";
import * as vma_merge from "./mm/vma_merge.ts";
import * as vma_munmap from "./mm/vma_munmap.ts";
import * as vma_stack from "./mm/vma_stack.ts";
import * as vmscan from "./mm/vmscan.ts";
import * as vmscan_node from "./mm/vmscan_node.ts";
import * as watermarks from "./mm/watermarks.ts";
import * as kvm_main from "./virt/kvm/kvm_main.ts";
import * as kvm_main_pfn from "./virt/kvm/kvm_main_pfn.ts";

export const kernelFunctions: readonly FunctionTable[] = [
  access,
  usercopy,
  fault,
  pgtable,
  tlb,
  entry,
  dcache,
  file,
  fs_inode,
  namei,
  operations,
  exit,
  fork,
  rwsem,
  spinlock,
  rcu,
  sched,
  gup,
  gup_fast,
  memory,
  memory_anon,
  memory_fault,
  memory_rss,
  memory_copy,
  memory_cow,
  memory_tables,
  memory_unmap,
  memory_zap,
  memory_free,
  mmap,
  mmap_dup,
  mmap_exit,
  unmapped_area,
  userfaultfd,
  userfaultfd_wait,
  mm_userfaultfd,
  mmap_lock,
  mmu_gather,
  oom_kill,
  page_alloc,
  rmap,
  swap,
  mm_util,
  vm_ops,
  vma,
  migrate,
  madvise_guard,
  vmscan,
  vmscan_node,
  kswapd,
  watermarks,
  swapfile,
  swap_state,
  swap_readahead,
  shmem_swap,
  rmap_walk,
  rmap_unmap,
  memory_swap,
  kernel_operations,
  pt_reclaim,
  pte_range,
  memory_batch,
  memory_zap_batch,
  page_alloc_batch,
  msync,
  mremap_move,
  mremap,
  mprotect,
  mlock,
  mincore,
  madvise_free,
  madvise,
  vma_merge,
  vma_munmap,
  vma_stack,
  namei_change,
  open,
  read_write,
  ioctl,
  libfs,
  stat,
  fcntl,
  fs_super,
  sysfs,
  proc_array,
  proc_meminfo,
  proc_root,
  task_mmu,
  iov_iter,
  filemap,
  filemap_write,
  memfd,
  pagewalk,
  shmem,
  shmem_file,
  shmem_fs,
  shmem_truncate,
  truncate,
  anon_inodes,
  mmu_notifier,
  kvm_main,
  kvm_main_pfn,
  kvm_mmu,
  hugetlbfs,
  hugetlbfs_truncate,
  hugetlb,
  hugetlb_fault,
  hugetlb_range,
  hugetlb_resv,
  hugetlb_tables,
  cgroup,
  memcontrol,
  memcontrol_files,
  memcontrol_stat,
  page_counter,
];

export interface KernelFunctions
  extends Bound<typeof usercopy>,
    Bound<typeof access>,
    Bound<typeof fault>,
    Bound<typeof pgtable>,
    Bound<typeof tlb>,
    Bound<typeof entry>,
    Bound<typeof dcache>,
    Bound<typeof file>,
    Bound<typeof fs_inode>,
    Bound<typeof namei>,
    Bound<typeof operations>,
    Bound<typeof exit>,
    Bound<typeof fork>,
    Bound<typeof rwsem>,
    Bound<typeof spinlock>,
    Bound<typeof rcu>,
    Bound<typeof sched>,
    Bound<typeof gup>,
    Bound<typeof gup_fast>,
    Bound<typeof memory>,
    Bound<typeof memory_anon>,
    Bound<typeof memory_fault>,
    Bound<typeof memory_rss>,
    Bound<typeof memory_copy>,
    Bound<typeof memory_cow>,
    Bound<typeof memory_tables>,
    Bound<typeof memory_unmap>,
    Bound<typeof memory_zap>,
    Bound<typeof memory_free>,
    Bound<typeof mmap>,
    Bound<typeof mmap_dup>,
    Bound<typeof mmap_exit>,
    Bound<typeof unmapped_area>,
    Bound<typeof userfaultfd>,
    Bound<typeof userfaultfd_wait>,
    Bound<typeof mm_userfaultfd>,
    Bound<typeof mmap_lock>,
    Bound<typeof mmu_gather>,
    Bound<typeof oom_kill>,
    Bound<typeof page_alloc>,
    Bound<typeof rmap>,
    Bound<typeof swap>,
    Bound<typeof mm_util>,
    Bound<typeof vm_ops>,
    Bound<typeof vma>,
    Bound<typeof migrate>,
    Bound<typeof madvise_guard>,
    Bound<typeof vmscan>,
    Bound<typeof vmscan_node>,
    Bound<typeof kswapd>,
    Bound<typeof watermarks>,
    Bound<typeof swapfile>,
    Bound<typeof swap_state>,
    Bound<typeof swap_readahead>,
    Bound<typeof shmem_swap>,
    Bound<typeof rmap_walk>,
    Bound<typeof rmap_unmap>,
    Bound<typeof memory_swap>,
    Bound<typeof kernel_operations>,
    Bound<typeof pt_reclaim>,
    Bound<typeof pte_range>,
    Bound<typeof memory_batch>,
    Bound<typeof memory_zap_batch>,
    Bound<typeof page_alloc_batch>,
    Bound<typeof msync>,
    Bound<typeof mremap_move>,
    Bound<typeof mremap>,
    Bound<typeof mprotect>,
    Bound<typeof mlock>,
    Bound<typeof mincore>,
    Bound<typeof madvise_free>,
    Bound<typeof madvise>,
    Bound<typeof vma_merge>,
    Bound<typeof vma_munmap>,
    Bound<typeof vma_stack>,
    Bound<typeof namei_change>,
    Bound<typeof open>,
    Bound<typeof read_write>,
    Bound<typeof ioctl>,
    Bound<typeof libfs>,
    Bound<typeof stat>,
    Bound<typeof fcntl>,
    Bound<typeof fs_super>,
    Bound<typeof sysfs>,
    Bound<typeof proc_array>,
    Bound<typeof proc_meminfo>,
    Bound<typeof proc_root>,
    Bound<typeof task_mmu>,
    Bound<typeof iov_iter>,
    Bound<typeof filemap>,
    Bound<typeof filemap_write>,
    Bound<typeof memfd>,
    Bound<typeof pagewalk>,
    Bound<typeof shmem>,
    Bound<typeof shmem_file>,
    Bound<typeof shmem_fs>,
    Bound<typeof shmem_truncate>,
    Bound<typeof truncate>,
    Bound<typeof anon_inodes>,
    Bound<typeof mmu_notifier>,
    Bound<typeof kvm_main>,
    Bound<typeof kvm_main_pfn>,
    Bound<typeof kvm_mmu>,
    Bound<typeof hugetlbfs>,
    Bound<typeof hugetlbfs_truncate>,
    Bound<typeof hugetlb>,
    Bound<typeof hugetlb_fault>,
    Bound<typeof hugetlb_range>,
    Bound<typeof hugetlb_resv>,
    Bound<typeof hugetlb_tables>,
    Bound<typeof cgroup>,
    Bound<typeof memcontrol>,
    Bound<typeof memcontrol_files>,
    Bound<typeof page_counter>,
    Bound<typeof memcontrol_stat> {}
