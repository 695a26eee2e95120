// Faults on private anonymous memory that nobody touched yet (mm/memory.c: do_anonymous_page).
import type { Steps } from "../../core/thread.ts";
import { _PAGE_DIRTY, _PAGE_RW, _PAGE_SPECIAL, withFlags } from "../../hardware/entry.ts";
import { mk_pte, none } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_VMA_LOCK,
  FAULT_FLAG_WRITE,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** A first touch of private anonymous memory: the zero page for a read, a new page for a write. */
export function* do_anonymous_page(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma, address } = vmf;
  const mm = vma.vm_mm!;
  if (vma.vm_flags & VM_SHARED) return VM_FAULT_SIGBUS;
  if ((yield* k.pte_alloc(mm, vmf.pmdp, address)) !== 0) return VM_FAULT_OOM;
  if (!(vmf.flags & FAULT_FLAG_WRITE)) return yield* k.map_zero_page(vmf);
  const prepared = yield* k.vmf_anon_prepare(vmf);
  if (prepared !== 0) return prepared;
  const page = yield* k.alloc_page(PAGE_TYPE.anon);
  if (!page) return VM_FAULT_OOM;
  if (yield* k.mem_cgroup_charge(page, mm)) {
    yield* k.put_page(page);
    return VM_FAULT_OOM;
  }
  k.clear_highpage(page);
  let entry = withFlags(mk_pte(page.slot, vma.vm_page_prot), 0);
  if (vma.vm_flags & VM_WRITE) entry = withFlags(entry, _PAGE_RW | _PAGE_DIRTY);
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, address);
  const raced = ptep === 0 || !none(k.read_entry(ptep));
  if (raced || !k.check_stable_address_space(mm)) {
    if (ptep !== 0) yield k.pte_unmap_unlock(vmf.pmdp);
    yield* k.put_page(page);
    return raced ? 0 : VM_FAULT_SIGBUS;
  }
  if (vma.vm_flags & VM_UFFD_MISSING) {
    yield k.pte_unmap_unlock(vmf.pmdp);
    yield* k.put_page(page);
    return yield* k.handle_userfault(vmf, "missing");
  }
  mm.rss_anon++;
  k.folio_add_new_anon_rmap(page, vma, address);
  k.folio_add_lru_vma(page, vma);
  yield k.set_pte(mm, address, ptep, entry);
  yield k.pte_unmap_unlock(vmf.pmdp);
  return 0;
}

export function* map_zero_page(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma, address } = vmf;
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, address);
  if (ptep === 0) return 0;
  let ret = 0;
  if (none(k.read_entry(ptep))) {
    if (!k.check_stable_address_space(vma.vm_mm!)) ret = VM_FAULT_SIGBUS;
    else if (vma.vm_flags & VM_UFFD_MISSING) {
      yield k.pte_unmap_unlock(vmf.pmdp);
      return yield* k.handle_userfault(vmf, "missing");
    } else yield k.set_pte(vma.vm_mm!, address, ptep, withFlags(mk_pte(k.zero_pfn, vma.vm_page_prot), _PAGE_SPECIAL));
  }
  yield k.pte_unmap_unlock(vmf.pmdp);
  return ret;
}

/** An anon_vma for the VMA, before its first anonymous page. With only the VMA's lock held this may need mmap_lock too. */
export function* vmf_anon_prepare(k: Kernel, vmf: VmFault): Steps<number> {
  const ret = yield* k.__vmf_anon_prepare(vmf);
  if (ret & VM_FAULT_RETRY) yield k.vma_end_read(vmf.vma);
  return ret;
}

/** The same; with VM_FAULT_RETRY the VMA is still locked. */
export function* __vmf_anon_prepare(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma } = vmf;
  if (vma.anon_vma) return 0;
  if (!(vmf.flags & FAULT_FLAG_VMA_LOCK)) return (yield* k.__anon_vma_prepare(vma)) < 0 ? VM_FAULT_OOM : 0;
  const mm = vma.vm_mm!;
  if (!k.down_read_trylock(mm.mmap_lock)) return VM_FAULT_RETRY;
  yield k.trace.lock(mm.mmap_lock, "&mm->mmap_lock", "read", 1);
  const error = yield* k.__anon_vma_prepare(vma);
  yield k.mmap_read_unlock(mm);
  return error < 0 ? VM_FAULT_OOM : 0;
}
