// Answers that take a while, because steps have to be done once more for them: given a slice at a time, so that what cannot
// wait is answered meanwhile. Until one is given the machine is somewhere else in time: other requests wait for their turn.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Lookup } from "../../sim/debugging.ts";

/** What a handler gives instead of a body: where the answer comes from, and how it becomes one. */
export class Later {
  readonly advance: (steps: number) => (() => object | undefined) | "given up" | undefined;
  readonly giveUp: () => void;

  private constructor(advance: Later["advance"], giveUp: () => void) {
    this.advance = advance;
    this.giveUp = giveUp;
  }

  static from<T>(lookup: Lookup<T>, body: (answer: T) => object | undefined): Later {
    const advance = (steps: number) => {
      const found = lookup.advance(steps);
      return found === undefined || found === "given up" ? found : () => body(found.answer);
    };
    return new Later(advance, () => lookup.giveUp());
  }
}

/** What a lookup needs of the adapter. */
export interface LookupWorld {
  defer(turn: () => void): void;
  /** Does about as many steps as take some tens of milliseconds. Throws what the simulator throws. */
  inSlice<T>(work: (steps: number) => T, steps?: number): T;
  event(name: string, body: object): void;
  readonly showsProgress: boolean;
}

/** What is not far is answered at once. */
const AT_ONCE = 10_000;

/** Slices after which the editor shows that something is going on. */
const SLICES_UNTIL_PROGRESS = 40;

interface Pending {
  readonly request: DebugProtocol.Request;
  readonly later: Later;
  readonly world: LookupWorld;
  /** Sends the response; `undefined`: nobody wants the answer any more. */
  respond(body: (() => object | undefined) | undefined): void;
  answered: boolean;
}

interface Waiting {
  readonly request: DebugProtocol.Request;
  go(): void;
  cancel(): void;
}

export class Lookups {
  private pending: Pending | undefined;
  private waiting: Waiting[] = [];
  private progress: string | undefined;
  private count = 0;

  get isBusy(): boolean {
    return this.pending !== undefined;
  }

  /** Works on it at once for a slice; what is not found by then is answered later. */
  begin(request: DebugProtocol.Request, later: Later, world: LookupWorld, respond: Pending["respond"]): void {
    this.pending = { request, later, world, respond, answered: false };
    this.count++;
    this.turn(this.pending, 0);
  }

  /** A request whose turn has not come. */
  wait(waiting: Waiting): void {
    this.waiting.push(waiting);
  }

  /** The answer of that request is not wanted any more; whether there was such a request. */
  cancel(requestId: number): boolean {
    if (this.pending?.request.seq === requestId) return this.giveUp();
    const found = this.waiting.find(({ request }) => request.seq === requestId);
    this.waiting = this.waiting.filter((one) => one !== found);
    found?.cancel();
    return found !== undefined;
  }

  isProgress(id: string): boolean {
    return this.progress === id;
  }

  /** No answer is wanted to what is being looked for; the machine goes back to where it was. Whether anything was. */
  giveUp(): boolean {
    if (!this.pending) return false;
    this.pending.later.giveUp();
    this.answer(this.pending, undefined);
    return true;
  }

  /** The run is no more: neither is what was looked for in it. */
  drop(): void {
    const { pending } = this;
    this.pending = undefined;
    if (pending) this.answer(pending, undefined);
    this.endProgress(pending);
    this.next();
  }

  private turn(pending: Pending, slices: number): void {
    if (this.pending !== pending) return;
    if (slices === SLICES_UNTIL_PROGRESS) this.startProgress(pending);
    let found: ReturnType<Later["advance"]>;
    try {
      found = pending.world.inSlice(pending.later.advance, slices === 0 ? AT_ONCE : undefined);
    } catch (error) {
      this.end(pending);
      this.answer(pending, () => {
        throw error;
      });
      this.next();
      return;
    }
    if (found === undefined) {
      pending.world.defer(() => this.turn(pending, slices + 1));
      return;
    }
    this.end(pending);
    if (found !== "given up") this.answer(pending, found);
    this.next();
  }

  private answer(pending: Pending, body: (() => object | undefined) | undefined): void {
    if (pending.answered) return;
    pending.answered = true;
    pending.respond(body);
  }

  private end(pending: Pending): void {
    this.pending = undefined;
    this.endProgress(pending);
  }

  /** Those who have waited, until one of them has to look again. */
  private next(): void {
    while (!this.pending && this.waiting.length > 0) this.waiting.shift()!.go();
  }

  private startProgress({ world }: Pending): void {
    if (!world.showsProgress) return;
    this.progress = `lookup ${this.count}`;
    world.event("progressStart", { progressId: this.progress, title: "Looking back", cancellable: true });
  }

  private endProgress(pending: Pending | undefined): void {
    if (this.progress !== undefined) pending?.world.event("progressEnd", { progressId: this.progress });
    this.progress = undefined;
  }
}
