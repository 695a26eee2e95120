// Random programs of kernel calls, one after the other or interleaved, and what must be true after them: nothing was reported.
import assert from "node:assert/strict";
import fc from "fast-check";
import { interleave, type Work } from "./interleaved.ts";
import type { Watched } from "./watched.ts";

/** One operation of a random program: who does what; null where it is not possible now. */
export interface Op {
  readonly who: number;
  work(m: Watched): Work[];
}
export const alive = (m: Watched, p: number) => m.task(p).mm !== null && m.task(p).exit_state === 0;
export const syscall = (name: string, ...args: unknown[]): Work => ({ name: "do_syscall", args: [name, args] });

/** An operation, and how it reads in a counterexample. */
export const op = (who: number, text: string, work: (m: Watched) => Work[]): Op =>
  Object.assign(
    { who, work: (m: Watched) => (alive(m, who) ? work(m) : []) },
    { [fc.toStringMethod]: () => `${who}: ${text}` },
  );
export const call = (who: number, name: string, ...args: unknown[]): Op =>
  op(
    who,
    `${name}(${args.map((arg) => (typeof arg === "number" && arg > 4096 ? `0x${arg.toString(16)}` : arg))})`,
    () => [syscall(name, ...args)],
  );

export const touches = (at: number, n: number, write: boolean): Work[] =>
  Array.from({ length: n }, (_, i) =>
    write ? { name: "user_store", args: [at + i * 4096, i + 1, 0] } : { name: "user_load", args: [at + i * 4096] },
  );

/** Ends what still lives, and asks that nothing was reported. */
export function finish(m: Watched): void {
  for (let p = 0; p < 4; p++) if (alive(m, p)) m.sys(p, "exit", 0);
  m.detectors.endOfRun();
  const found = m.detectors.reports().map(({ kind, message, step, task }) => `${step} ${task} ${kind}: ${message}`);
  assert.deepEqual(found, []);
}

/** Everybody's operations at once, in the order that the seed says. */
export function together(m: Watched, program: readonly Op[], seed: number): void {
  const queues = [0, 1, 2, 3].map((p) => program.filter(({ who }) => who === p));
  const units: Work[][] = [[], [], [], []];
  interleave(m, [0, 1, 2, 3], seed, (who) => {
    for (;;) {
      const unit = units[who]!.shift();
      if (unit) return alive(m, who) ? unit : undefined;
      const next = queues[who]!.shift();
      if (!next) return undefined;
      units[who] = next.work(m);
    }
  });
}
