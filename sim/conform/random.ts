// Random scenarios: what a fuzzer would do to Linux's memory management, in the scenario language. They are drawn from a
// rough idea of what is mapped and open, so that most calls meet something; what does not is tried now and then too.
import { createDraw, type Draw } from "./random_draw.ts";
import { fileCall } from "./random_files.ts";
import { accessCall, mappingCall, mmapCall } from "./random_mappings.ts";

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
}

/** The text of scenario number `seed`: 1 to 4 processes, 5 to 60 calls. */
export function randomScenario(seed: number): string {
  const draw = createDraw(seed);
  const actors = Array.from({ length: draw.between(1, 4) }, (_, i): Actor => {
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
    };
  });
  const lines: string[] = [];
  const calls = draw.between(5, 60);
  while (lines.length < calls) {
    const alive = actors.filter((actor) => actor.state === "alive");
    if (alive.length === 0) break;
    const actor = draw.one(alive);
    lines.push(`${actor.name}: ${callOf(draw, actor, actors)}`);
  }
  const used = actors.filter((actor) => actor.state !== "unborn");
  const declared = used.map((actor, i) => `process ${actor.name} on cpu ${i % 2}`);
  const text = `${[...declared, ...lines].join("\n")}\n`;
  if (!text.includes("MAP_GROWSDOWN")) return text;
  // The lowest addresses are left to the program's own memory, which must not lie between others and what grows down to them.
  return text.replaceAll("|MAP_32BIT", "").replace(/(?<![+-] )1GiB/g, "3TiB");
}

function callOf(draw: Draw, actor: Actor, actors: readonly Actor[]): string {
  // Nothing comes of most calls before something is mapped.
  if (actor.mappings.length === 0 && draw.chance(0.8))
    return draw.chance(0.3) ? fileCall(draw, actor) : mmapCall(draw, actor);
  const kind = draw.weighted({ mapping: 42, access: 38, file: 15, process: 7 });
  if (kind === "mapping") return mappingCall(draw, actor);
  if (kind === "access") return accessCall(draw, actor);
  if (kind === "file") return fileCall(draw, actor);
  return processCall(draw, actor, actors) ?? accessCall(draw, actor);
}

function processCall(draw: Draw, actor: Actor, actors: readonly Actor[]): string | undefined {
  const kind = draw.weighted({ fork: 6, exit: 2, wait: 2 });
  if (kind === "fork") return forkCall(actor, actors);
  if (kind === "exit") {
    if (actors.filter((other) => other.state === "alive").length < 2) return undefined;
    actor.state = "gone";
    for (const parent of actors) if (parent.children.includes(actor.name)) parent.ended.push(actor.name);
    return `exit(${draw.between(0, 3)})`;
  }
  const child = actor.ended.pop();
  if (child !== undefined) {
    actor.children = actor.children.filter((name) => name !== child);
    return draw.chance(0.5) && actor.ended.length === 0 && actor.children.length === 0 ? "wait()" : `wait(${child})`;
  }
  return actor.children.length === 0 ? "wait()" : undefined;
}

function forkCall(actor: Actor, actors: readonly Actor[]): string | undefined {
  const child = actors.find((other) => other.state === "unborn");
  if (!child) return undefined;
  child.state = "alive";
  child.mappings = [...actor.mappings];
  child.descriptors = [...actor.descriptors];
  child.variables = actor.variables;
  child.large = actor.large;
  actor.children.push(child.name);
  return `fork(${child.name})`;
}
