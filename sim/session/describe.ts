// The event that has just happened, in plain words: its name, as kernel people search for it, then what it did.
import type { Handle } from "../core/struct.ts";
import { entryPfn, isPresent } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import type { Mm, Task } from "../kernel/mm_types.ts";
import { errnoName } from "../kernel/uapi/errno.ts";
import { isHost } from "./event_words.ts";
import { hex, summary } from "./show.ts";
import { sharedText, sharers } from "./tables.ts";

const HEX = new Set(["address", "pfn", "entry", "old", "table", "start", "end", "error", "flags"]);

/** Arguments of the event by their names: as text, or as they are. */
interface Told {
  (name: string): string;
  raw(name: string): unknown;
}

/** `set_pgd into reader: links the shared sub-tree of /sys/fs/mshare/db`; for the current event of the machine. */
export function describeEvent(system: System): string {
  const { machine } = system;
  if (machine.event < 0) return "nothing has happened yet";
  const name = machine.events.names[machine.event]!;
  const spec = machine.events.specs[machine.event]!;
  const raw = (wanted: string): unknown => machine.args[spec.args.indexOf(wanted)];
  const told: Told = Object.assign((wanted: string) => argumentText(wanted, raw(wanted)), { raw });
  const who = raw("mm") as Mm | null | undefined;
  if (/^set_p/.test(name) && who) return setText(system, name, who, raw);
  const words = sentences[name];
  if (words) return words(told);
  const shown = spec.args.flatMap((arg, i) => {
    const value = machine.args[i];
    return value === undefined ? [] : [`${arg} ${argumentText(arg, value)}`];
  });
  return shown.length > 0 ? `${name}: ${shown.join(", ")}` : name;
}

const access =
  (name: string, did: string) =>
  (told: Told): string =>
    `${name}: ${told("mm")} has ${did} ${told("address")}, frame ${told("pfn")}`;
const populate =
  (name: string, below: string) =>
  (told: Told): string =>
    `${name} into ${told("mm")}: a ${below} table, frame ${told("table")}, for ${told("address")}`;
const lockMode = (told: Told): string => (told.raw("mode") === "exclusive" ? "" : ` for ${told("mode")}`);

const SIGNALS: Readonly<Record<number, string>> = { 7: "SIGBUS", 9: "SIGKILL", 11: "SIGSEGV" };

/** One sentence an event; others are told by their arguments. */
const sentences: Readonly<Record<string, (told: Told) => string>> = {
  statement: (told) => `${told("task")} begins line ${told("line")}`,
  hung_task: (told) => `hung_task: nobody can go on: ${told("reasons")}`,
  sys_enter: (told) => `sys_enter: ${told("task")} calls ${told("call")}`,
  sys_exit: (told) => `sys_exit: ${told("call")} of ${told("task")} returns ${result(told.raw("result"))}`,
  load: access("load", "read"),
  store: access("store", "written"),
  exec: access("exec", "executed"),
  page_fault: (told) => `page_fault: ${told("task")} ${faultText(told.raw("error") as number)} ${told("address")}`,
  tlb_fill: (told) => `tlb_fill: CPU ${told("cpu")} keeps ${told("address")} of ${told("mm")} → frame ${told("pfn")}`,
  tlb_flush: (told) =>
    `tlb_flush: CPU ${told("cpu")} drops ${flushed(told)} of ${told("mm")}${told.raw("reason") ? ` (${told("reason")})` : ""}`,
  ipi: (told) => `ipi: CPU ${told("from")} interrupts CPU ${told("to")}`,
  ipi_done: (told) => `ipi_done: CPU ${told("cpu")} has done what was asked`,
  switch_mm: (told) => `switch_mm: CPU ${told("cpu")} loads the address space of ${told("mm")}`,
  sched_switch: (told) => `sched_switch: CPU ${told("cpu")} runs ${told("task")}`,
  pgd_populate: populate("pgd_populate", "P4D"),
  p4d_populate: populate("p4d_populate", "PUD"),
  pud_populate: populate("pud_populate", "PMD"),
  pmd_populate: populate("pmd_populate", "PTE"),
  alloc_page: (told) => `alloc_page: frame ${told("pfn")}`,
  free_page: (told) => `free_page: frame ${told("pfn")} goes back to the free list`,
  alloc_table: (told) => `alloc_table: frame ${told("pfn")} is a ${told("level")} table of ${told("mm")}`,
  free_table: (told) => `free_table: the ${told("level")} table in frame ${told("pfn")} of ${told("mm")} is freed`,
  get_page: (told) => `get_page: frame ${told("pfn")} has ${references(told.raw("refcount"))} now`,
  put_page: (told) => `put_page: frame ${told("pfn")} has ${references(told.raw("refcount"))} left`,
  vma_link: (told) => `vma_link: ${told("start")}-${told("end")} joins ${told("mm")}`,
  vma_unlink: (told) => `vma_unlink: ${told("start")}-${told("end")} leaves ${told("mm")}`,
  vma_change: (told) => `vma_change: the VMA of ${told("mm")} is ${told("start")}-${told("end")} now`,
  lock: (told) => `lock: ${told("name")} is taken${lockMode(told)}`,
  unlock: (told) => `unlock: ${told("name")} is released`,
  contend: (told) => `contend: waits for ${told("name")}${lockMode(told)}`,
  fork: (told) => `fork: ${told("parent")} makes ${told("child")}`,
  exit: (told) => `exit: ${told("task")} ends`,
  signal: (told) =>
    `signal: ${told("task")} gets ${SIGNALS[told.raw("signal") as number] ?? `signal ${told("signal")}`} at ${told("address")}`,
};

const references = (count: unknown): string => `${count} reference${count === 1 ? "" : "s"}`;

function result(value: unknown): string {
  if (typeof value === "number" && value < 0 && value > -4096) return `-${errnoName(-value)}`;
  if (typeof value !== "number" && typeof value !== "bigint") return argumentText("result", value);
  return value > 65535 ? hex(value) : String(value);
}

/** Error codes of page faults (Intel SDM vol. 3, 4.7): present, write, user, instruction fetch. */
function faultText(error: number): string {
  const did = error & 16 ? "executes" : error & 2 ? "writes" : "reads";
  const why = error & 1 ? "is not allowed to" : "finds nothing present at";
  return error & 1
    ? `${why} ${did === "executes" ? "execute" : did === "writes" ? "write" : "read"}`
    : `${did} and ${why}`;
}

function flushed(told: Told): string {
  const pages = told.raw("pages");
  if (pages === -1 || pages === undefined) return "all translations";
  const from = !told.raw("start") ? "" : ` from ${told("start")}`;
  return `${pages} page${pages === 1 ? "" : "s"}${from}`;
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
