// vm_operations_struct (include/linux/mm.h): what a mapping's owner does about faults and changes of the mapping.
// `vma.vm_ops` names a table, a table names kernel functions; "" is anonymous memory, which has no table.
import type { Steps } from "../../core/thread.ts";
import { kernelFunction } from "../fs/operations.ts";
import type { Kernel } from "../kernel.ts";
import type { Vma } from "../mm_types.ts";
import type { VmFault } from "./memory.ts";

export interface VmOps {
  /** (vmf) → VM_FAULT_*: finds the page of a fault; it comes locked and with a reference. */
  readonly fault?: string;
  /** (vmf) → VM_FAULT_*: maps pages around a read fault that are there already. */
  readonly map_pages?: string;
  /** (vmf) → VM_FAULT_*: a read-only shared page is about to become writable. */
  readonly page_mkwrite?: string;
  /** (vma, address) → 0 or an error: whether the mapping may be split. */
  readonly may_split?: string;
  /** (vma, start, end, newflags) → 0 or an error: whether its protection may change. */
  readonly mprotect?: string;
  /** (vma): the mapping was copied. */
  readonly open?: string;
  /** (vma): the mapping goes. */
  readonly close?: string;
}

/** What the entries of a table are, by their arguments. */
export type VmOp = ((vmf: VmFault) => Steps<number>) &
  ((vma: Vma, address: number) => number) &
  ((vma: Vma) => Steps<void>) &
  ((vma: Vma, start: number, end: number, newflags: number) => Steps<number>);

export const vm_ops: Readonly<Record<string, VmOps>> = {
  /** Of a mapping that has been closed. */
  vma_dummy_vm_ops: {},
  shmem_vm_ops: { fault: "shmem_fault", map_pages: "filemap_map_pages" },
  /** The same for memory without a name: MAP_SHARED|MAP_ANONYMOUS, memfd, a deleted file. */
  shmem_anon_vm_ops: { fault: "shmem_fault", map_pages: "filemap_map_pages" },
  /** Its faults do not come here: handle_mm_fault asks hugetlb_fault. */
  hugetlb_vm_ops: { open: "hugetlb_vm_op_open", close: "hugetlb_vm_op_close", may_split: "hugetlb_vm_op_split" },
};

/** The kernel function that the VMA's table has for this, or undefined. */
export function vm_op(k: Kernel, vma: Vma, op: keyof VmOps): VmOp | undefined {
  return kernelFunction(k, k.vm_ops[vma.vm_ops]?.[op]);
}
