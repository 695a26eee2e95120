// The real simulator with the files of the project, for tests in one process.
import { readFileSync, statSync } from "node:fs";
import { exceptionFilters, type Host, openDebugSession } from "../../sim/session.ts";

export const realEngine = { openDebugSession, exceptionFilters };

export function readText(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, "utf8") : undefined;
}

/** Paths as a client of the test harness gives them, which takes `/cwd` for the working folder. */
export const realHost: Host = {
  read: (path) => readText(path.replace(/^\/cwd\//, "")),
  sourceMap: (generated) => readText(`${generated}.map`),
};
