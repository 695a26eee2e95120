// What a detector says: which rule was broken, where, by which objects. Reports live in the store, as all that detectors
// remember: going back in time takes them away, running on finds them again.
import { number, text, value } from "../core/fields.ts";
import type { Hashed } from "../core/hash.ts";
import { captureStack, type Machine } from "../core/machine.ts";
import { type Handle, idOf, type Of, struct } from "../core/struct.ts";

/** An object that took part. `id` finds it again: frames by number ("0x1a2"), structures by place and life ("slot#gen"). */
export interface BugObject {
  readonly type: string;
  readonly id: string;
  readonly name?: string;
  /**
   * Of structures, as the store knows them: the steps that it was allocated and freed in. Absent where the place has another one by
   * now, or, of the allocation, where it may have been before the first step.
   */
  readonly born?: number;
  readonly died?: number;
}

export interface BugReport {
  /** One of the kinds of docs/detectors.md. */
  readonly kind: string;
  readonly message: string;
  /** The step in which the rule was broken. */
  readonly step: number;
  /** Who did that step, on which CPU. */
  readonly task: string;
  readonly cpu: number;
  /** The statement that it did this for; line 0: none. */
  readonly file: string;
  readonly line: number;
  /** The raw call stack of that step. */
  readonly stack: string;
  readonly objects: readonly BugObject[];
  /** How often the same rule was broken at the same place by the same objects, until now. */
  readonly count: number;
}

/** A broken rule, as a detector tells it. `key` is equal for what counts as the same bug. */
export interface Finding {
  readonly kind: string;
  readonly key: string;
  readonly message: string;
  readonly objects: readonly BugObject[];
  /** Where it is not the present call stack. */
  readonly stack?: string | undefined;
}

export const bug_report = struct("bug_report", {
  key: text(),
  count: number(),
  /** The first time; null in a report that stands for what came after too many others. */
  found: value<Found | null>(null),
});
export interface ReportRecord extends Of<typeof bug_report> {}

type Place = ReturnType<Machine["place"]>;

/** The unchanging part of a report. Its stack differs between the two flavours of the kernel: no state depends on it. */
class Found implements Hashed {
  readonly kind: string;
  readonly message: string;
  readonly step: number;
  readonly task: string;
  readonly cpu: number;
  readonly file: string;
  readonly line: number;
  readonly stack: string;
  readonly objects: readonly BugObject[];

  constructor(finding: Finding, step: number, task: string, cpu: number, place: Place, stack: string) {
    this.kind = finding.kind;
    this.message = finding.message;
    this.objects = finding.objects;
    this.step = step;
    this.task = task;
    this.cpu = cpu;
    this.file = place.file;
    this.line = place.line;
    this.stack = stack;
  }

  hashParts(): unknown[] {
    return [this.kind, this.message];
  }
}

/** After so many reports of one kind a new one is counted with the last: whoever broke a rule so often is known by then. */
const MOST_OF_A_KIND = 100;

export interface Reporter {
  raise(finding: Finding): void;
  reports(): readonly BugReport[];
}

/** Keeps reports in `machine`'s store. Call before the run. */
export function createReporter(machine: Machine): Reporter {
  const { store } = machine;
  /** Where a key's report was last seen. A hint only: after a jump in time it may be gone. */
  const known = new Map<string, ReportRecord>();

  function find(key: string): ReportRecord | undefined {
    const hint = known.get(key);
    if (hint && store.storage("bug_report").isAlive(hint) && hint.key === key) return hint;
    for (const record of store.all(bug_report)) if (record.key === key) return record;
    return undefined;
  }

  function fold(kind: string): ReportRecord | undefined {
    let last: ReportRecord | undefined;
    let many = 0;
    for (const record of store.all(bug_report)) {
      if (record.found!.kind !== kind) continue;
      last = record;
      many++;
    }
    return many >= MOST_OF_A_KIND ? last : undefined;
  }

  return {
    raise(finding) {
      const { key, kind } = finding;
      const record = find(key) ?? fold(kind);
      if (record) {
        known.set(key, record);
        record.count++;
        return;
      }
      const { thread } = machine;
      const made = store.alloc(bug_report);
      made.key = key;
      made.count = 1;
      const who = thread?.name ?? "kernel";
      const stack = machine.keepsStacks ? captureStack() : "";
      made.found = new Found(finding, stepOf(machine), who, thread?.cpu ?? 0, machine.place(), stack);
      known.set(key, made);
      machine.alert();
    },
    reports: () => Array.from(store.all(bug_report), (record) => ({ ...record.found!, count: record.count })),
  };
}

/** While an event is announced its step is done; a use of a freed object belongs to the step that is under way. */
const underway = new WeakSet<Machine>();

function stepOf(machine: Machine): number {
  return underway.has(machine) ? machine.step + 1 : machine.step;
}

/** Runs `find` for something that happens before the step's event is announced. */
export function duringStep(machine: Machine, find: () => void): void {
  underway.add(machine);
  try {
    find();
  } finally {
    underway.delete(machine);
  }
}

/** A structure by its place and life, or a frame by its number, and what people call it. */
export function object(handle: Handle): BugObject {
  const { type } = handle.$;
  if (type.name === "page") return pageObject(handle.slot);
  const known = { type: type.name, id: `${handle.slot}#${handle.gen}`, ...datesOf(handle) };
  const field = NAMES.find((name) => type.byName.has(name));
  if (field === undefined || !handle.$.isAlive(handle)) return known;
  const whole = handle.$.deref(idOf(handle)) as Handle & Record<string, string>;
  return { ...known, name: whole[field]! };
}

/** The steps in which an object's life began and ended, as far as its place tells. The store knows how many were done before. */
export function datesOf(handle: Handle): Pick<BugObject, "born" | "died"> {
  const since = handle.$.lifeAt(handle.slot) - handle.gen;
  if (since > 1) return {};
  const before = handle.$.bornAt(handle);
  const born = before > 0 ? { born: before + 1 } : {};
  return since === 1 ? { ...born, died: handle.$.diedAt(handle) + 1 } : born;
}

/** Fields that hold what people call an object. */
const NAMES = ["name", "comm", "d_name", "path"];

/** A frame by its number. */
export const pageObject = (pfn: number): BugObject => ({ type: "page", id: hex(pfn) });

export const hex = (n: number): string => `0x${n.toString(16)}`;

const RULE = "==================================================================";

/** The report as the kernel would print it. Frames are what `stack` holds, or `frames` where they are translated. */
export function formatReport(report: BugReport, frames: readonly string[] = rawFrames(report.stack)): string {
  const times = report.count > 1 ? ` (${report.count} times)` : "";
  const lines = [
    RULE,
    `BUG: ${report.kind}: ${report.message}${times}`,
    `CPU: ${report.cpu} Comm: ${report.task} Step: ${report.step}`,
    "Call Trace:",
    " <TASK>",
    ...frames.map((frame) => `  ${frame}`),
    " </TASK>",
    ...report.objects.map(({ type, id, name }) => `${type} ${id}${name ? ` (${name})` : ""}`),
    RULE,
  ];
  return lines.join("\n");
}

/** Function names of a raw stack, innermost first, without the machinery of the simulation. */
function rawFrames(stack: string): string[] {
  return stack
    .split("\n")
    .slice(1)
    .map((line) => /^\s*at (?:async )?([\w$]+)/.exec(line)?.[1] ?? "")
    .filter((name) => /^_*[a-z][a-z0-9_]*$/.test(name) && !machinery.has(name))
    .map((name) => `${name}+0x0`.replace("+0x0", ""));
}

const machinery = new Set(["fire", "next", "straight", "stepping", "at", "find", "processTicksAndRejections"]);
