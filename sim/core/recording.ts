// Checkpoints of a run. Going back is: restore the last checkpoint before the wanted step, run forward. Checkpoints are
// as far apart as takes about equally long everywhere; when they take too much memory, the distance doubles. Plain calls
// leave none in their middle, calls that are done step by step do.
import type { Midway } from "./doing.ts";
import type { Machine, MachineSnapshot } from "./machine.ts";
import { bytesBetween } from "./store.ts";

/** Of work between checkpoints (see Machine.work): a jump does so much once more at most, and the unit that it leads into. */
const FIRST_INTERVAL = 2000;
const MOST_CHECKPOINTS = 8192;

/** A state of a run. */
export interface RunSnapshot extends MachineSnapshot {
  /** What threads were in the middle of; null at a boundary. */
  readonly midway: Midway | null;
}

interface Checkpoint {
  readonly snapshot: RunSnapshot;
  /** What it holds alone. */
  bytes: number;
}

export class Recording {
  readonly #machine: Machine;
  readonly #limitBytes: number;
  #checkpoints: Checkpoint[] = [];
  #interval = FIRST_INTERVAL;
  #copiedBefore = 0;
  #isFull = false;
  /** So much work has to be done before the next checkpoint in the middle of calls; unknown after a jump. */
  #due: number | undefined;

  constructor(machine: Machine, limitBytes: number) {
    this.#machine = machine;
    this.#limitBytes = limitBytes;
  }

  /** Called at every boundary between units; what is re-executed has its checkpoints already. */
  offer(): void {
    const last = this.#checkpoints.at(-1);
    if (last && this.#machine.work - last.snapshot.work < this.#interval) return;
    this.take(null);
  }

  /** Whether it is time for a checkpoint in the middle of calls, also of calls that are done once more. */
  get isDue(): boolean {
    return this.dueAt <= this.#machine.step;
  }

  /** The step at which it is, at the earliest. */
  get dueAt(): number {
    const { work, step } = this.#machine;
    this.#due ??=
      this.#checkpoints[this.#find((snapshot) => snapshot.step <= step).index]!.snapshot.work + this.#interval;
    return step + this.#due - work;
  }

  /** A checkpoint here, however near the next ones are. */
  take(midway: Midway | null): void {
    const { step, units } = this.#machine;
    this.#due = undefined;
    const at = this.#checkpoints.findLastIndex(
      ({ snapshot }) => snapshot.step < step || (snapshot.step === step && snapshot.units <= units),
    );
    const before = this.#checkpoints[at];
    if (before?.snapshot.step === step && before.snapshot.units === units) return;
    const copied = this.#machine.store.copiedBytes;
    if (before) before.bytes += copied - this.#copiedBefore;
    this.#copiedBefore = copied;
    const snapshot = { ...this.#machine.snapshot(), midway };
    this.#checkpoints.splice(at + 1, 0, { snapshot, bytes: listBytes(snapshot) });
    if (this.#checkpoints.length > MOST_CHECKPOINTS) this.#thin();
    while (this.bytes > this.#limitBytes && this.#checkpoints.length > 2) {
      this.#isFull = true;
      this.#thin();
    }
  }

  /** The last checkpoint from which re-execution reaches the state after `step`. */
  before(step: number): RunSnapshot {
    this.#due = undefined;
    const { index } = this.#find((snapshot) => snapshot.step < step);
    return this.#checkpoints[index]!.snapshot;
  }

  /** The same for the state in which unit number `units`, which has not ended, is at `step` or has not come to a step. */
  beforeUnit(units: number, step: number): RunSnapshot {
    this.#due = undefined;
    const { index } = this.#find(
      (snapshot) => snapshot.step < step || (snapshot.step === step && snapshot.units <= units && !snapshot.midway),
    );
    return this.#checkpoints[index]!.snapshot;
  }

  /** The future after now is not what happens any more. */
  forgetAfter(step: number): void {
    this.#checkpoints = this.#checkpoints.filter(({ snapshot }, i) => i === 0 || snapshot.step < step);
    this.#copiedBefore = this.#machine.store.copiedBytes;
    this.#due = undefined;
  }

  /** The beginning itself is another one. */
  restart(): void {
    this.#checkpoints = [];
    this.take(null);
  }

  /** Checkpoints had to go for want of memory: nothing is lost by that but time. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get count(): number {
    return this.#checkpoints.length;
  }

  /** Work between checkpoints. */
  get interval(): number {
    return this.#interval;
  }

  /** From now on. */
  set interval(work: number) {
    this.#interval = work;
    this.#due = undefined;
  }

  get bytes(): number {
    return this.#checkpoints.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #find(fits: (snapshot: RunSnapshot) => boolean): { index: number } {
    let low = 0;
    let high = this.#checkpoints.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (fits(this.#checkpoints[middle]!.snapshot)) low = middle;
      else high = middle - 1;
    }
    return { index: low };
  }

  /**
   * Those that jumps have put between others go; where these were few, the distance doubles. The first and the last stay. What is
   * kept is counted again, as they share what neither has written.
   */
  #thin(): void {
    let kept = this.#apart(this.#interval);
    if (kept.length > this.#checkpoints.length / 2) {
      this.#interval *= 2;
      kept = this.#apart(this.#interval);
    }
    for (let i = 0; i < kept.length - 1; i++)
      kept[i]!.bytes =
        listBytes(kept[i]!.snapshot) + bytesBetween(kept[i]!.snapshot.store, kept[i + 1]!.snapshot.store);
    this.#checkpoints = kept;
  }

  /** So much work apart, at least. */
  #apart(distance: number): Checkpoint[] {
    const { length } = this.#checkpoints;
    let after = Number.NEGATIVE_INFINITY;
    return this.#checkpoints.filter(({ snapshot }, i) => {
      if (snapshot.work - after < distance && i < length - 1) return false;
      after = snapshot.work;
      return true;
    });
  }
}

/** What a checkpoint costs before anything is written after it: counts, lists of chunks, and functions with their variables. */
function listBytes({ counts, store, midway }: RunSnapshot): number {
  const lists = store.storages.reduce((sum, { chunks }) => sum + 16 * chunks.length + 100, counts.byteLength);
  if (!midway) return lists;
  const frames = midway.threads.flatMap(({ call }) => [call, ...call.switches].flatMap((part) => part.frames));
  return frames.reduce((sum, { variables }) => sum + FRAME_BYTES + 16 * variables.length, lists);
}

/** Of a function in the middle of a call, without its variables; about. */
const FRAME_BYTES = 200;
