// What happened to the objects of a report: allocated, linked, shared, freed. Found by doing the run once more and
// looking only at the events that name them, so that a run which nobody asks about pays nothing.
import type { Handle } from "../core/struct.ts";
import type { BugObject, BugReport } from "../detectors/report.ts";
import { entryPfn } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import { describeEvent } from "./describe.ts";
import type { Loaded } from "./load.ts";
import type { ReportedBug } from "./report.ts";

type History = ReportedBug["history"];
export type HistoryLine = History[number];

/** Events that make, link, move or end objects. */
const TELLING = [
  "alloc_page",
  "free_page",
  "alloc_table",
  "free_table",
  "set_pgd",
  "set_p4d",
  "set_pud",
  "set_pmd",
  "set_pte",
  "tlb_fill",
  "mm_alloc",
  "mm_free",
  "vma_link",
  "vma_change",
  "vma_unlink",
  "inode_alloc",
  "inode_evict",
  "page_cache_add",
  "page_cache_delete",
  "tlb_flush",
];
/** Events that matter where a report is about locks. */
const LOCKING = ["lock", "unlock", "contend"];
const isAboutLocks = ({ kind }: BugReport): boolean => /\block\b|deadlock/.test(kind.replaceAll("-", " "));
/** Arguments that name a frame, and those that hold one in an entry. */
const FRAME_ARGUMENTS = new Set(["pfn", "table"]);
const ENTRY_ARGUMENTS = new Set(["entry", "old"]);
const MOST_LINES = 12;

/** One history for each report. Leaves the run at the step of the last report. */
export function historyOf(loaded: Loaded): History[] {
  const { system, run, detectors } = loaded;
  const { machine } = system;
  const reports = detectors.reports();
  const histories: HistoryLine[][] = reports.map(() => []);
  const last = Math.max(0, ...reports.map(({ step }) => step));
  run.goto(0);
  machine.observedUpTo = 0;
  machine.attend(tellingEvents(system));
  machine.observer = () => {
    reports.forEach((report, i) => {
      if (machine.step > report.step || !concerns(loaded, report)) return;
      addTo(histories[i]!, system);
    });
    return false;
  };
  if (last > 0) run.forward(last, Number.POSITIVE_INFINITY);
  machine.observer = null;
  return histories.map(shortened);
}

export const tellingEvents = ({ machine }: System): readonly number[] =>
  [...TELLING, ...LOCKING].flatMap((name) => machine.events.id(name) ?? []);

/** Adds the event that has just happened, unless it says the same as the line before. */
export function addTo(history: HistoryLine[], system: System): void {
  const { machine } = system;
  const event = describeEvent(system);
  if (history.at(-1)?.event === event) return;
  history.push({ step: machine.step, task: machine.thread?.name ?? "", event, line: machine.place().line });
}

/** The beginning of an object's life and what came shortly before the report say most. */
export const shortened = (history: History): History =>
  history.length <= MOST_LINES ? history : [...history.slice(0, 4), ...history.slice(4 - MOST_LINES)];

/** Whether the event that has just happened names one of the report's objects. */
export function concerns({ system }: Loaded, report: BugReport): boolean {
  const { machine } = system;
  const { args } = machine.events.specs[machine.event]!;
  if (LOCKING.includes(machine.events.names[machine.event]!)) {
    const lock = machine.args[args.indexOf("lock")];
    return isAboutLocks(report) && isHandle(lock) && report.objects.some((object) => isObject(object, lock));
  }
  // Whole address spaces have long lives: they are told where nothing smaller is known.
  const smaller = report.objects.filter(({ type }) => type !== "mm_struct");
  const objects = smaller.length > 0 ? smaller : isAboutLocks(report) ? [] : report.objects;
  return args.some((name, i) => {
    const value = machine.args[i];
    if (typeof value === "number") {
      const pfn = FRAME_ARGUMENTS.has(name) ? value : ENTRY_ARGUMENTS.has(name) ? entryPfn(value) : -1;
      return objects.some((object) => isFrame(object, pfn));
    }
    return isHandle(value) && objects.some((object) => isObject(object, value));
  });
}

const isFrame = (object: BugObject, pfn: number): boolean => object.type === "page" && Number(object.id) === pfn;
const isObject = (object: BugObject, handle: Handle): boolean =>
  object.type === handle.$.type.name && object.id === `${handle.slot}#${handle.gen}`;
const isHandle = (value: unknown): value is Handle => typeof value === "object" && value !== null && "layout" in value;
