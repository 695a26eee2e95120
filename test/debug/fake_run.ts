// The small machine of fake_session.ts as it runs: forward and back through the statements of fake_program.ts, with breakpoints.
import type {
  DataBreakpoint,
  EventBreakpoint,
  ExceptionFilter,
  Goal,
  LaunchOptions,
  LineBreakpoint,
  Output,
  Stop,
} from "../../sim/debugging.ts";
import { type Part, readProgram } from "./fake_program.ts";

export class FakeRun {
  readonly program: string;
  now = 0;
  last = 0;
  current = 1;
  protected readonly names: readonly string[];
  protected readonly parts: readonly Part[];
  private readonly total: number;
  private readonly maxSteps: number;
  private goal: Goal = { kind: "continue" };
  private origin = 0;
  private outputs: Output[] = [];
  protected lines: (LineBreakpoint & { id: number })[] = [];
  protected events: (EventBreakpoint & { id: number })[] = [];
  protected watched: (DataBreakpoint & { id: number })[] = [];
  protected caught: ExceptionFilter[] = [];
  private byHand: { readonly at: number; readonly dataId: string; readonly value: bigint }[] = [];
  protected explanation = "";
  failedExpectation = false;

  constructor(options: LaunchOptions, text: string) {
    this.program = options.program;
    this.maxSteps = options.maxSteps ?? Number.POSITIVE_INFINITY;
    const { parts, names } = readProgram(text);
    this.parts = parts;
    this.names = names;
    this.total = parts.reduce((sum, { length }) => sum + length, 0);
    this.outputs.push({ category: "console", text: `kernel ${options.kernel ?? "linux"}` });
  }

  get finished(): boolean {
    return this.now === this.total;
  }

  start(goal: Goal): void {
    this.goal = goal;
    this.origin = this.now;
  }

  advance(steps: number): Stop | undefined {
    for (let left = steps; left > 0; ) {
      const stop = this.isBackward() ? this.backward() : this.forward();
      if (stop) return stop;
      left -= this.skip(left);
    }
    return undefined;
  }

  pause(): Stop {
    return this.stop("pause", "paused");
  }

  takeOutput(): readonly Output[] {
    return this.outputs.splice(0);
  }

  /** Another future: a field is changed by hand. */
  protected assign(dataId: string, value: bigint): void {
    this.byHand = [...this.byHand.filter(({ at }) => at < this.now), { at: this.now, dataId, value }];
    this.forgetFuture();
  }

  protected forgetFuture(): void {
    if (this.now < this.last)
      this.outputs.push({ category: "console", text: `A new future starts at step ${this.now}.` });
    this.last = this.now;
  }

  protected partAt(done: number): Part | undefined {
    return this.parts.find(({ start, length }) => done >= start && done < start + length);
  }

  private isBackward(): boolean {
    const { kind } = this.goal;
    return (
      kind === "reverse" ||
      kind === "stepBack" ||
      kind === "restart" ||
      (this.goal.kind === "goto" && this.goal.step < this.now)
    );
  }

  /** A stop that is due where the run stands, on its way forward. */
  private forward(): Stop | undefined {
    const moved = this.now > this.origin;
    const done = this.partAt(this.now - 1);
    const data =
      moved && done?.write && this.now === done.start + 1 && this.watched.find((w) => w.dataId === done.write?.dataId);
    if (data) return this.stop("data", `${done?.write?.dataId} was written`, [data.id]);
    const failed =
      moved && done?.expect && this.now === done.start + 1 && this.value(done.expect.dataId) !== done.expect.value;
    this.failedExpectation ||= Boolean(failed);
    if (failed && this.caught.some(({ filter }) => filter === "expectation")) return this.failed(done);
    if (this.finished) return this.end();
    if (this.now >= this.maxSteps) return this.stop("limit", "the limit of steps was reached");
    return this.reachedStatement(moved);
  }

  private failed(part: Part): Stop {
    const message = `${part.text}: it is ${this.value(part.expect?.dataId ?? "")}`;
    const exception = { kind: "expectation", message };
    this.explanation = `BUG: ${message}\n history: …`;
    return { ...this.stop("exception", message), exception };
  }

  private end(): Stop {
    const { verdict } = this.report();
    this.outputs.push({ category: "stdout", text: `${verdict} after ${this.now} steps`, file: this.program, line: 1 });
    return this.stop("end", "the run has ended");
  }

  report() {
    if (this.failedExpectation) return { verdict: "fail" as const };
    return { verdict: this.finished ? ("pass" as const) : ("limit" as const) };
  }

  private reachedStatement(moved: boolean): Stop | undefined {
    const part = this.partAt(this.now);
    if (part?.text === "crash") throw new Error("the simulator is broken");
    const begins = part?.start === this.now;
    if (begins) this.current = part.thread;
    if (moved && begins) {
      const line = this.lines.find((breakpoint) => breakpoint.line === part.line);
      if (line?.logMessage !== undefined)
        this.outputs.push({ category: "console", text: line.logMessage, line: part.line });
      else if (line) return this.stop("breakpoint", `breakpoint at line ${part.line}`, [line.id]);
      const name = part.write && `set_${part.write.dataId.at(-1)}`;
      const event = this.events.find(({ text }) => text === name);
      if (event) return this.stop("event", `${name} in ${this.names[part.thread - 1]}`, [event.id]);
    }
    if (moved && begins && this.goal.kind === "continue" && this.goal.until?.line === part.line)
      return this.stop("goto", this.goal.until.text);
    if (this.goal.kind === "goto" && this.goal.step === this.now) return this.stop("goto", `step ${this.now}`);
    if (this.goal.kind !== "step" || !moved) return undefined;
    return begins || this.goal.how === "in" || this.goal.by === "instruction" ? this.stop("step", "step") : undefined;
  }

  private backward(): Stop | undefined {
    const { goal } = this;
    if (goal.kind === "restart") {
      this.now = this.partAt(this.now)?.start ?? 0;
      return this.stop("restart", "the statement's beginning");
    }
    if (goal.kind === "goto") this.now = goal.step;
    else if (goal.kind === "stepBack" && goal.by === "instruction") this.now = Math.max(0, this.now - 1);
    else this.now = goal.kind === "stepBack" ? (this.partAt(this.now - 1)?.start ?? 0) : 0;
    this.current = this.partAt(this.now)?.thread ?? 1;
    if (goal.kind === "goto") return this.stop("goto", `step ${this.now}`);
    return this.now === 0
      ? this.stop("entry", "the beginning of the recorded history")
      : this.stop("step", "step back");
  }

  private skip(left: number): number {
    const part = this.partAt(this.now);
    const to = Math.min(this.maxSteps, this.goal.kind === "goto" ? this.goal.step : this.total);
    const length =
      part && part.length > 2 ? Math.min(left, part.start + part.length - this.now, Math.max(1, to - this.now)) : 1;
    this.now += length;
    this.last = Math.max(this.last, this.now);
    return length;
  }

  private stop(reason: Stop["reason"], description: string, hit: readonly number[] = []): Stop {
    const past = this.now < this.last ? `: step ${this.now} of ${this.last}, in the past` : "";
    return { reason, description: description + past, thread: this.current, hit };
  }

  protected value(dataId: string): bigint {
    const done = this.parts.filter(({ write, start }) => write?.dataId === dataId && start < this.now);
    const byHand = this.byHand.filter((each) => each.dataId === dataId && each.at <= this.now).at(-1);
    const program = done.at(-1);
    if (byHand && byHand.at > (program?.start ?? -1)) return byHand.value;
    return program?.write?.value ?? 0n;
  }
}
