// What a stop says: why the run stands here, in whose name, and that this is the past where it is.
import type { Thread } from "../core/thread.ts";
import type { Stop } from "../debugging.ts";
import { type Hit, hitText } from "./breakpoint.ts";
import { describeEvent } from "./describe.ts";
import type { Loaded } from "./load.ts";
import { titleOf } from "./splat.ts";
import { threadNumber } from "./threads.ts";
import type { FoundTrouble } from "./trouble.ts";

/** What a stop is about: decided where its step was done. */
export interface Why {
  readonly hits: readonly Hit[];
  readonly thread: number;
  readonly exception?: FoundTrouble | undefined;
}

/** What of it is left with these hits only. */
export function partOf<T extends Pick<Why, "hits" | "exception">>(why: T, keep: (hit: Hit) => boolean): T {
  const hits = why.hits.filter(keep);
  return { ...why, hits, exception: why.exception?.hits.some((hit) => hits.includes(hit)) ? why.exception : undefined };
}

export interface Stops {
  /** Number of the thread that stopped last. */
  readonly current: number;
  /** The trouble that the present stop is about. */
  readonly troubled: FoundTrouble | undefined;
  make(reason: Stop["reason"], description: string, stop?: Partial<Stop>): Stop;
  /** In the thread that has done the last step. */
  here(reason: Stop["reason"], text?: string): Stop;
  because(why: Why): Stop;
  /** The same of what comes next: called where it was just done, makes the stop once the machine is before that. */
  before(why: Why): () => Stop;
  /** The number of a thread for debuggers; nobody's step is the present thread's. */
  numberOf(thread: Thread | null): number;
}

/** `stopped` is told of every stop. */
export function createStops({ system, run }: Loaded, stopped: () => void): Stops {
  const { machine } = system;
  let current = 1;
  let troubled: FoundTrouble | undefined;

  const pastText = (): string => (machine.step < run.last ? `: step ${machine.step} of ${run.last}, in the past` : "");

  /** Between two steps nobody runs: then it is who has done the last one. */
  const lastThread = (): Thread | null => {
    const did = [...system.threads, ...system.platform.handlers].filter(({ lastStep }) => lastStep === machine.step);
    return machine.thread ?? did.find(({ call }) => call !== null) ?? did[0] ?? null;
  };

  const told = ({ hits: [first], exception }: Why): { readonly reason: Stop["reason"]; readonly text: string } => {
    if (exception) return { reason: "exception", text: titleOf(exception.message) };
    const event = describeEvent(system);
    return first ? { reason: first.reason, text: hitText(first, event) } : { reason: "step", text: event };
  };

  const stopOf = ({ hits, thread, exception }: Why): Partial<Stop> => ({
    thread: exception?.failure ? threadNumber(exception.failure.thread) : thread,
    hit: hits.flatMap(({ id, reason }) => (reason === "goto" ? [] : [id])),
    ...(exception && { exception }),
  });

  const stops: Stops = {
    get current() {
      return current;
    },
    get troubled() {
      return troubled;
    },
    numberOf: (thread) => (thread === null ? current : threadNumber(thread)),
    make(reason, description, stop = {}) {
      current = stop.thread ?? current;
      troubled = stop.exception as FoundTrouble | undefined;
      stopped();
      return { reason, description: `${description}${pastText()}`, thread: current, hit: [], ...stop };
    },
    here: (reason, text) =>
      machine.step === 0
        ? stops.make(reason, text ?? "before the first step", { thread: 1 })
        : stops.make(reason, text ?? describeEvent(system), { thread: stops.numberOf(lastThread()) }),
    because(why) {
      const { reason, text } = told(why);
      return stops.make(reason, text, stopOf(why));
    },
    before(why) {
      const { reason, text } = told(why);
      return () => stops.make(reason, `before ${text}`, stopOf(why));
    },
  };
  return stops;
}
