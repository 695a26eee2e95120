// Whom the memory of a host mm is charged to: option `owner`. A host mm has no task of its own, and mm->owner names one.
import type { Kernel } from "../../kernel/kernel.ts";
import type { Mm } from "../../kernel/mm_types.ts";

/** `owner: toucher`: while a fault is done in the host mm, what it takes is charged to who faults. */
export function charge_toucher(k: Kernel, host_mm: Mm): void {
  if (k.option("owner") === "toucher") host_mm.owner = k.current;
}

/** Of two who fault at once the later one pays, as the owner is the mm's and not the fault's. */
export function uncharge_toucher(k: Kernel, host_mm: Mm): void {
  if (k.option("owner") === "toucher" && host_mm.owner === k.current) host_mm.owner = null;
}
