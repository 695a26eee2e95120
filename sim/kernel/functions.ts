// All functions of the unpatched kernel, file by file. The build makes this module twice: as written, and as plain calls.
import * as fault from "./arch/x86/mm/fault.ts";
import * as pgtable from "./arch/x86/mm/pgtable.ts";
import * as tlb from "./arch/x86/mm/tlb.ts";
import * as dcache from "./fs/dcache.ts";
import * as file from "./fs/file.ts";
import * as fs_inode from "./fs/inode.ts";
import * as namei from "./fs/namei.ts";
import * as operations from "./fs/operations.ts";
import * as exit from "./kernel/exit.ts";
import * as fork from "./kernel/fork.ts";
import * as rwsem from "./kernel/locking/rwsem.ts";
import * as spinlock from "./kernel/locking/spinlock.ts";
import * as sched from "./kernel/sched.ts";
import type { Bound, FunctionTable } from "./kernel.ts";
import * as gup from "./mm/gup.ts";
import * as memory from "./mm/memory.ts";
import * as memory_copy from "./mm/memory_copy.ts";
import * as memory_zap from "./mm/memory_zap.ts";
import * as mmap from "./mm/mmap.ts";
import * as mmap_lock from "./mm/mmap_lock.ts";
import * as mmu_gather from "./mm/mmu_gather.ts";
import * as oom_kill from "./mm/oom_kill.ts";
import * as page_alloc from "./mm/page_alloc.ts";
import * as rmap from "./mm/rmap.ts";
import * as swap from "./mm/swap.ts";
import * as vm_ops from "./mm/vm_ops.ts";
import * as vma from "./mm/vma.ts";

export const kernelFunctions: readonly FunctionTable[] = [
  fault,
  pgtable,
  tlb,
  dcache,
  file,
  fs_inode,
  namei,
  operations,
  exit,
  fork,
  rwsem,
  spinlock,
  sched,
  gup,
  memory,
  memory_copy,
  memory_zap,
  mmap,
  mmap_lock,
  mmu_gather,
  oom_kill,
  page_alloc,
  rmap,
  swap,
  vm_ops,
  vma,
];

export interface KernelFunctions
  extends Bound<typeof fault>,
    Bound<typeof pgtable>,
    Bound<typeof tlb>,
    Bound<typeof dcache>,
    Bound<typeof file>,
    Bound<typeof fs_inode>,
    Bound<typeof namei>,
    Bound<typeof operations>,
    Bound<typeof exit>,
    Bound<typeof fork>,
    Bound<typeof rwsem>,
    Bound<typeof spinlock>,
    Bound<typeof sched>,
    Bound<typeof gup>,
    Bound<typeof memory>,
    Bound<typeof memory_copy>,
    Bound<typeof memory_zap>,
    Bound<typeof mmap>,
    Bound<typeof mmap_lock>,
    Bound<typeof mmu_gather>,
    Bound<typeof oom_kill>,
    Bound<typeof page_alloc>,
    Bound<typeof rmap>,
    Bound<typeof swap>,
    Bound<typeof vm_ops>,
    Bound<typeof vma> {}
