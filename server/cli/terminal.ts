// What the command line needs from where it runs.
import type { Host } from "../../sim/session.ts";
import type { Native } from "./native.ts";

export interface Terminal extends Host {
  out(text: string): void;
  error(text: string): void;
  /** Standard output is a terminal and NO_COLOR is not set. */
  readonly colors: boolean;
  /** Standard error is a terminal: long work may say how far it is. */
  readonly progress: boolean;
  /** SIGINT has come. */
  interrupted(): boolean;
  /** Lets signals in. */
  breathe(): Promise<void>;
  /** Writes a file; gives why that cannot be done. */
  write(path: string, text: string): string | undefined;
  /** Starts a server that is built beside this program; false where it is missing. */
  server(name: "adapter" | "language-server", args: readonly string[]): boolean;
  readonly version: string;
  /** Compiles and runs programs; absent where that cannot be. */
  readonly native?: Native;
}

/** Exit statuses, see docs/command-line.md. */
export const STATUS = { ok: 0, failed: 1, refused: 2, limit: 3, interrupted: 130 } as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];
