// Whom the memory of a host mm is charged to: option `owner`. A host mm has no task of its own, and mm->owner names one.
import type { Kernel } from "../../kernel/kernel.ts";
import type { MemCgroup } from "../../kernel/mm/memcontrol.ts";
import * as memcontrol from "../../kernel/mm/memcontrol.ts";
import type { Mm } from "../../kernel/mm_types.ts";

/** `owner: toucher`: what a fault in the host mm takes is charged to the group of who faults. Nobody owns a host mm then. */
export function get_mem_cgroup_from_mm(k: Kernel, mm: Mm | null): MemCgroup | null {
  if (mm && !mm.owner && k.option("owner") === "toucher") return k.mem_cgroup_from_task(k.current);
  return memcontrol.get_mem_cgroup_from_mm(k, mm);
}
