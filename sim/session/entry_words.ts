// Page-table entries in words: what is in one, and what a write to one has changed.
import { _PAGE_PSE, entryPfn, flagNames, isPresent, swapOffset, swapType } from "../hardware/entry.ts";
import { is_guard_pte, is_pte_marker } from "../kernel/mm/madvise_guard.ts";
import { SWP_EXCLUSIVE } from "../kernel/mm/memory_swap.ts";
import { is_migration_entry } from "../kernel/mm/migrate.ts";
import { hex } from "./show.ts";

/** An entry of a page table of a level, without what it leads to. */
export function entryText(entry: number, level: number): string {
  if (entry === 0) return "not present";
  if (!isPresent(entry)) return absentText(entry);
  return `${hex(entryPfn(entry))} ${flagNames(entry, level).join("|")}`;
}

/** What Linux keeps in an entry whose page is elsewhere, or that is to have none. */
function absentText(entry: number): string {
  if (is_guard_pte(entry)) return "guard marker";
  if (is_pte_marker(entry)) return `PTE marker ${hex(swapOffset(entry))}`;
  if (is_migration_entry(entry)) return `migration entry of frame ${hex(swapOffset(entry))}`;
  const alone = entry & SWP_EXCLUSIVE ? ", exclusive" : "";
  return `swap entry: type ${swapType(entry)}, offset ${swapOffset(entry)}${alone}`;
}

/** `→ frame 0x108, PRESENT|RW`; where the frame stays only what is different: `→ frame 0x108, gains RW|DIRTY`. */
export function writtenText(old: number, entry: number, level: number): string {
  if (!isPresent(entry)) return `→ ${absentText(entry)}${was(old, level)}`;
  const names = flagNames(entry, level);
  const target = `→ ${leafText(entry, level)}`;
  if (!isPresent(old) || entryPfn(old) !== entryPfn(entry)) return `${target}, ${names.join("|")}${was(old, level)}`;
  const before = flagNames(old, level);
  const gained = names.filter((flag) => !before.includes(flag)).join("|");
  const lost = before.filter((flag) => !names.includes(flag)).join("|");
  const changes = [...(gained ? [`gains ${gained}`] : []), ...(lost ? [`loses ${lost}`] : [])];
  return `${target}, ${changes.join(" and ") || "as it was"}`;
}

/** `, was frame 0x108`; nothing where nothing was there. */
export function was(old: number, level: number): string {
  if (old === 0) return "";
  if (!isPresent(old)) return `, was ${absentText(old)}`;
  const isLeaf = level === 1 || (old & _PAGE_PSE) !== 0;
  return `, was ${isLeaf ? leafText(old, level) : `the table in frame ${hex(entryPfn(old))}`}`;
}

const leafText = (entry: number, level: number): string =>
  `${level > 1 ? "huge page, " : ""}frame ${hex(entryPfn(entry))}`;
