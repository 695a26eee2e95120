// Random scenarios: what a fuzzer would do to Linux's memory management, in the scenario language. They are drawn from a
// rough idea of what is mapped and open, so that most calls meet something; what does not is tried now and then too.
import { createDraw, type Draw, withTaste } from "./random_draw.ts";
import { fileCall } from "./random_files.ts";
import { groupLines, groupsToBegin } from "./random_groups.ts";
import { accessCall, LOOP, mappingCall, mmapCall } from "./random_mappings.ts";
import { processCall } from "./random_processes.ts";
import { userfaultfdCall } from "./random_uffd.ts";
import { canWait, waitingLines } from "./random_waits.ts";

/** A process as the generator imagines it. */
export interface Actor {
  readonly name: string;
  state: "unborn" | "alive" | "gone";
  /** Text of a place and bytes, of mappings that are probably there. */
  mappings: { readonly place: string; readonly bytes: number }[];
  /** Descriptors that are probably open. */
  descriptors: number[];
  /** Children that have ended and were not waited for. */
  ended: string[];
  children: string[];
  variables: number;
  /** A mapping may be large: nothing asks for all pages of everything then. */
  large: boolean;
  /** What it maps from now on is made present at once. */
  locksAll: boolean;
  /** Variables that hold userfaultfds. */
  userfaultfds: string[];
  /** A second thread: it does some of what the process does. */
  hasThread: boolean;
  /** The control group that it is in; empty where it was never moved. */
  group: string;
  /** Not one that is forked. */
  readonly mayHaveThread: boolean;
  /** What it does next, whatever the lots say. */
  next: string[];
}

interface Kind {
  readonly processes: readonly [least: number, most: number];
  readonly calls: readonly [least: number, most: number];
  readonly groups?: true;
}

/** Lines of somebody who waits and somebody who answers. */
const MOST_LINES = 10;

const USUAL: Kind = { processes: [1, 4], calls: [5, 60] };
const GROUPED: Kind = { ...USUAL, groups: true };
const LARGE: Kind = { processes: [5, 12], calls: [60, 200] };

/** The text of scenario number `seed`: 1 to 4 processes, 5 to 60 calls, a few of them in a loop. */
export const randomScenario = (seed: number): string => scenarioOf(createDraw(seed), USUAL);

/** The same with 5 to 12 processes and 60 to 200 calls. */
export const randomLargeScenario = (seed: number): string => scenarioOf(createDraw(seed), LARGE);

/** The same with control groups, between which the processes move. */
export const randomGroupsScenario = (seed: number): string => scenarioOf(createDraw(seed), GROUPED);

function scenarioOf(plain: Draw, kind: Kind): string {
  const draw = plain.chance(0.3) ? plain : withTaste(plain);
  const actors = Array.from({ length: plain.between(...kind.processes) }, (_, i) => newActor(plain, i));
  const lines: string[] = kind.groups ? groupsToBegin(actors[0]!) : [];
  const begun = lines.length;
  const calls = plain.between(...kind.calls);
  while (lines.length < begun + calls) {
    const alive = actors.filter((actor) => actor.state === "alive");
    if (alive.length === 0) break;
    const actor = draw.one(alive);
    const waits =
      canWait(actor, actors) &&
      actor.next.length === 0 &&
      lines.length + MOST_LINES <= begun + calls &&
      draw.chance(0.015);
    if (kind.groups && actor.next.length === 0 && draw.chance(0.15)) lines.push(...groupLines(draw, actor, actors));
    else if (waits) lines.push(...waitingLines(draw, actor, actors));
    else lines.push(lineOf(draw, actor, actor.next.shift() ?? callOf(draw, actor, actors)));
  }
  const used = actors.filter((actor) => actor.state !== "unborn");
  const declared = used.flatMap(({ name, hasThread }, i) => [
    `process ${name} on cpu ${i % 2}`,
    ...(hasThread ? [`thread ${name}.t on cpu ${(i + 1) % 2}`] : []),
  ]);
  const all = `${[...declared, ...lines].join("\n")}\n`;
  // A group that may not swap may where groups are of version 1, if it is asked to.
  const text = kind.groups ? all.replaceAll("MADV_PAGEOUT", "MADV_COLD") : all;
  if (!text.includes("MAP_GROWSDOWN")) return text;
  // The lowest addresses are left to the program's own memory, which must not lie between others and what grows down to them.
  return text.replaceAll("|MAP_32BIT", "").replace(/(?<![+-] )1GiB/g, "3TiB");
}

function newActor(draw: Draw, i: number): Actor {
  const unborn = i > 0 && draw.chance(0.6);
  return {
    name: `p${i}`,
    state: unborn ? "unborn" : "alive",
    mappings: [],
    descriptors: [],
    ended: [],
    children: [],
    variables: 0,
    large: false,
    locksAll: false,
    userfaultfds: [],
    group: "",
    mayHaveThread: !unborn,
    hasThread: !unborn && draw.chance(0.12),
    next: [],
  };
}

/** The thread does what leaves nothing in a variable: variables are its own. */
function lineOf(draw: Draw, actor: Actor, call: string): string {
  const by = actor.hasThread && !/^(?:\w+ =|exit|wait)/.test(call) && draw.chance(0.4) ? `${actor.name}.t` : actor.name;
  if (!call.startsWith(LOOP)) return `${by}: ${call}`;
  const [, rounds, round] = /^repeat (\d+) (.*)$/.exec(call)!;
  return `repeat ${rounds} as i { ${by}: ${round} }`;
}

function callOf(draw: Draw, actor: Actor, actors: readonly Actor[]): string {
  // Nothing comes of most calls before something is mapped.
  if (actor.mappings.length === 0 && draw.chance(0.8))
    return draw.chance(0.3) ? fileCall(draw, actor) : mmapCall(draw, actor);
  const kind = draw.weighted({ mapping: 42, access: 38, file: 15, process: 7, userfaultfd: 2 });
  if (kind === "mapping") return mappingCall(draw, actor);
  if (kind === "access") return accessCall(draw, actor);
  if (kind === "file") return fileCall(draw, actor);
  if (kind === "userfaultfd") return userfaultfdCall(draw, actor);
  return processCall(draw, actor, actors) ?? accessCall(draw, actor);
}
