// RFC v2 3/4 and 4/4, mm/ptshare.c: the host mm of a file, its VMA, the link of a guest's PUD entry to the host's PMD
// table, and the way of a fault into the host mm.
// Left as posted:
// - "null-ptshare-data": f_mapping->ptshare_data is read, set and cleared without a lock (Karim Manaouil, 2023-06-26);
// - "link-reference": a link holds no reference to the table it leads to; the host mm goes with the last counted mapping,
//   whoever is linked to it (mm/ptshare.c: get_page and put_page around one pud_populate);
// - "host-mmap-lock": the host's VMA is inserted without the host's mmap_lock, when others can find the host already;
// - "nested-mmap-lock": the host's mmap_lock inside the guest's, of the same class;
// - "vm-mm-swap": vma->vm_mm is the host mm while a fault lasts, for all threads;
// - "pud-link": the PUD entry links the host's table for the whole GiB, not only for what the mapping covers;
// - "host-accounting": the host's VMA has no file, so that only guests' VMAs are in the file's reverse map.
// Not as posted: where a process has no PUD table yet, ptshare_copy_pmd and get_pmd call p4d_alloc, which makes none, and go
// on with a pointer into frame 0. Real processes have that table, for their stack; these get it.
import type { Steps } from "../../core/thread.ts";
import { none, PUD_SIZE, table_of } from "../../kernel/arch/x86/mm/pgtable.ts";
import {
  VM_FAULT_NOPAGE,
  VM_FAULT_SIGSEGV,
  VM_NOHUGEPAGE,
  VM_SHARED,
  withoutVmFlags,
  withVmFlags,
} from "../../kernel/flags.ts";
import { PTE_LOCK } from "../../kernel/mm/pte_range.ts";
import { type File, type Mm, type Vma, vm_area_struct } from "../../kernel/mm_types.ts";
import { ENOMEM } from "../../kernel/uapi/errno.ts";
import { lock_is_annotated } from "../sharing/options.ts";
import {
  type PtshareData,
  type PtshareKernel,
  ptshare_data,
  ptshare_data_of,
  set_ptshare_data,
  traceOf,
  VM_SHARED_PT,
  vma_is_shared,
} from "./structures.ts";

const MMAP_LOCK = "&mm->mmap_lock";
const PAGE_TABLE_LOCK = "&mm->page_table_lock";

/** A host mm for `file` with the range of `vma`, empty so far. Returns null without memory. */
export function* ptshare_alloc(k: PtshareKernel, file: File, vma: Vma, prot: number): Steps<PtshareData | null> {
  const mm = yield* k.mm_alloc(file_name(file));
  if (!mm) return null;
  mm.mmap_base = vma.vm_start;
  mm.task_size = vma.vm_end - vma.vm_start;
  mm.owner = null;
  const info = k.store.alloc(ptshare_data);
  info.mm = mm;
  info.start = vma.vm_start;
  info.size = vma.vm_end - vma.vm_start;
  info.refcnt = 1;
  info.mapping = file.f_inode!.i_mapping;
  info.host_notifier = yield* k.host_notifier_register(mm);
  // Without this a mapping with other rights shares the tables too.
  if (k.fixed("permission-mode")) info.mode = prot;
  return info;
}

/** Gives `file` its host mm. Returns 0 or -ENOMEM. */
export function* ptshare_new_mm(k: PtshareKernel, file: File, vma: Vma, prot: number): Steps<number> {
  const info = yield* k.ptshare_alloc(file, vma, prot);
  if (!info) return -ENOMEM;
  set_ptshare_data(file, info);
  yield traceOf(k).ptshare_new_mm(file, info.mm, info.start, info.size);
  return 0;
}

/** Puts a copy of the guest's VMA into the host mm and links the guest's tables to the host's. Returns 0 or an error. */
export function* ptshare_insert_vma(k: PtshareKernel, host_mm: Mm, vma: Vma): Steps<number> {
  const host = k.store.alloc(vm_area_struct);
  host.vm_mm = host_mm;
  host.vm_start = vma.vm_start;
  host.vm_end = vma.vm_end;
  host.vm_pgoff = vma.vm_pgoff;
  host.vm_ops = vma.vm_ops;
  host.vm_page_prot = vma.vm_page_prot;
  host.vm_lock_seq = -1;
  const flags = vma_is_shared(vma) ? vma.vm_flags - VM_SHARED_PT : vma.vm_flags;
  host.vm_flags = withVmFlags(withoutVmFlags(flags, VM_SHARED), VM_NOHUGEPAGE);
  if (k.fixed("host-accounting")) {
    host.vm_flags = withVmFlags(host.vm_flags, VM_SHARED);
    host.vm_file = vma.vm_file;
    k.get_file(vma.vm_file!);
  }
  if (k.fixed("host-mmap-lock")) yield* k.mmap_write_lock(host_mm);
  yield* k.vma_link(host_mm, host);
  if (k.fixed("host-mmap-lock")) yield k.mmap_write_unlock(host_mm);
  return yield* k.ptshare_copy_pmd(host_mm, vma.vm_mm!, vma);
}

/** Links the guest's PUD entry to the host's PMD table, where the guest has nothing in that GiB yet. */
export function* ptshare_copy_pmd(k: PtshareKernel, host_mm: Mm, guest_mm: Mm, vma: Vma): Steps<number> {
  const address = vma.vm_start;
  // A table that the mapping does not fill would be the host's also for the guest's other mappings.
  const whole = address % PUD_SIZE === 0 && vma.vm_end >= address + PUD_SIZE;
  if (k.fixed("pud-link") && !whole) return 0;
  const guest_pudp = yield* k.alloc_new_pud(guest_mm, address);
  if (guest_pudp === 0) return 1;
  if (!none(k.read_entry(guest_pudp))) return 0;
  const host_pmdp = yield* k.get_pmd(host_mm, address);
  if (host_pmdp === 0) return 1;
  const table = k.page(table_of(host_pmdp));
  const host_ptl = k.pmd_lockptr(host_pmdp);
  const guest_ptl = k.page(table_of(guest_pudp)).ptl;
  yield k.get_page(table);
  yield* k.spin_lock(host_ptl, PTE_LOCK);
  yield* k.spin_lock(guest_ptl, PAGE_TABLE_LOCK);
  k.join_host_cpumask(host_mm, guest_mm);
  yield* k.pud_populate(guest_mm, address, guest_pudp, table.slot);
  yield* k.put_page(table);
  yield k.spin_unlock(guest_ptl, PAGE_TABLE_LOCK);
  yield k.spin_unlock(host_ptl, PTE_LOCK);
  return 0;
}

/** The PMD entry for `address`, with the tables above it made where there are none; 0 without memory. */
export function* get_pmd(k: PtshareKernel, mm: Mm, address: number): Steps<number> {
  const pudp = yield* k.alloc_new_pud(mm, address);
  return pudp === 0 ? 0 : yield* k.pmd_alloc(mm, pudp, address);
}

/** What find_shared_vma found. With `ret` 0 and a `host`, the host mm's lock is held for reading. */
export interface SharedFault {
  readonly ret: number;
  readonly address: number;
  readonly host: Mm | null;
  /** The VMA to go on with: the guest's, and its vm_mm is the host's; or, mended, one of the fault's own. */
  readonly vma: Vma;
}

/**
 * Turns a fault in a guest's VMA into one in the host mm. If the guest's PMD entry is not the host's it becomes so, and the
 * access is tried again. Caller holds the guest's mmap_lock for reading.
 */
export function* find_shared_vma(k: PtshareKernel, vma: Vma, address: number, flags: number): Steps<SharedFault> {
  const info = ptshare_data_of(vma.vm_file);
  if (!info) {
    yield traceOf(k).pr_warn("VM_SHARED_PT vma with NULL ptshare_data");
    return { ret: 0, address, host: null, vma };
  }
  const host_mm = info.mm!;
  yield* k.mmap_read_lock(host_mm);
  const host_addr = address - vma.vm_start + host_mm.mmap_base;
  const host_pmdp = yield* k.get_pmd(host_mm, host_addr);
  const guest_mm = vma.vm_mm!;
  const guest_pmdp = yield* k.get_pmd(guest_mm, address);
  const host_pmd = k.read_entry(host_pmdp);
  const guest_pmd = k.read_entry(guest_pmdp);
  yield traceOf(k).pmd_same(guest_mm, address, guest_pmd === host_pmd, guest_pmd, host_pmd);
  if (guest_pmd !== host_pmd) {
    yield* k.join_invalidations(host_mm, vma);
    k.join_host_cpumask(host_mm, guest_mm);
    yield k.set_pmd(guest_mm, address, guest_pmdp, host_pmd);
    yield k.mmap_read_unlock(host_mm);
    return { ret: VM_FAULT_NOPAGE, address, host: null, vma };
  }
  const host = k.find_vma(host_mm, host_addr);
  if (!host || k.forbidden_in_host(host, flags)) {
    // As posted the host's lock stays held.
    if (host || k.fixed("fault-unlock")) yield k.mmap_read_unlock(host_mm);
    return { ret: VM_FAULT_SIGSEGV, address, host: null, vma };
  }
  if (k.fixed("vm-mm-swap")) return { ret: 0, address: host_addr, host: host_mm, vma: k.fault_vma(vma, host) };
  vma.vm_mm = host_mm;
  yield traceOf(k).ptshare_switch_mm(vma, host_mm);
  return { ret: 0, address: host_addr, host: host_mm, vma };
}

/** The mend of "nested-mmap-lock": lockdep is told that a host's lock is taken inside a guest's. */
const lock_class = (k: PtshareKernel, mm: Mm): string => {
  if (!lock_is_annotated(k)) return MMAP_LOCK;
  for (const info of k.store.all(ptshare_data)) if (info.mm === mm) return `${MMAP_LOCK}/1`;
  return MMAP_LOCK;
};

export function* mmap_read_lock(k: PtshareKernel, mm: Mm): Steps<void> {
  yield* k.down_read(mm.mmap_lock, lock_class(k, mm));
}

export function* mmap_write_lock(k: PtshareKernel, mm: Mm): Steps<void> {
  yield* k.down_write(mm.mmap_lock, lock_class(k, mm));
}

/** One more mapping that counts. */
export function ptshare_get(_k: PtshareKernel, info: PtshareData): void {
  info.refcnt++;
}

/** A mapping of the file goes. The last one takes the host mm, its tables and its entries along. */
export function* ptshare_del_mm(k: PtshareKernel, vma: Vma): Steps<void> {
  const file = vma.vm_file;
  if (!file) return;
  const info = ptshare_data_of(file);
  if (!info) {
    yield k.trace.kernel_warning(
      "ptshare_del_mm: WARN_ON(!info): a shared mapping goes whose file has no ptshare_data",
    );
    return;
  }
  const refcnt = --info.refcnt;
  // As posted others find it until it is gone.
  if (refcnt === 0 && k.fixed("null-ptshare-data")) set_ptshare_data(file, null);
  yield traceOf(k).ptshare_del_mm(file, refcnt);
  if (refcnt !== 0) return;
  yield* k.free_ptshare_mm(info);
  if (!k.fixed("null-ptshare-data")) set_ptshare_data(file, null);
}

export function* free_ptshare_mm(k: PtshareKernel, info: PtshareData): Steps<void> {
  yield* k.host_notifier_unregister(info.host_notifier);
  yield* k.mmput(info.mm!);
  k.store.free(info);
}

/** The path, or "memfd:NAME". */
const file_name = (file: File): string => file.path.replace(/^.*(memfd:.*?)( \(deleted\))?$/, "$1");

/** The host mm of the file with this path, or of "memfd:NAME", for those who look at it. */
export function host_mm(k: PtshareKernel, pathname: string): Mm | null {
  for (const info of k.store.all(ptshare_data)) if (info.mm?.name === pathname) return info.mm;
  return null;
}
