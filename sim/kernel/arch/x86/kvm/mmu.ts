// The guest's stage-2 table (arch/x86/kvm/mmu): filled by the guest's faults with the frames that its process has, emptied
// when the process's tables change. It holds no references to pages: that is what the notifiers are for.
import type { Steps } from "../../../../core/thread.ts";
import { entryPfn, withFlags, withoutFlags } from "../../../../hardware/entry.ts";
import type { Kernel } from "../../../kernel.ts";
import { ENXIO } from "../../../uapi/errno.ts";
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
import type { GuestPage } from "../../../virt/kvm/kvm_main_pfn.ts";

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
