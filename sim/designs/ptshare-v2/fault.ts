// RFC v2 4/4, mm/memory.c: handle_mm_fault of a shared VMA runs in the host mm.
// Left as posted:
// - "fault-unlock": what is unlocked after the fault. A fault that has been completed has dropped the host's lock, which is
//   dropped again, and the guest's, which its caller thinks dropped, stays held; a VMA whose file has no ptshare_data has
//   no host lock, so that the guest's is dropped twice (kernel test robot, 2023-04-29);
// - "vm-mm-swap": the VMA's vm_mm, which all threads see, is put back to what it was when the fault began.
import type { Steps } from "../../core/thread.ts";
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_RETRY_NOWAIT,
  VM_FAULT_COMPLETED,
  VM_FAULT_RETRY,
} from "../../kernel/flags.ts";
import * as memory from "../../kernel/mm/memory.ts";
import { type Mm, type Vma, vm_area_struct } from "../../kernel/mm_types.ts";
import { type PtshareKernel, traceOf, vma_is_shared } from "./structures.ts";

export function* handle_mm_fault(k: PtshareKernel, vma: Vma, address: number, flags: number): Steps<number> {
  if (!vma_is_shared(vma)) return yield* memory.handle_mm_fault(k, vma, address, flags);
  const orig_mm = vma.vm_mm!;
  const found = yield* k.find_shared_vma(vma, address, flags);
  if (found.ret !== 0) return found.ret;
  const ret = yield* k.__handle_mm_fault(found.vma, found.address, flags);
  const mended = k.fixed("fault-unlock");
  const dropped = lock_was_dropped(ret, flags, mended ? VM_FAULT_RETRY | VM_FAULT_COMPLETED : VM_FAULT_RETRY);
  // Mended, what was not locked is not unlocked. As posted it is the lock of whatever mm the VMA points to by now.
  const locked = !mended || found.host !== null;
  if (locked && !dropped) yield k.mmap_read_unlock(mended ? found.host! : found.vma.vm_mm!);
  // The guest's lock goes last: without it nobody may look at the VMA any more.
  if (found.vma !== vma) k.store.free(found.vma);
  else {
    vma.vm_mm = orig_mm;
    yield traceOf(k).ptshare_switch_mm(vma, orig_mm);
  }
  if (locked && dropped) yield k.mmap_read_unlock(orig_mm);
  k.mm_account_fault(orig_mm, found.address, flags, ret);
  return ret;
}

/** Whether the fault has dropped the host's lock, so that the guest's has to be dropped too; `results` are those that say so. */
function lock_was_dropped(ret: number, flags: number, results: number): boolean {
  const nowait = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT;
  return (ret & results) !== 0 && (flags & nowait) !== nowait;
}

/** The mend of "vm-mm-swap": a VMA for one fault, the host's in place and address space, the guest's in all else. */
export function fault_vma(k: PtshareKernel, guest: Vma, host: Vma): Vma {
  const vma = k.store.alloc(vm_area_struct);
  vma.vm_mm = host.vm_mm;
  vma.vm_start = host.vm_start;
  vma.vm_end = host.vm_end;
  vma.vm_pgoff = guest.vm_pgoff;
  vma.vm_file = guest.vm_file;
  vma.vm_ops = guest.vm_ops;
  const rights = k.fixed("mprotect-host") ? host : guest;
  vma.vm_flags = rights.vm_flags;
  vma.vm_page_prot = rights.vm_page_prot;
  return vma;
}

/** Linux 6.3, against which the series was posted, had no locks of single VMAs: every fault takes mmap_lock. */
// biome-ignore lint/correctness/useYield: it has the shape of the function that it replaces
export function* lock_vma_under_rcu(_k: PtshareKernel, _mm: Mm, _address: number): Steps<Vma | null> {
  return null;
}
