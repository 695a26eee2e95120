// The event that has just happened, in plain words.
import type { Handle } from "../core/struct.ts";
import { entryPfn, isPresent } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import type { Mm, Task } from "../kernel/mm_types.ts";
import { isHost } from "./event_words.ts";
import { hex, summary } from "./show.ts";
import { sharedText, sharers } from "./tables.ts";

const HEX = new Set(["address", "pfn", "entry", "old", "table", "start", "end", "error", "flags"]);

/** `set_pgd into reader: entry for 0x20000000000 → frame 0x10b`; for the current event of the machine. */
export function describeEvent(system: System): string {
  const { machine } = system;
  if (machine.event < 0) return "nothing has happened yet";
  const name = machine.events.names[machine.event]!;
  const spec = machine.events.specs[machine.event]!;
  const argument = (wanted: string): unknown => machine.args[spec.args.indexOf(wanted)];
  const who = argument("mm") as Mm | null | undefined;
  if (/^set_p/.test(name) && who) return setText(system, name, who, argument);
  const shown = spec.args.flatMap((arg, i) => {
    const value = machine.args[i];
    return value === undefined ? [] : [`${arg} ${argumentText(arg, value)}`];
  });
  return shown.length > 0 ? `${name}: ${shown.join(", ")}` : name;
}

function setText(system: System, name: string, mm: Mm, argument: (name: string) => unknown): string {
  const entry = argument("entry") as number;
  const address = hex(argument("address") as number);
  if (entry === 0) return `${name} into ${mm.name}: clears the entry for ${address}`;
  if (name === "set_pte" || !isPresent(entry))
    return `${name} into ${mm.name}: ${address} → frame ${hex(entryPfn(entry))}`;
  const who = sharers(system).get(entryPfn(entry)) ?? [];
  const host = who.find((one) => isHost(system, one));
  if (host && who.length > 1 && mm !== host)
    return `${name} into ${mm.name}: links the shared sub-tree of ${host.name}`;
  const shared = sharedText(who);
  return `${name} into ${mm.name}: ${address} → table ${hex(entryPfn(entry))}${shared ? `, ${shared}` : ""}`;
}

export function argumentText(name: string, value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "number") return HEX.has(name) ? hex(value) : String(value);
  if (typeof value === "object" && value !== null && "layout" in value) {
    const handle = value as Handle;
    if (handle.layout.name === "mm_struct") return handle.$.isAlive(handle) ? (handle as Mm).name : "a freed mm";
    if (handle.layout.name === "task_struct") return (handle as Task).comm;
    return summary(handle);
  }
  return String(value);
}
