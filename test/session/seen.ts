// What can be seen of a run at a step: for tests that hold one way to a step against another.
import { readFileSync } from "node:fs";
import type { Loaded } from "../../sim/session/load.ts";
import { createSourceMaps, framesOf } from "../../sim/session/stack.ts";

const maps = createSourceMaps((generated) => {
  try {
    return readFileSync(`${generated}.map`, "utf8");
  } catch {
    return undefined;
  }
});

const stackText = (stack: string): string =>
  framesOf(stack, maps)
    .map(({ name, file, line }) => `${name} ${file}:${line}`)
    .join(" < ");

/** Goes to a step as a debugger does: with the call stack there. */
export function visit({ run, system }: Loaded, step: number): void {
  const { captures } = system.machine;
  if (system.machine.step === step && captures.has(step)) return;
  captures.clear();
  captures.set(step, "");
  if (system.machine.step >= step) run.rewind(step);
  run.goto(step);
}

/** State, event, counts, call stack, and reports with their own call stacks. */
export function seen({ system, detectors }: Loaded): string {
  const { machine } = system;
  const reports = detectors
    .reports()
    .map((bug) => [bug.kind, bug.message, bug.step, bug.task, bug.line, bug.count, stackText(bug.stack)]);
  const stack = stackText(machine.captures.get(machine.step) ?? "");
  const thread = machine.thread?.name;
  return JSON.stringify([
    machine.step,
    machine.store.hash(),
    machine.event,
    thread,
    stack,
    [...machine.counts],
    reports,
  ]);
}
