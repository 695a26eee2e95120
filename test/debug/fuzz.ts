// Requests that nobody should send. Deterministic: the seed is the name of the request.
import { handlers } from "../../server/debug/handlers.ts";

type Kind = "text" | "integer" | "count" | "flag" | "list" | "record";

/** What each request needs (`!`) and takes; a value of another kind must be refused. */
const shapes: Record<string, Record<string, Kind | `${Kind}!`>> = {
  initialize: { pathFormat: "text", linesStartAt1: "flag", supportsVariableType: "flag" },
  launch: { program: "text!", kernel: "text", options: "record", fixes: "list", maxSteps: "count", stopOnBug: "flag" },
  attach: {},
  configurationDone: {},
  restart: { arguments: "record" },
  cancel: { requestId: "integer", progressId: "text" },
  terminate: {},
  disconnect: {},
  setBreakpoints: { source: "record!", breakpoints: "list" },
  setFunctionBreakpoints: { breakpoints: "list" },
  setDataBreakpoints: { breakpoints: "list" },
  setInstructionBreakpoints: { breakpoints: "list" },
  setExceptionBreakpoints: { filters: "list", filterOptions: "list" },
  dataBreakpointInfo: {
    ...{ name: "text!", variablesReference: "integer", frameId: "integer" },
    ...{ bytes: "count", asAddress: "flag" },
  },
  breakpointLocations: { source: "record!", line: "integer!", endLine: "integer" },
  continue: { threadId: "integer!" },
  next: { threadId: "integer!", singleThread: "flag", granularity: "text" },
  stepIn: { threadId: "integer!", granularity: "text", targetId: "integer" },
  gotoTargets: { source: "record!", line: "integer!" },
  goto: { threadId: "integer!", targetId: "integer!" },
  stepInTargets: { frameId: "integer!" },
  restartFrame: { frameId: "integer!" },
  stepOut: { threadId: "integer!", granularity: "text" },
  stepBack: { threadId: "integer!", granularity: "text" },
  reverseContinue: { threadId: "integer!" },
  pause: { threadId: "integer!" },
  threads: {},
  stackTrace: { threadId: "integer!", startFrame: "count", levels: "count" },
  scopes: { frameId: "integer!" },
  exceptionInfo: { threadId: "integer!" },
  loadedSources: {},
  variables: { variablesReference: "integer!", start: "count", count: "count" },
  setVariable: { variablesReference: "integer!", name: "text!", value: "text!" },
  setExpression: { expression: "text!", value: "text!", frameId: "integer" },
  evaluate: { expression: "text!", frameId: "integer", context: "text" },
  completions: { text: "text!", column: "integer!", frameId: "integer" },
  readMemory: { memoryReference: "text!", offset: "integer", count: "count!" },
  writeMemory: { memoryReference: "text!", data: "text!", offset: "integer" },
  disassemble: { memoryReference: "text!", instructionCount: "count!", offset: "integer" },
  "mshare/seek": { step: "count!" },
  "mshare/whoWrote": { dataId: "text" },
  "mshare/who": { did: "text", dataId: "text", expression: "text" },
  "mshare/gotoWrite": { dataId: "text" },
  "mshare/runTo": { place: "text!", direction: "text" },
  "mshare/when": { words: "text!" },
  "mshare/labels": {},
  "mshare/events": {},
  "mshare/addressSpaces": {},
  "mshare/tlbs": {},
  "mshare/bugs": {},
  "mshare/messages": {},
  "mshare/format": { base: "text", expression: "text" },
};

export const commands = Object.keys(shapes);

/** Requests that the table above forgot. */
export const forgotten = [...handlers.keys()].filter((command) => !(command in shapes));

const valid: Record<string, unknown> = {
  ...{ program: "/demo.mshare", kernel: "linux", options: {}, fixes: [], maxSteps: 1000, stopOnBug: true },
  ...{ pathFormat: "path", linesStartAt1: true, supportsVariableType: true, progressId: "move 1", requestId: 1 },
  ...{ source: { path: "/demo.mshare" }, line: 1, endLine: 2, breakpoints: [], filters: [], filterOptions: [] },
  ...{ threadId: 1, frameId: 1, variablesReference: 1, startFrame: 0, levels: 1, start: 0, count: 1 },
  ...{ singleThread: true, granularity: "statement", expression: "A.x", name: "x", value: "1", context: "hover" },
  ...{ place: "3", words: "3", direction: "forward", base: "hex" },
  ...{ bytes: 8, asAddress: false, targetId: 1 },
  ...{ text: "mm", column: 1, data: "AAAA", offset: 0, instructionCount: 1, step: 0, dataId: "var:A.x" },
  arguments: { program: "/demo.mshare", stopOnEntry: true },
};

/** Arguments as they should be, with everything that the request takes. */
export function wellFormed(command: string): Record<string, unknown> {
  const all = { ...valid, memoryReference: command === "disassemble" ? "1" : "page:7" };
  const wanted = Object.keys(shapes[command]);
  return Object.fromEntries(Object.entries(all).filter(([key]) => wanted.includes(key)));
}

export interface Fuzzed {
  readonly command: string;
  readonly arguments: unknown;
}

/** A small, well-known generator: the same seed gives the same numbers everywhere. MSHARE_SEED=N draws others. */
export function random(seed: string): (below: number) => number {
  let state = [...seed, process.env["MSHARE_SEED"] ?? ""].reduce(
    (hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193),
    0x811c9dc5,
  );
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const wrongFor: Record<Kind, readonly unknown[]> = {
  text: [0, 1.5, true, [], {}, ["x"]],
  integer: ["1", "", true, [], {}, 0.5, 2 ** 60, -1.25, "0x10"],
  count: ["1", true, [], {}, 0.5, -1, -4096, 2 ** 60],
  flag: ["true", 1, 0, [], {}],
  list: ["all", 7, {}, [1], [null], [[]]],
  record: ["x", 5, true, [], ["a=b"]],
};

/** A request that misses something or has it of a wrong kind. */
export function malformed(command: string, pick: (below: number) => number): Fuzzed {
  const shape = Object.entries(shapes[command]);
  if (shape.length === 0 || pick(6) === 0) return { command, arguments: [[], "args", 7, true, [1]][pick(5)] };
  const args = wellFormed(command);
  const [key, kind] = shape[pick(shape.length)];
  const wrong = wrongFor[kind.replace("!", "") as Kind];
  if (kind.endsWith("!") && pick(3) === 0) delete args[key];
  else args[key] = wrong[pick(wrong.length)];
  return { command, arguments: args };
}

/** Anything that JSON can say, wherever it can be said. */
export function hostile(command: string, pick: (below: number) => number): Fuzzed {
  const keys = [...Object.keys(shapes[command] ?? {}), "__proto__", "constructor", "format", "source", "toString"];
  const entries = Array.from({ length: pick(6) }, () => [keys[pick(keys.length)], anything(pick, 3)]);
  return { command, arguments: pick(8) === 0 ? anything(pick, 3) : Object.fromEntries(entries) };
}

function anything(pick: (below: number) => number, depth: number): unknown {
  const leaves = [
    null,
    true,
    0,
    -1,
    1,
    1e308,
    2 ** 53,
    0.5,
    "",
    "x",
    "__proto__",
    "\u0000",
    "{0}",
    "A.x",
    "page:7",
    "/demo.mshare",
  ];
  const large = [
    "9".repeat(400),
    "(".repeat(5000),
    "🙂".repeat(1000),
    "goto 99999999999999999999",
    "../".repeat(300),
    "0x",
    "%s%n",
  ];
  const which = pick(10);
  if (which < 5) return leaves[pick(leaves.length)];
  if (which < 7) return large[pick(large.length)];
  if (depth === 0) return Number.MIN_SAFE_INTEGER;
  if (which === 7) return Array.from({ length: pick(4) }, () => anything(pick, depth - 1));
  const keys = ["path", "line", "name", "dataId", "filterId", "condition", "hex", "program", "__proto__"];
  return Object.fromEntries(
    Array.from({ length: pick(4) }, () => [keys[pick(keys.length)], anything(pick, depth - 1)]),
  );
}
