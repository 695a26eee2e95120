// What happened to the objects of a report: allocated, linked, shared, freed, and by whom. Found by doing the run once more and
// looking only at the events that name them, so that a run which nobody asks about pays nothing.
import type { BugObject, BugReport } from "../detectors/report.ts";
import type { System } from "../kernel/boot.ts";
import { deedAt } from "./deeds.ts";
import { describeEvent } from "./describe.ts";
import { eventsThatDo, isNamed, type Life, LifeNotes, type Named } from "./lives.ts";
import type { Loaded } from "./load.ts";
import { choiceAfter } from "./step_texts.ts";
import type { Sliced, Travel } from "./travel.ts";

export interface HistoryLine {
  readonly step: number;
  readonly task: string;
  readonly event: string;
  readonly line: number;
  /** A scheduling point: who could go on after it, where these are more than one. */
  readonly choice?: readonly string[];
}

export interface History {
  readonly lines: readonly HistoryLine[];
  /** Steps before this one were not looked at; 1: all were. */
  readonly from: number;
  /** By object of the report. */
  readonly lives: readonly Life[];
}

/** Events that tell of an object beside those that do something to it. */
const ALSO = ["free_table", "tlb_fill", "tlb_flush", "vma_change"];
/** Events that matter where a report is about locks. */
const LOCKING = ["lock", "unlock", "contend"];
const MOST_LINES = 12;

/** Steps that are looked at while somebody waits. */
export const SOME_STEPS = 300_000;

/** What one report's objects went through, noted while the run comes by. */
class Trail {
  readonly lines: HistoryLine[] = [];
  readonly notes: readonly LifeNotes[];
  readonly #bug: BugReport;
  readonly #objects: readonly Named[];

  constructor(bug: BugReport) {
    this.#bug = bug;
    this.#objects = bug.objects.map(named);
    this.notes = bug.objects.map(() => new LifeNotes());
  }

  look(system: System): void {
    const { machine } = system;
    if (machine.step > this.#bug.step) return;
    // What a double free does is not how the object's life ended.
    const early = this.#bug.kind !== "double-free" || machine.step < this.#bug.step;
    if (early) for (const [i, object] of this.#objects.entries()) this.notes[i]!.note(system, object);
    if (!this.#concerns(system)) return;
    const event = describeEvent(system);
    if (this.lines.at(-1)?.event === event) return;
    this.lines.push({ step: machine.step, task: machine.thread?.name ?? "", event, line: machine.place().line });
  }

  /** Whether the event that has just happened names one of the report's objects. */
  #concerns(system: System): boolean {
    const { machine } = system;
    const { args } = machine.events.specs[machine.event]!;
    const isAboutLocks = /\block\b|deadlock/.test(this.#bug.kind.replaceAll("-", " "));
    if (LOCKING.includes(machine.events.names[machine.event]!))
      return isAboutLocks && this.#objects.some((object) => isNamed(system, object, "lock"));
    // Whole address spaces have long lives: they are told where nothing smaller is known.
    const smaller = this.#objects.filter(({ type }) => type !== "mm_struct");
    const telling = smaller.length > 0 ? smaller : isAboutLocks ? [] : this.#objects;
    return args.some((argument) => telling.some((object) => isNamed(system, object, argument)));
  }

  before(later: Trail): Trail {
    this.lines.push(...later.lines);
    for (const [i, notes] of this.notes.entries()) notes.before(later.notes[i]!);
    return this;
  }
}

/** The histories of reports, from `most` steps before the last one on at the latest. */
export function* historiesOf(
  loaded: Loaded,
  travel: Travel,
  bugs: readonly BugReport[],
  most = Number.POSITIVE_INFINITY,
): Sliced<History[]> {
  const { system } = loaded;
  const telling = tellingEvents(system);
  const last = Math.max(0, ...bugs.map(({ step }) => step));
  let trails = bugs.map((bug) => new Trail(bug));
  let upTo = last;
  while (upTo > 0 && last - upTo < most) {
    const earlier = bugs.map((bug) => new Trail(bug));
    const look = () => {
      for (const trail of earlier) trail.look(system);
      return false;
    };
    upTo = (yield* travel.scan(look, upTo, telling)).start;
    trails = trails.map((later, i) => earlier[i]!.before(later));
  }
  const histories: History[] = [];
  for (const [i, bug] of bugs.entries()) {
    const lives: Life[] = [];
    for (const [at, object] of bug.objects.entries())
      lives.push(yield* lifeOf(loaded, travel, bug, object, trails[i]!.notes[at]!));
    const lines: HistoryLine[] = [];
    for (const line of shortened(trails[i]!.lines))
      lines.push({ ...line, ...(yield* choiceAfter(loaded, travel, line.step)) });
    histories.push({ lines, from: upTo + 1, lives });
  }
  return histories;
}

const tellingEvents = (system: System): readonly number[] => [
  ...eventsThatDo(system, ["makes", "links", "unlinks", "ends"]),
  ...[...ALSO, ...LOCKING].flatMap((name) => system.machine.events.id(name) ?? []),
];

/** Structures are told of by the store, whatever events there are: what the step announces may have nothing to do with them. */
function* lifeOf(loaded: Loaded, travel: Travel, bug: BugReport, object: BugObject, notes: LifeNotes): Sliced<Life> {
  const noted = notes.life(DEAD.has(bug.kind) ? "dead" : "present");
  if (object.type === "page") return noted;
  const { born, died } = object;
  const allocated = born ? yield* deedAt(loaded, travel, born) : noted.allocated;
  const freed = died ? yield* deedAt(loaded, travel, died) : noted.freed;
  return {
    ...noted,
    ...(allocated && { allocated: { ...allocated, description: noted.allocated?.description ?? "" } }),
    ...(freed && { freed: { ...freed, description: noted.freed?.description ?? "" } }),
  };
}

/** Reports about an object that has been freed: its frame may have another life by now. */
const DEAD = new Set(["use-after-free", "double-free"]);

/** `0x1a2` of a frame, `3#1` of a structure. */
function named({ type, id }: BugObject): Named {
  if (type === "page") return { type, slot: Number(id), gen: 0 };
  const [slot, gen] = id.split("#").map(Number);
  return { type, slot: slot!, gen: gen! };
}

/** The beginning of an object's life and what came shortly before the report say most. */
const shortened = (lines: readonly HistoryLine[]): readonly HistoryLine[] =>
  lines.length <= MOST_LINES ? lines : [...lines.slice(0, 4), ...lines.slice(4 - MOST_LINES)];
