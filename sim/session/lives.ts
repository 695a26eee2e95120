// Which events concern an object, and who made, linked and ended it: noted while a run comes by.
import type { Does } from "../core/events.ts";
import type { Handle } from "../core/struct.ts";
import type { Deed } from "../debugging.ts";
import { entryPfn, isPresent } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import { describeEvent } from "./describe.ts";

/** An object across time: structures by place and life, frames (`page`) by number, life 0. */
export interface Named {
  readonly type: string;
  readonly slot: number;
  readonly gen: number;
}

/** Who did what to an object; what is not known is left out. */
export interface Life {
  readonly allocated?: Deed;
  readonly linked?: Deed;
  readonly freed?: Deed;
}

/** Whether an argument of the event that has just happened names the object. */
export function isNamed({ machine }: System, object: Named, argument: string): boolean {
  const value = machine.args[machine.events.specs[machine.event]!.args.indexOf(argument)];
  if (typeof value === "number") return object.type === "page" && frameOf(argument, value) === object.slot;
  return isHandle(value) && value.$.type.name === object.type && value.slot === object.slot && value.gen === object.gen;
}

/** What the event that has just happened does to the object. What it both unlinks and links stays as it was. */
export function doneTo(system: System, object: Named): readonly Does[] {
  const { does = {} } = system.machine.events.specs[system.machine.event]!;
  const done = Object.entries(does).flatMap(([argument, what]) => (isNamed(system, object, argument) ? [what] : []));
  return done.includes("links") && done.includes("unlinks") ? [] : done;
}

export const eventsThatDo = ({ machine }: System, what: readonly Does[]): readonly number[] =>
  machine.events.specs.flatMap(({ does = {} }, id) =>
    Object.values(does).some((one) => what.includes(one)) ? [id] : [],
  );

/** Arguments that hold a frame's number, and those that hold an entry which leads to one. */
const FRAMES = new Set(["pfn", "table"]);
const ENTRIES = new Set(["entry", "old"]);

function frameOf(argument: string, value: number): number {
  if (FRAMES.has(argument)) return value;
  return ENTRIES.has(argument) && isPresent(value) ? entryPfn(value) : -1;
}

/** What the running thread has just done. */
export function deedNow(system: System): Deed {
  const { machine } = system;
  const { file, line } = machine.place();
  return { step: machine.step, description: describeEvent(system), task: machine.thread?.name ?? "kernel", file, line };
}

/** `freed by reader at step 41, line 9: free_page: …`, or without the event where it tells nothing of that; a line for each thing that is known. */
export function lifeLines({ allocated, linked, freed }: Life): string[] {
  const told = ([what, deed]: readonly [string, Deed | undefined]) =>
    deed ? [`${what} by ${deed.task} at step ${deed.step}${place(deed)}${event(deed)}`] : [];
  return (
    [
      ["allocated", allocated],
      ["linked", linked],
      ["freed", freed],
    ] as const
  ).flatMap(told);
}

const event = ({ description }: Deed): string => (description === "" ? "" : `: ${description}`);
const place = ({ line }: Deed): string => (line > 0 ? `, line ${line}` : "");

/** Notes the deeds that make, link and end an object, in order. */
export class LifeNotes {
  readonly #deeds: { readonly what: Does; readonly deed: Deed }[] = [];

  /** To be called at every event that does something. */
  note(system: System, object: Named): void {
    for (const what of doneTo(system, object))
      if (what !== "unlinks") this.#deeds.push({ what, deed: deedNow(system) });
  }

  /** Everything noted later comes before this. */
  before(later: LifeNotes): LifeNotes {
    this.#deeds.push(...later.#deeds);
    return this;
  }

  /** Frames have many lives, one after the other: the present one, or with `dead` the last one that has ended. */
  life(which: "present" | "dead"): Life {
    const deeds = this.#deeds;
    const ended = deeds.findLastIndex(({ what }) => what === "ends");
    const made = deeds.findLastIndex(({ what }) => what === "makes");
    const lives = ended < made && which === "present";
    const until = lives || ended < 0 ? deeds.length : ended;
    const last = (wanted: Does) => deeds.slice(0, until).findLast(({ what }) => what === wanted)?.deed;
    const allocated = last("makes");
    const linked = last("links");
    return {
      ...(allocated && { allocated }),
      ...(linked && (!allocated || linked.step > allocated.step) && { linked }),
      ...(!lives && ended >= 0 && { freed: deeds[ended]!.deed }),
    };
  }
}

export const isHandle = (value: unknown): value is Handle =>
  typeof value === "object" && value !== null && "layout" in value;
