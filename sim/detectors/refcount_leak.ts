// refcount-leak: when the last user is gone the object is freed.
// Looks once, at the end of the run, for what nothing can reach any more but its own count: frames in use that no page
// table, page cache or mm has, address spaces without users, VMAs of no tree, open files of no descriptor. Silent where somebody
// hangs in a call for ever: what the call took is not lost.
import { idOf } from "../core/struct.ts";
import { _PAGE_PSE, entryPfn } from "../hardware/entry.ts";
import { PG_swapcache } from "../kernel/flags.ts";
import { PAGE_TYPE } from "../kernel/mm/page_alloc.ts";
import { type File, type Files, type Mm, PAGE_TYPES, type Task, type Vma } from "../kernel/mm_types.ts";
import { alive, type Context, nameOf, range } from "./context.ts";
import { type BugObject, hex, object, pageObject } from "./report.ts";
import { presentEntries } from "./tables.ts";

export function refcountLeak(context: Context): () => void {
  const all = <T>(type: string) => context.machine.store.storage(type).all() as unknown as IterableIterator<T>;
  const leak = (key: string, message: string, objects: readonly BugObject[]) =>
    context.raise({ kind: "refcount-leak", key: `refcount-leak ${key}`, message, objects });

  function pages(): void {
    const { zone } = context.system.straight;
    for (let pfn = 0; pfn < zone.fresh; pfn++) {
      const page = context.page(pfn);
      const { type, refcount } = page;
      if (refcount <= 0 || page.mapcount > 0) continue;
      // What the swap cache has is not lost, nor is a file's page on its way to swap.
      const cached = (page.flags & PG_swapcache) !== 0;
      const unmapped = type === PAGE_TYPE.anon && !cached;
      const uncached = (type === PAGE_TYPE.shmem || type === PAGE_TYPE.file) && page.mapping === null && !cached;
      const table = type >= PAGE_TYPE.pte && type <= PAGE_TYPE.pgd;
      const orphan = table && (page.pt_mm === null || !alive(page.pt_mm));
      if (!unmapped && !uncached && !orphan) continue;
      const what = `${PAGE_TYPES[type as 0]} page pfn:${hex(pfn)}`;
      const key = `${PAGE_TYPES[type as 0]} page`;
      leak(key, `${what} has ${refcount} references at the end, and nobody has it`, [pageObject(pfn)]);
    }
  }

  /** Huge pages that some page table maps. */
  function mappedHuge(): Set<number> {
    const mapped = new Set<number>();
    for (let pfn = 0; pfn < context.system.straight.zone.fresh; pfn++) {
      if (context.page(pfn).type !== PAGE_TYPE.pmd) continue;
      for (const { entry } of presentEntries(context, pfn)) if (entry & _PAGE_PSE) mapped.add(entryPfn(entry));
    }
    return mapped;
  }

  function hugePages(): void {
    const { start_pfn, fresh } = context.system.straight.hstate;
    const mapped = fresh > start_pfn ? mappedHuge() : new Set();
    for (let pfn = start_pfn; pfn < fresh; pfn += 512) {
      const { refcount, mapping } = context.page(pfn);
      if (refcount <= 0 || mapped.has(pfn) || mapping) continue;
      const what = `huge page pfn:${hex(pfn)}`;
      leak("huge page", `${what} has ${refcount} references at the end, and nobody has it`, [pageObject(pfn)]);
    }
  }

  function addressSpaces(): void {
    for (const mm of all<Mm>("mm_struct")) {
      if (mm.mm_users > 0 || mm.mm_count <= 0) continue;
      const used = [...all<Task>("task_struct")].some((task) => task.mm === mm || task.active_mm === mm);
      if (used || context.cpus.some((cpu) => cpu.loaded_mm === mm)) continue;
      leak(nameOf(mm), `the mm_struct of ${mm.name} has no users at the end, but mm_count ${mm.mm_count}`, [
        object(mm),
      ]);
    }
    for (const vma of all<Vma>("vm_area_struct")) {
      const mm = vma.vm_mm;
      if (mm && alive(mm) && mm.mm_mt.indexOf(vma) >= 0) continue;
      leak("vma", `the VMA ${range(vma)} is in no address space at the end, and was not freed`, [object(vma)]);
    }
  }

  function files(): void {
    const used = new Set<number>();
    for (const table of all<Files>("files_struct")) for (const id of table.fdt) used.add(id);
    for (const vma of all<Vma>("vm_area_struct")) if (vma.vm_file) used.add(idOf(vma.vm_file));
    for (const task of all<Task>("task_struct")) for (const file of task.task_works) used.add(idOf(file));
    for (const file of all<File>("file")) {
      if (used.has(idOf(file))) continue;
      const counts = `f_count ${file.f_count} at the end`;
      leak(nameOf(file), `the open file ${file.path} has ${counts}, but no descriptor and no mapping`, [object(file)]);
    }
  }

  return () => {
    if (context.state.hung) return;
    pages();
    hugePages();
    addressSpaces();
    files();
  };
}
