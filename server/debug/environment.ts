// What the adapter needs from outside, so that it runs in Node and inside an editor alike.
import type { DebugSession, Host, LaunchOptions, Refusal } from "../../sim/session.ts";

/** A session that can also say how the run went. */
export type Session = DebugSession & { report(): { readonly verdict: "pass" | "fail" | "limit" } };

/** The part of the simulator's façade that a debug adapter calls. */
export interface Engine {
  openDebugSession(host: Host, options: LaunchOptions): Session | Refusal;
  exceptionFilters(): ReturnType<DebugSession["exceptionFilters"]>;
}

export interface Environment {
  readonly engine: Engine;
  readonly host: Host;
  /** The folder that holds `sim/`, with `/` between its parts: kernel sources are opened below it. */
  readonly productRoot: string;
  /** The path by which everybody knows a file, whatever the working folder. */
  absolute(path: string): string;
  /** The one path of a file that links lead to, where there are links. */
  canonical?(path: string): string;
  /** Calls back after waiting messages were handled: long runs go in slices. */
  defer(turn: () => void): void;
}
