// The event that has just happened, in plain words: its name, as kernel people search for it, then what it did.
import type { Handle } from "../core/struct.ts";
import { _PAGE_PSE, entryPfn, isPresent } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import type { Mm, Task } from "../kernel/mm_types.ts";
import { was, writtenText } from "./entry_words.ts";
import { isHost } from "./event_words.ts";
import { inserted, sentences, type Told } from "./sentences.ts";
import { hex, summary } from "./show.ts";
import { levelName, sharedText, sharers } from "./tables.ts";

const HEX = new Set([
  ...["address", "pfn", "entry", "old", "table", "start", "end", "error", "flags"],
  ...["gpa", "gfn", "base_gfn", "userspace_addr", "guest", "host"],
]);

/** Levels of the entries that these events write. With 4 levels a P4D entry lies in the top-level table. */
export const WRITES: Readonly<Record<string, number>> = { set_pte: 1, set_pmd: 2, set_pud: 3, set_p4d: 4, set_pgd: 5 };

/** `set_pgd into reader: links the shared sub-tree of /sys/fs/mshare/db`; for the current event of the machine. */
export function describeEvent(system: System): string {
  const { machine } = system;
  if (machine.event < 0) return "nothing has happened yet";
  const name = machine.events.names[machine.event]!;
  const spec = machine.events.specs[machine.event]!;
  const raw = (wanted: string): unknown => machine.args[spec.args.indexOf(wanted)];
  const told: Told = Object.assign((wanted: string) => argumentText(wanted, raw(wanted)), { raw });
  const level = Math.min(WRITES[name] ?? 0, system.config.levels);
  if (level > 0) return `${name} into ${told("mm")}: ${setText(system, level, told)}`;
  const words = sentences[name] ?? (spec.says === undefined ? undefined : inserted(spec.says));
  if (!words) return [name, spec.args.map((arg) => `${arg} ${told(arg)}`).join(", ")].filter(Boolean).join(": ");
  if (name === "statement") return words(told);
  return name.endsWith("_populate") ? `${name} into ${told("mm")}: ${words(told)}` : `${name}: ${words(told)}`;
}

function setText(system: System, level: number, { raw }: Told): string {
  const entry = raw("entry") as number;
  const old = (raw("old") as number | undefined) ?? 0;
  const address = hex(raw("address") as number);
  if (entry === 0) return `clears the entry for ${address}${was(old, level)}`;
  if (level === 1 || !isPresent(entry) || entry & _PAGE_PSE) return `${address} ${writtenText(old, entry, level)}`;
  const who = sharers(system).get(entryPfn(entry)) ?? [];
  const host = who.find((one) => isHost(system, one));
  if (host && who.length > 1 && raw("mm") !== host) return `links the shared sub-tree of ${host.name}`;
  const shared = sharedText(who);
  return `${address} → ${levelName(system, level - 1).toUpperCase()} table in frame ${hex(entryPfn(entry))}${shared ? `, ${shared}` : ""}`;
}

export function argumentText(name: string, value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "number") return HEX.has(name) ? hex(value) : String(value);
  if (typeof value === "object" && "layout" in value) {
    const handle = value as Handle;
    if (handle.layout.name === "mm_struct") return handle.$.isAlive(handle) ? (handle as Mm).name : "a freed mm";
    if (handle.layout.name === "task_struct") return (handle as Task).comm;
    return summary(handle);
  }
  return String(value);
}
