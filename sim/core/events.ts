// Events: what a step is called, and with which arguments. Declared once; from the declaration come the functions that
// announce them, breakpoints, counts and traces.

/** What an event does to an object that an argument names. */
export type Does = "makes" | "links" | "unlinks" | "ends";

/** `mm`, `pfn`, … : an argument's name says how it is shown (see sim/inspect). */
export interface EventSpec {
  readonly args: readonly string[];
  readonly doc: string;
  /** By argument. From this come histories of objects and answers to who allocated, linked, freed them. */
  readonly does?: Readonly<Record<string, Does>>;
  /** What people also call it: "TLB flush". */
  readonly aliases?: readonly string[];
  /** What a debugger says when it happens, `{NAME}` for an argument: for events that a design brings. */
  readonly says?: string;
}

export type EventSpecs = Readonly<Record<string, EventSpec>>;

/** Functions that announce events. Each returns the event's number, to be yielded: `yield k.trace.page_fault(mm, address)`. */
export type Trace<E extends EventSpecs> = {
  readonly [N in keyof E]: (a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown) => number;
};

/** All events of one machine, numbered in order of declaration. */
export class EventTable {
  readonly names: string[] = [];
  readonly specs: EventSpec[] = [];
  readonly #ids = new Map<string, number>();

  add(specs: EventSpecs): void {
    for (const [name, spec] of Object.entries(specs)) {
      if (this.#ids.has(name)) throw new Error(`event ${name} is declared twice`);
      this.#ids.set(name, this.names.length);
      this.names.push(name);
      this.specs.push(spec);
    }
  }

  id(name: string): number | undefined {
    return this.#ids.get(name);
  }
}

/** Builds the announcing functions. `args` is where listeners find the arguments until the next event. */
export function makeTrace<E extends EventSpecs>(
  table: EventTable,
  args: unknown[],
  fire: (id: number) => number,
): Trace<E> {
  const trace: Record<string, (...values: unknown[]) => number> = {};
  table.names.forEach((name, id) => {
    trace[name] = (a, b, c, d, e, f) => {
      args[0] = a;
      args[1] = b;
      args[2] = c;
      args[3] = d;
      args[4] = e;
      args[5] = f;
      return fire(id);
    };
  });
  return trace as Trace<E>;
}
