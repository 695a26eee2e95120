// Checkpoints of a run. Going back is: restore the last checkpoint before the wanted step, run forward. Checkpoints are
// taken where no call is in flight; when they take too much memory, every other one goes and the distance doubles.
import type { Machine, MachineSnapshot } from "./machine.ts";
import { bytesBetween } from "./store.ts";

const FIRST_INTERVAL = 8000;
const MOST_CHECKPOINTS = 1024;

export class Recording {
  readonly #machine: Machine;
  readonly #limitBytes: number;
  #checkpoints: { snapshot: MachineSnapshot; bytes: number }[] = [];
  #interval = FIRST_INTERVAL;
  #copiedBefore = 0;

  constructor(machine: Machine, limitBytes: number) {
    this.#machine = machine;
    this.#limitBytes = limitBytes;
  }

  /** Called at every boundary between units; what is re-executed has its checkpoints already. */
  offer(): void {
    const last = this.#checkpoints.at(-1);
    if (last && this.#machine.step - last.snapshot.step < this.#interval) return;
    this.take();
  }

  /** A checkpoint here, however near the next ones are. */
  take(): void {
    const { units } = this.#machine;
    const at = this.#checkpoints.findLastIndex(({ snapshot }) => snapshot.units <= units);
    const before = this.#checkpoints[at];
    if (before?.snapshot.units === units) return;
    const copied = this.#machine.store.copiedBytes;
    if (before) before.bytes += copied - this.#copiedBefore;
    this.#copiedBefore = copied;
    this.#checkpoints.splice(at + 1, 0, { snapshot: this.#machine.snapshot(), bytes: SNAPSHOT_BYTES });
    if (this.#checkpoints.length > MOST_CHECKPOINTS) this.#thin();
    while (this.bytes > this.#limitBytes && this.#checkpoints.length > 2) this.#thin();
  }

  /** The last checkpoint from which re-execution reaches the state after `step`. */
  before(step: number): MachineSnapshot {
    const { index } = this.#find((snapshot) => snapshot.step < step);
    return this.#checkpoints[index]!.snapshot;
  }

  /** The last checkpoint at or before the boundary at which unit number `units` begins. */
  beforeUnit(units: number): MachineSnapshot {
    const { index } = this.#find((snapshot) => snapshot.units <= units);
    return this.#checkpoints[index]!.snapshot;
  }

  /** The future after now is not what happens any more. */
  forgetAfter(step: number): void {
    this.#checkpoints = this.#checkpoints.filter(({ snapshot }, i) => i === 0 || snapshot.step < step);
    this.#copiedBefore = this.#machine.store.copiedBytes;
  }

  /** The beginning itself is another one. */
  restart(): void {
    this.#checkpoints = [];
    this.take();
  }

  get count(): number {
    return this.#checkpoints.length;
  }

  /** Steps between checkpoints: what a jump re-executes at most. */
  get interval(): number {
    return this.#interval;
  }

  get bytes(): number {
    return this.#checkpoints.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #find(fits: (snapshot: MachineSnapshot) => boolean): { index: number } {
    let low = 0;
    let high = this.#checkpoints.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (fits(this.#checkpoints[middle]!.snapshot)) low = middle;
      else high = middle - 1;
    }
    return { index: low };
  }

  /** Every other one goes; the first and the last stay. What is kept is counted again, as they share what neither has written. */
  #thin(): void {
    this.#interval *= 2;
    const last = this.#checkpoints.length - 1;
    const kept = this.#checkpoints.filter((_, i) => i % 2 === 0 || i === last);
    for (let i = 0; i < kept.length - 1; i++)
      kept[i]!.bytes = SNAPSHOT_BYTES + bytesBetween(kept[i]!.snapshot.store, kept[i + 1]!.snapshot.store);
    this.#checkpoints = kept;
  }
}

/** What a checkpoint costs before anything is written after it: the lists of chunks. */
const SNAPSHOT_BYTES = 64 * 1024;
