// What an object that a report names is by now, as the kernel's dump_page and dump_mm say it.
import type { BugObject } from "../detectors/report.ts";
import type { System } from "../kernel/boot.ts";
import type { Mm, Page } from "../kernel/mm_types.ts";
import { hex, pageText, showBytes, summary } from "./show.ts";

/** `refcount 0, mapcount 1, index 0x4`; "" for what is no object of the machine's. */
export function stateOf(system: System, { type, id }: BugObject): string {
  if (type === "page") return pageState(system.straight.page(Number(id)) as Page);
  const [slot, gen] = id.split("#").map(Number);
  const storage = system.machine.store.storages.find((one) => one.type.name === type);
  if (!storage || slot === undefined || gen === undefined || Number.isNaN(slot + gen)) return "";
  const handle = storage.handle(slot, gen);
  if (!storage.isAlive(handle)) return "freed";
  return type === "mm_struct" ? mmState(handle as Mm) : summary(handle);
}

function pageState(page: Page): string {
  const { mapping, anon_vma, index } = page;
  const owner = mapping
    ? `, index ${hex(index)} of ${mapping.host ? summary(mapping.host) : "no inode"}`
    : anon_vma
      ? ", anonymous"
      : "";
  return pageText(page).replace(/^frame \S+ /, "") + owner;
}

function mmState({ mm_users, mm_count, map_count, pgtables_bytes }: Mm): string {
  return `mm_users ${mm_users}, mm_count ${mm_count}, ${map_count} VMA${map_count === 1 ? "" : "s"}, page tables ${showBytes(pgtables_bytes)}`;
}
