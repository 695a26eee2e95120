// One run being debugged: moves it in slices, so that requests are answered meanwhile, and tells the client where it stopped.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { ExceptionReport, Goal, LineCount, Output, Stop, Until } from "../../sim/debugging.ts";
import type { Session } from "./environment.ts";
import { RequestError } from "./errors.ts";
import type { Launch } from "./launch.ts";
import { MemoryViews } from "./memory_views.ts";
import { ValueTable } from "./values.ts";

/** Steps between two looks at the message queue: as many as take some tens of milliseconds, as breakpoints can make steps dear. */
const FIRST_SLICE = 10_000;
const SHORTEST_SLICE = 100;
const SLICE_MS = { short: 10, long: 50 };
/** Slices after which the editor shows that something is going on. */
const SLICES_UNTIL_PROGRESS = 40;

/** What a run tells, put into the client's terms by the adapter. */
export interface Listener {
  defer(turn: () => void): void;
  event(name: string, body?: object): void;
  output(line: Output): void;
  /** Lines that were begun more than once, or, at the end, never. */
  lineCounts(lines: readonly LineCount[], when: "so far" | "at the end"): void;
  clientIds(hit: readonly number[]): number[];
  readonly showsProgress: boolean;
  readonly takesMemoryEvents: boolean;
  readonly wantsBriefStops: boolean;
}

interface FramePlace {
  readonly thread: number;
  /** 0 is the innermost. */
  readonly depth: number;
}

type State = "configuring" | "running" | "stopped" | "ended";

const reasons: Record<Exclude<Stop["reason"], "end" | "limit">, DebugProtocol.StoppedEvent["body"]["reason"]> = {
  entry: "entry",
  step: "step",
  breakpoint: "breakpoint",
  event: "function breakpoint",
  data: "data breakpoint",
  exception: "exception",
  pause: "pause",
  goto: "goto",
  restart: "restart",
};

export class Debuggee {
  readonly session: Session;
  readonly launch: Launch;
  readonly values = new ValueTable();
  readonly memory = new MemoryViews();
  state: State = "configuring";
  exception: { readonly thread: number; readonly report: ExceptionReport } | undefined;
  private readonly listener: Listener;
  /** Which move is under way; slices of an older one do nothing. */
  private move = 0;
  private slice = FIRST_SLICE;
  private progress: string | undefined;
  private frames: FramePlace[] = [];
  /** Lines that `gotoTargets` has offered since the last move. */
  private readonly jumps = new Map<number, Omit<Until, "onTheWay">>();
  private firstFrame = 1;

  constructor(session: Session, launch: Launch, listener: Listener) {
    this.session = session;
    this.launch = launch;
    this.listener = listener;
  }

  /** The end of configuration: runs, or stops before the first step. */
  begin(): void {
    if (this.launch.stopOnEntry && !this.launch.noDebug) {
      this.arrive({ reason: "entry", description: "before the first step", thread: this.session.current, hit: [] });
    } else {
      this.resume({ kind: "continue" });
    }
  }

  resume(goal: Goal): void {
    this.session.start(goal);
    this.leave();
    this.state = "running";
    this.slices(++this.move, goal, 0);
  }

  /** Stops where the run is. */
  pause(): void {
    if (this.state !== "running") return;
    this.move++;
    this.guarded(() => this.arrive(this.session.pause()));
  }

  /** Ends for good, whatever goes on. */
  dispose(): void {
    this.move++;
    this.endProgress();
    this.state = "ended";
    this.values.clear();
  }

  /** A number for a stack frame of the present stop. */
  frame(thread: number, depth: number): number {
    return this.firstFrame + this.frames.push({ thread, depth }) - 1;
  }

  threadOfFrame(id: number): number {
    return this.placeOfFrame(id).thread;
  }

  offerJumps(file: string, line: number, text: string): void {
    this.jumps.set(line, { file, line, text });
  }

  jump(line: number): Omit<Until, "onTheWay"> {
    const jump = this.jumps.get(line);
    if (jump) return jump;
    throw new RequestError("notNow", `line ${line} is no target that was offered at this stop`);
  }

  placeOfFrame(id: number): FramePlace {
    const frame = this.frames[id - this.firstFrame];
    if (frame) return frame;
    throw new RequestError("notNow", `stack frame ${id} is of an earlier stop, or of none`);
  }

  /** Does work of so many steps, as a rule as many as take some tens of milliseconds. A fault of the simulator ends the run. */
  inSlice<T>(work: (steps: number) => T, steps = this.slice): T {
    const begun = Date.now();
    try {
      return work(steps);
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      this.adapt(Date.now() - begun);
    }
  }

  isProgress(id: string): boolean {
    return this.progress === id;
  }

  /** Sends what the session has to say. */
  flush(): void {
    for (const line of this.session.takeOutput()) this.listener.output(line);
  }

  tellTime(): void {
    const { now, last } = this.session;
    this.listener.event("mshare/time", { step: now, last, past: now < last });
  }

  private tellLines(when: "so far" | "at the end"): void {
    const isNews = ({ times }: LineCount) => times > 1 || (times === 0 && when === "at the end");
    this.listener.lineCounts(this.session.lineCounts().filter(isNews), when);
  }

  private slices(move: number, goal: Goal, done: number): void {
    this.listener.defer(() => {
      if (move !== this.move) return;
      if (done === SLICES_UNTIL_PROGRESS) this.startProgress(goal);
      this.guarded(() => {
        const stop = this.inSlice((steps) => this.session.advance(steps));
        if (stop) this.arrive(stop);
        else {
          this.flush();
          this.slices(move, goal, done + 1);
        }
      });
    });
  }

  private adapt(milliseconds: number): void {
    if (milliseconds > SLICE_MS.long) this.slice = Math.max(SHORTEST_SLICE, Math.floor(this.slice / 2));
    else if (milliseconds < SLICE_MS.short) this.slice = Math.min(FIRST_SLICE, this.slice * 2);
  }

  /** A fault of the simulator ends the run, not the adapter. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (this.state === "ended") return;
    this.dispose();
    const text = `internal error, the run cannot go on: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
    this.listener.output({ category: "stderr", text });
    this.listener.event("exited", { exitCode: 70 });
    this.listener.event("terminated");
  }

  private arrive(stop: Stop): void {
    this.flush();
    this.endProgress();
    if (stop.reason === "end" || stop.reason === "limit") this.finish(stop);
    else this.stop(stop, reasons[stop.reason]);
  }

  private stop(stop: Stop, reason: string): void {
    this.state = "stopped";
    this.exception = stop.exception && { thread: stop.thread, report: stop.exception };
    const brief = this.listener.wantsBriefStops;
    this.listener.event("stopped", {
      reason,
      description: brief ? (stop.exception?.kind ?? stop.description.split(": ", 1)[0]) : stop.description,
      threadId: stop.thread,
      allThreadsStopped: true,
      hitBreakpointIds: this.listener.clientIds(stop.hit),
      ...((stop.exception || brief) && { text: stop.exception?.message ?? stop.description }),
    });
    this.tellLines("so far");
    this.tellTime();
    if (this.listener.takesMemoryEvents)
      for (const change of this.memory.changes(this.session)) this.listener.event("memory", change);
  }

  private finish({ reason, description }: Stop): void {
    if (reason === "limit") this.listener.output({ category: "important", text: description });
    this.tellLines(reason === "end" ? "at the end" : "so far");
    this.tellTime();
    this.dispose();
    this.listener.event("exited", { exitCode: exitCodes[this.session.report().verdict] });
    this.listener.event("terminated");
  }

  private leave(): void {
    this.values.clear();
    this.firstFrame += this.frames.length;
    this.frames = [];
    this.jumps.clear();
    this.exception = undefined;
  }

  private startProgress(goal: Goal): void {
    if (!this.listener.showsProgress || goal.kind === "continue") return;
    this.progress = `move ${this.move}`;
    const title = goal.kind === "step" ? "Stepping" : "Replaying";
    this.listener.event("progressStart", { progressId: this.progress, title, cancellable: true });
  }

  private endProgress(): void {
    if (this.progress !== undefined) this.listener.event("progressEnd", { progressId: this.progress });
    this.progress = undefined;
  }
}

/** As the command line's exit status. */
const exitCodes = { pass: 0, fail: 1, limit: 3 };
