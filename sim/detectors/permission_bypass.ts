// permission-bypass: an access succeeds only where the accessing process's own VMA and the mapping allow it.
// Observes every access, and for tables that belong to another mm what that mm's VMA there allows. While somebody holds
// mmap_lock a mapping may be between two states: that is no time to judge.
import { _PAGE_DIRTY, _PAGE_RW } from "../hardware/entry.ts";
import { VM_EXEC, VM_READ, VM_WRITE } from "../kernel/flags.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Access, Verb } from "./accesses.ts";
import { alive, type Context, mmName } from "./context.ts";
import { hex, object, pageObject } from "./report.ts";
import { vmaAt } from "./vmas.ts";

/** On x86 what may be written or executed can be read. */
const NEEDS: Readonly<Record<Verb, number>> = {
  reads: VM_READ | VM_WRITE | VM_EXEC,
  writes: VM_WRITE,
  executes: VM_EXEC,
};

/** What a walk in the table of another mm gave. */
export function sharedPermissions(context: Context): (mm: Mm, owner: Mm, address: number, pfn: number) => void {
  const { mmu } = context.system.straight;
  return (mm, owner, address, pfn) => {
    if (!alive(owner) || owner.mmap_lock.count < 0) return;
    const vma = vmaAt(owner, address);
    const writable = (mmu.entry & (_PAGE_RW | _PAGE_DIRTY)) === (_PAGE_RW | _PAGE_DIRTY);
    if (!vma || vma.vm_flags & (writable ? VM_WRITE : NEEDS.reads)) return;
    raise(
      context,
      mm,
      writable ? "writes" : "reads",
      address,
      pfn,
      `the mapping in ${mmName(owner)} does not permit it`,
    );
  };
}

export function permissionBypass(context: Context): (access: Access) => void {
  return ({ verb, address, pfn, mm, thread }) => {
    if ((thread.vma_flags & NEEDS[verb]) !== 0 || mm.mmap_lock.count !== 0) return;
    const none = thread.vma_flags === 0 && thread.vma_kind === 0;
    raise(context, mm, verb, address, pfn, none ? "has no VMA there" : "its VMA does not permit it");
  };
}

function raise(context: Context, mm: Mm, verb: Verb, address: number, pfn: number, why: string): void {
  context.raise({
    kind: "permission-bypass",
    key: `permission-bypass ${verb} ${mm.slot}#${mm.gen} ${why}`,
    message: `${mmName(mm)} ${verb} ${hex(address)} (pfn:${hex(pfn)}) but ${why}`,
    objects: [object(mm), pageObject(pfn)],
  });
}
