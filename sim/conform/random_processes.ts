// Random calls that begin and end processes.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";

export function processCall(draw: Draw, actor: Actor, actors: readonly Actor[]): string | undefined {
  const kind = draw.weighted({ fork: 6, exit: 2, wait: 2 });
  if (kind === "fork") return forkCall(actor, actors);
  if (kind === "exit") {
    // A first thread that ends before the others is waited for in vain.
    if (actor.hasThread || actors.filter((other) => other.state === "alive").length < 2) return undefined;
    endOf(actor, actors);
    return `exit(${draw.between(0, 3)})`;
  }
  const child = actor.ended.pop();
  if (child !== undefined) {
    actor.children = actor.children.filter((name) => name !== child);
    return draw.chance(0.5) && actor.ended.length === 0 && actor.children.length === 0 ? "wait()" : `wait(${child})`;
  }
  return actor.children.length === 0 ? "wait()" : undefined;
}

/** It does nothing more, and can be waited for. */
export function endOf(actor: Actor, actors: readonly Actor[]): void {
  actor.state = "gone";
  for (const parent of actors) if (parent.children.includes(actor.name)) parent.ended.push(actor.name);
}

export function forkCall(actor: Actor, actors: readonly Actor[]): string | undefined {
  const child = actors.find((other) => other.state === "unborn");
  if (!child) return undefined;
  child.state = "alive";
  child.mappings = [...actor.mappings];
  child.descriptors = [...actor.descriptors];
  child.variables = actor.variables;
  child.large = actor.large;
  child.group = actor.group;
  child.userfaultfds = [...actor.userfaultfds];
  actor.children.push(child.name);
  return `fork(${child.name})`;
}
