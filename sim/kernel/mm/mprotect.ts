// Changing what mappings may be used for (mm/mprotect.c).
import type { Steps } from "../../core/thread.ts";
import {
  _PAGE_PRESENT,
  _PAGE_RW,
  _PAGE_UFFD_WP,
  entryPfn,
  isPresent,
  isSwap,
  withFlags,
  withoutFlags,
} from "../../hardware/entry.ts";
import {
  addr_end,
  none,
  P4D_SIZE,
  PAGE_ALIGN,
  PMD_SIZE,
  PUD_SIZE,
  p4d_offset,
  pgd_none,
  pgd_offset,
  pgdir_size,
  pmd_offset,
  pte_dirty,
  pte_modify,
  pte_needs_flush,
  pte_offset,
  pte_write,
  pud_offset,
  vm_get_page_prot,
} from "../arch/x86/mm/pgtable.ts";
import {
  PG_anon_exclusive,
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_HUGETLB,
  VM_LOCKED,
  VM_NORESERVE,
  VM_SHARED,
  VM_STICKY,
  VM_UFFD_WP,
  VM_WRITE,
  withoutVmFlags,
  withVmFlags,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EACCES, EINVAL, ENOMEM } from "../uapi/errno.ts";
import { PROT_GROWSDOWN, PROT_GROWSUP } from "../uapi/mman.ts";
import { is_pte_marker } from "./madvise_guard.ts";
import { SWP_UFFD_WP } from "./memory_swap.ts";
import { is_migration_entry, make_readable_migration_entry } from "./migrate.ts";
import type { MmuGather } from "./mmu_gather.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { is_accounted } from "./vma.ts";

const PROT_KNOWN = 0xf;

/** The system call. Whole VMAs before an error keep their new protection. */
export function* sys_mprotect(k: Kernel, addr: number, len: number, prot_asked: number): Steps<number> {
  const grows = prot_asked & (PROT_GROWSDOWN | PROT_GROWSUP);
  const prot = prot_asked - grows;
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP) || addr % 4096 !== 0) return -EINVAL;
  if (len === 0) return 0;
  const end = addr + PAGE_ALIGN(len);
  if (end >= 2 ** 64) return -ENOMEM;
  if (prot > PROT_KNOWN) return -EINVAL;
  const mm = k.current.mm!;
  yield* k.mmap_write_lock(mm);
  const result = yield* k.do_mprotect_pkey(mm, addr, end, prot, grows);
  yield k.mmap_write_unlock(mm);
  return result;
}

/** Caller holds mmap_lock for writing. */
export function* do_mprotect_pkey(
  k: Kernel,
  mm: Mm,
  start_asked: number,
  end: number,
  prot: number,
  grows: number,
): Steps<number> {
  let start = start_asked;
  let vma = k.find_vma_intersection(mm, start, end);
  if (!vma) return -ENOMEM;
  if (grows & PROT_GROWSDOWN) {
    start = vma.vm_start;
    if (!(vma.vm_flags & VM_GROWSDOWN)) return -EINVAL;
  } else if (vma.vm_start > start) return -ENOMEM;
  else if (grows) return -EINVAL;
  const tlb = k.tlb_gather_mmu(mm);
  let error = 0;
  let done = start;
  for (; vma && done < end; vma = k.find_vma(mm, done)) {
    const result: Vma | number = yield* k.mprotect_one(tlb, vma, done, Math.min(vma.vm_end, end), prot);
    if (typeof result === "number") {
      error = result;
      break;
    }
    done = result.vm_end;
  }
  yield* k.tlb_finish_mmu(tlb);
  return error || (done < end ? -ENOMEM : 0);
}

/** One VMA's part of the range: checks, then changes. Returns the VMA that has it then, or a negative errno. */
export function* mprotect_one(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  prot: number,
): Steps<Vma | number> {
  if (vma.vm_start > start) return -ENOMEM;
  const newflags = withVmFlags(withoutVmFlags(vma.vm_flags, VM_ACCESS_FLAGS), prot & VM_ACCESS_FLAGS);
  // VM_MAYREAD, VM_MAYWRITE and VM_MAYEXEC are four bits above what they allow.
  if (newflags & ~(newflags >> 4) & VM_ACCESS_FLAGS) return -EACCES;
  const op = k.vm_op(vma, "mprotect");
  const refused = op ? yield* op(vma, start, end, newflags) : 0;
  return refused || (yield* k.mprotect_fixup(tlb, vma, start, end, newflags));
}

export function* mprotect_fixup(
  k: Kernel,
  tlb: MmuGather,
  old: Vma,
  start: number,
  end: number,
  wanted: number,
): Steps<Vma | number> {
  const mm = old.vm_mm!;
  const oldflags = old.vm_flags;
  const pages = (end - start) / 4096;
  let newflags = wanted;
  let charged = 0;
  if (newflags === oldflags) return old;
  if (newflags & VM_WRITE) {
    // A private mapping that becomes writable may need a copy of every page.
    if (!(oldflags & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE))) {
      charged = pages;
      if (k.security_vm_enough_memory_mm(mm, charged)) return -ENOMEM;
      newflags = withVmFlags(newflags, VM_ACCOUNT);
    }
  } else if (is_accounted(old) && old.vm_ops === "" && !old.anon_vma) newflags = withoutVmFlags(newflags, VM_ACCOUNT);
  const vma = yield* k.vma_modify_flags(old, start, end, newflags);
  if (typeof vma === "number") {
    k.vm_unacct_memory(charged);
    return vma;
  }
  yield* k.vma_start_write(vma);
  k.vm_flags_reset(vma, withVmFlags(newflags, vma.vm_flags & VM_STICKY));
  k.vma_set_page_prot(vma);
  yield k.trace.vma_change(vma, mm, vma.vm_start, vma.vm_end);
  yield* k.change_protection(tlb, vma, start, end);
  if (oldflags & VM_ACCOUNT && !(newflags & VM_ACCOUNT)) k.vm_unacct_memory(pages);
  // A locked private mapping gets its own copies now, not at some later fault.
  if ((oldflags & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED && newflags & VM_WRITE)
    yield* k.populate_vma_page_range(vma, start, end, null);
  k.vm_stat_account(mm, oldflags, -pages);
  k.vm_stat_account(mm, newflags, pages);
  return vma;
}

/** Whether the first write to a page of this shared mapping must be told to somebody. */
export function vma_wants_writenotify(k: Kernel, vma: Vma): boolean {
  if ((vma.vm_flags & (VM_WRITE | VM_SHARED)) !== (VM_WRITE | VM_SHARED)) return false;
  return k.vm_op(vma, "page_mkwrite") !== undefined || (vma.vm_flags & VM_UFFD_WP) !== 0;
}

/** The protection of its entries, from flags and operations. */
export function vma_set_page_prot(k: Kernel, vma: Vma): void {
  const flags = vma.vm_flags;
  vma.vm_page_prot = vm_get_page_prot(k.vma_wants_writenotify(vma) ? withoutVmFlags(flags, VM_SHARED) : flags);
}

/** Gives all present entries of [start, end) the VMA's protection. The gather will flush what that takes away. */
export function* change_protection(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  uffd: UffdWp = "leave uffd-wp",
): Steps<void> {
  if (vma.vm_flags & VM_HUGETLB) {
    yield* k.hugetlb_change_protection(vma, start, end);
    return;
  }
  const shared = (vma.vm_flags & VM_SHARED) !== 0;
  const upgrade = shared ? k.vma_wants_writenotify(vma) : (vma.vm_flags & VM_WRITE) !== 0;
  const writable = upgrade && uffd !== "set uffd-wp" ? "try writable" : "as the VMA says";
  yield* k.change_protection_range(tlb, vma, start, end, { writable, uffd });
}

/** What is to become of entries beside the VMA's protection. */
interface ChangeProtection {
  readonly writable: "try writable" | "as the VMA says";
  readonly uffd: UffdWp;
}

export function* change_protection_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  how: ChangeProtection,
): Steps<void> {
  const size = pgdir_size(k);
  for (let address = start; address < end; address = addr_end(address, end, size)) {
    const pgdp = pgd_offset(k, vma.vm_mm!, address);
    if (pgd_none(k, pgdp)) continue;
    yield* k.change_p4d_range(tlb, vma, pgdp, address, addr_end(address, end, size), how);
  }
}

export function* change_p4d_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pgdp: number,
  start: number,
  end: number,
  how: ChangeProtection,
): Steps<void> {
  for (let address = start; address < end; address = addr_end(address, end, P4D_SIZE)) {
    const p4d = k.read_entry(p4d_offset(k, pgdp, address));
    if (none(p4d)) continue;
    yield* k.change_pud_range(tlb, vma, p4d, address, addr_end(address, end, P4D_SIZE), how);
  }
}

/** Secondary MMUs are told once for each PUD table, from the first gigabyte on that has a table. */
export function* change_pud_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  p4d: number,
  start: number,
  end: number,
  how: ChangeProtection,
): Steps<void> {
  const mm = vma.vm_mm!;
  let told_from = 0;
  for (let address = start; address < end; address = addr_end(address, end, PUD_SIZE)) {
    const pud = k.read_entry(pud_offset(p4d, address));
    if (none(pud)) continue;
    if (told_from === 0) {
      told_from = address;
      yield* k.mmu_notifier_invalidate_range_start(mm, told_from, end, "MMU_NOTIFY_PROTECTION_VMA");
    }
    yield* k.change_pmd_range(tlb, vma, pud, address, addr_end(address, end, PUD_SIZE), how);
  }
  if (told_from !== 0) yield* k.mmu_notifier_invalidate_range_end(mm, told_from, end);
}

export function* change_pmd_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pud: number,
  start: number,
  end: number,
  how: ChangeProtection,
): Steps<void> {
  for (let address = start; address < end; address = addr_end(address, end, PMD_SIZE)) {
    const pmdp = pmd_offset(pud, address);
    if (none(k.read_entry(pmdp))) continue;
    yield* k.change_pte_range(tlb, vma, pmdp, address, addr_end(address, end, PMD_SIZE), how);
  }
}

export function* change_pte_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pmdp: number,
  start: number,
  end: number,
  how: ChangeProtection,
): Steps<void> {
  const mm = vma.vm_mm!;
  if ((yield* k.pte_offset_map_lock(pmdp, start)) === 0) return;
  const pmd = k.read_entry(pmdp);
  yield* k.flush_tlb_batched_pending(mm);
  for (let address = start; address < end; address += 4096) {
    const ptep = pte_offset(pmd, address);
    const before = k.read_entry(ptep);
    const readable = is_migration_entry(before) ? make_readable_migration_entry(before) : before;
    if (readable !== before) yield k.set_pte(mm, address, ptep, readable);
    if (!isPresent(before)) {
      const swapped = isSwap(before) && !is_migration_entry(before) && !is_pte_marker(before);
      const entry = swapped ? with_uffd_wp(before, how.uffd, SWP_UFFD_WP) : before;
      if (entry !== before) yield k.set_pte(mm, address, ptep, entry);
      continue;
    }
    // Taken out while it changes, so that no CPU sets accessed or dirty in what is written over.
    const old = k.read_entry(ptep);
    yield k.set_pte(mm, address, ptep, 0);
    let entry = with_uffd_wp(pte_modify(old, vma.vm_page_prot), how.uffd, _PAGE_UFFD_WP);
    // A write must fault.
    if (entry & _PAGE_UFFD_WP) entry = withoutFlags(entry, _PAGE_RW);
    if (how.writable === "try writable" && !pte_write(entry) && k.can_change_pte_writable(vma, entry))
      entry = withFlags(entry, _PAGE_RW);
    yield k.set_pte(mm, address, ptep, entry);
    if (pte_needs_flush(old, entry)) k.tlb_remove_tlb_entry(tlb, address);
  }
  yield k.pte_unmap_unlock(pmdp);
}

/** What a change does to the mark that a userfaultfd is to be told of writes. */
export type UffdWp = "leave uffd-wp" | "set uffd-wp" | "clear uffd-wp";

const with_uffd_wp = (entry: number, uffd: UffdWp, mark: number): number =>
  uffd === "leave uffd-wp" ? entry : uffd === "set uffd-wp" ? withFlags(entry, mark) : withoutFlags(entry, mark);

/** Whether a write would find nothing to do but to make the entry writable: then that can be done at once. */
export function can_change_pte_writable(k: Kernel, vma: Vma, pte: number): boolean {
  if (!(pte & _PAGE_PRESENT)) return false;
  if (vma.vm_flags & VM_UFFD_WP && pte & _PAGE_UFFD_WP) return false;
  if (vma.vm_flags & VM_SHARED) return pte_dirty(pte);
  const pfn = entryPfn(pte);
  if (pfn === k.zero_pfn) return false;
  const page = k.page(pfn);
  return page.type === PAGE_TYPE.anon && (page.flags & PG_anon_exclusive) !== 0;
}
