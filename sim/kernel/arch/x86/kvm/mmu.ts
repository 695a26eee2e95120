// The guest's stage-2 table (arch/x86/kvm/mmu): filled by the guest's faults with the frames that its process has, emptied
// when the process's tables change. It holds no references to pages: that is what the notifiers are for.
import type { Steps } from "../../../../core/thread.ts";
import { _PAGE_PSE, entryPfn, withFlags, withoutFlags } from "../../../../hardware/entry.ts";
import { FAULT_FLAG_WRITE, PG_dirty } from "../../../flags.ts";
import type { Kernel } from "../../../kernel.ts";
import { FOLL_UNLOCKABLE, FOLL_WRITE, mmap_locked } from "../../../mm/gup.ts";
import type { GrabbedPage } from "../../../mm/gup_fast.ts";
import { EFAULT, ENXIO } from "../../../uapi/errno.ts";
import { KVM_MEM_READONLY } from "../../../uapi/kvm.ts";
import {
  EPT_ACCESSED,
  EPT_DIRTY,
  EPT_EXEC,
  EPT_READ,
  EPT_WRITE,
  gfn_to_hva,
  gfn_to_memslot,
  type Kvm,
  type MemorySlot,
} from "../../../virt/kvm/kvm_host.ts";

const MMU_LOCK = "&kvm->mmu_lock";

/**
 * What the hardware does for one access of the guest, and KVM where it cannot go on: gives the frame.
 * @returns a negative errno where the guest cannot go on: -EFAULT as KVM_RUN; -ENXIO where KVM_RUN exits for MMIO
 */
export function* guest_access(k: Kernel, vm: Kvm, gpa: number, access: "read" | "write"): Steps<number> {
  const gfn = Math.floor(gpa / 4096);
  for (;;) {
    const spte = vm.spte.get(gfn) ?? 0;
    if (spte !== 0 && (access === "read" || spte & EPT_WRITE)) {
      const used = withFlags(spte, access === "read" ? EPT_ACCESSED : EPT_ACCESSED | EPT_DIRTY);
      if (used !== spte) vm.spte = vm.spte.set(gfn, used);
      return entryPfn(spte);
    }
    yield k.trace.ept_violation(gpa, access, vm);
    const error = yield* k.kvm_tdp_page_fault(vm, gfn, access);
    if (error < 0) return error;
  }
}

/** A guest frame that the table does not give. Returns 0 when the access can be tried again, or a negative errno. */
export function* kvm_tdp_page_fault(k: Kernel, vm: Kvm, gfn: number, access: "read" | "write"): Steps<number> {
  const slot = gfn_to_memslot(vm, gfn);
  if (!slot || (access === "write" && slot.flags & KVM_MEM_READONLY)) return -ENXIO;
  // Read before the process's tables are looked at: what happens to them from now on shows by it.
  const seq = vm.mmu_invalidate_seq;
  if (k.mmu_invalidate_retry_gfn(vm, seq, gfn)) {
    const over = () => vm.mmu_invalidate_in_progress === 0;
    while (!over()) yield k.wait(over, "an invalidation of guest memory");
    return 0;
  }
  const found = yield* k.hva_to_pfn(gfn_to_hva(slot, gfn), access);
  if (typeof found === "number") return found;
  yield* k.spin_lock(vm.mmu_lock, MMU_LOCK);
  const stale = k.mmu_invalidate_retry_gfn(vm, seq, gfn) || !vm.memslots.includes(slot);
  if (!stale) yield* k.tdp_mmu_map_handle_target_level(vm, slot, gfn, found);
  yield k.spin_unlock(vm.mmu_lock, MMU_LOCK);
  yield* k.kvm_release_page(found, stale ? "unused" : "mapped");
  return 0;
}

/** A page of the process, with a reference, and whether it may be written to. */
export interface GuestPage extends GrabbedPage {
  readonly writable: boolean;
}

/** Sets the entry of a guest frame. Caller holds mmu_lock. */
export function* tdp_mmu_map_handle_target_level(
  k: Kernel,
  vm: Kvm,
  slot: MemorySlot,
  gfn: number,
  { pfn, writable }: GuestPage,
): Steps<void> {
  const write = writable && !(slot.flags & KVM_MEM_READONLY) ? EPT_WRITE : 0;
  yield k.set_spte(vm, gfn, pfn * 4096 + (EPT_READ | EPT_EXEC | EPT_ACCESSED | write));
}

/** Writes an entry of the stage-2 table; 0: none. Returns the event. */
export function set_spte(k: Kernel, vm: Kvm, gfn: number, spte: number): number {
  const old = vm.spte.get(gfn) ?? 0;
  vm.spte = spte === 0 ? vm.spte.delete(gfn) : vm.spte.set(gfn, spte);
  return k.trace.set_spte(vm, gfn, spte, old, entryPfn(spte));
}

/** The page at an address of the process, made present by a fault if need be. Or a negative errno. */
export function* hva_to_pfn(k: Kernel, hva: number, access: "read" | "write"): Steps<GuestPage | number> {
  const fast = yield* k.get_user_page_fast_only(hva, FAULT_FLAG_WRITE);
  if (fast) return { ...fast, writable: true };
  const mm = k.current.mm!;
  const write = access === "write" ? FOLL_WRITE : 0;
  for (;;) {
    const locked = mmap_locked();
    yield* k.mmap_read_lock(mm);
    const pages = yield* k.__get_user_pages_locked(mm, hva, 1, FOLL_UNLOCKABLE | write, locked);
    if (pages < 0) {
      if (locked.held) yield k.mmap_read_unlock(mm);
      return -EFAULT;
    }
    if (!locked.held) continue;
    const found = k.get_mapped_page(hva, write);
    if (!found) {
      yield k.mmap_read_unlock(mm);
      continue;
    }
    // A page that could be written to as well is mapped so at once.
    const writable = write !== 0 || k.get_mapped_page(hva, FAULT_FLAG_WRITE)?.pfn === found.pfn;
    yield k.get_page(found.page);
    yield k.mmap_read_unlock(mm);
    return { ...found, writable };
  }
}

/** The page that the running process has at an address with the rights needed; null without. Makes no step. */
export function get_mapped_page(k: Kernel, address: number, write: number): GrabbedPage | null {
  const mm = k.current.mm!;
  if (!k.page_is_mapped(mm, address, write)) return null;
  const entry = k.leaf_entry(mm, address);
  const within = entry & _PAGE_PSE ? Math.floor(address / 4096) % 512 : 0;
  return { page: k.page(entryPfn(entry)), pfn: entryPfn(entry) + within };
}

/** Gives the reference back: from here on only the notifiers tell when the page goes. */
export function* kvm_release_page(k: Kernel, { page, writable }: GuestPage, how: "mapped" | "unused"): Steps<void> {
  if (how === "mapped" && page.slot !== k.zero_pfn) {
    if (writable) page.flags |= PG_dirty;
    k.folio_mark_accessed(page);
  }
  yield* k.put_page(page);
}

/** Takes guest frames out of the table. True if there were some. Caller holds mmu_lock. */
export function* kvm_unmap_gfn_range(k: Kernel, vm: Kvm, first: number, after: number): Steps<boolean> {
  const there = [...vm.spte.entries(first, after)];
  for (const [gfn] of there) yield k.set_spte(vm, gfn, 0);
  return there.length > 0;
}

/** Forgets that guest frames were used. True if one was. Caller holds mmu_lock. */
export function* kvm_age_gfn(k: Kernel, vm: Kvm, first: number, after: number): Steps<boolean> {
  let young = false;
  for (const [gfn, spte] of [...vm.spte.entries(first, after)]) {
    if (!(spte & EPT_ACCESSED)) continue;
    yield k.set_spte(vm, gfn, withoutFlags(spte, EPT_ACCESSED));
    young = true;
  }
  return young;
}

export function* kvm_arch_flush_shadow_all(k: Kernel, vm: Kvm): Steps<void> {
  if (vm.spte.size === 0) return;
  yield* k.spin_lock(vm.mmu_lock, MMU_LOCK);
  yield* k.kvm_unmap_gfn_range(vm, 0, Number.MAX_SAFE_INTEGER);
  yield k.trace.kvm_flush_remote_tlbs(vm);
  yield k.spin_unlock(vm.mmu_lock, MMU_LOCK);
}

export function* kvm_arch_flush_shadow_memslot(k: Kernel, vm: Kvm, { base_gfn, npages }: MemorySlot): Steps<void> {
  yield* k.spin_lock(vm.mmu_lock, MMU_LOCK);
  const flush = yield* k.kvm_unmap_gfn_range(vm, base_gfn, base_gfn + npages);
  if (flush) yield k.trace.kvm_flush_remote_tlbs(vm);
  yield k.spin_unlock(vm.mmu_lock, MMU_LOCK);
}
