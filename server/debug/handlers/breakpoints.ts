// Breakpoints of all kinds. Each request replaces the set of its kind; answers keep its order.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type {
  BreakpointOptions,
  BreakpointStatus,
  DataBreakpoint,
  DebugSession,
  ExceptionFilter,
} from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import type { KeptStatus } from "../breakpoints.ts";
import { lineIn, lineOut } from "../client.ts";
import { RequestError } from "../errors.ts";
import { eventOf, setClientEvents } from "../events.ts";
import type { Handlers } from "../handlers.ts";
import {
  type Arguments,
  integer,
  optionalCount,
  optionalFlag,
  optionalInteger,
  optionalText,
  optionalWord,
  record,
  records,
  stepReference,
  text,
  texts,
} from "../read.ts";
import { fileIn, sourceOut } from "../sources.ts";

export const breakpointHandlers: Handlers = {
  setBreakpoints(adapter, args) {
    const { session } = adapter.launched();
    const file = fileIn(adapter.environment, record(args, "source"), session.sources());
    const wanted = records(args, "breakpoints").map((item) => ({
      line: lineIn(adapter.client, integer(item, "line")),
      logMessage: optionalText(item, "logMessage") || undefined,
      ...options(item),
    }));
    const set = (to: DebugSession) => to.setLineBreakpoints(file, wanted);
    // By the path that the client has: it may lead to the file over links.
    const source = { ...sourceOut(adapter.environment, file), path: text(record(args, "source"), "path") };
    const statuses = adapter.breakpoints.replace(`lines ${file}`, session, set);
    return { breakpoints: statuses.map((status) => ({ ...statusOut(adapter, status), source })) };
  },

  setFunctionBreakpoints(adapter, args) {
    adapter.launched();
    const wanted = records(args, "breakpoints").map((item) => eventOf(text(item, "name"), options(item)));
    return answer(adapter, setClientEvents(adapter, wanted));
  },

  setDataBreakpoints(adapter, args) {
    const { session } = adapter.launched();
    const wanted = records(args, "breakpoints").map((item) => ({
      dataId: text(item, "dataId"),
      access: optionalWord(item, "accessType", ["read", "write", "readWrite"]),
      ...options(item),
    }));
    return answer(
      adapter,
      adapter.breakpoints.replace("data", session, (to) => setData(to, wanted)),
    );
  },

  /** The disassembly view's breakpoints: an "instruction" is a step, its address the step's number. */
  setInstructionBreakpoints(adapter, args) {
    const { session } = adapter.launched();
    const wanted = records(args, "breakpoints").map((item) => ({
      step: stepReference(item, "instructionReference") + (optionalInteger(item, "offset") ?? 0),
      ...options(item),
    }));
    const statuses = adapter.breakpoints.replace("steps", session, (to) => to.setStepBreakpoints(wanted));
    const placed = statuses.map((status, i) => ({
      ...statusOut(adapter, status),
      instructionReference: String(wanted[i]?.step),
    }));
    return { breakpoints: placed };
  },

  setExceptionBreakpoints(adapter, args) {
    const debuggee = adapter.launched();
    const plain = texts(args, "filters").map((filter) => ({ filter }));
    const conditional = records(args, "filterOptions").map((item) => ({
      filter: text(item, "filterId"),
      condition: optionalText(item, "condition") || undefined,
      when: optionalText(item, "mode") || undefined,
    }));
    const wanted = [...plain, ...conditional];
    return answer(
      adapter,
      adapter.breakpoints.replace("exceptions", debuggee.session, (to) => setFilters(adapter, to, wanted)),
    );
  },

  dataBreakpointInfo(adapter, args) {
    const debuggee = adapter.stopped();
    const name = text(args, "name");
    const reference = optionalInteger(args, "variablesReference");
    const frame = optionalInteger(args, "frameId");
    const thread = frame === undefined ? debuggee.session.current : debuggee.threadOfFrame(frame);
    const bytes = optionalCount(args, "bytes", 1);
    if (optionalFlag(args, "asAddress")) return bytesAt(debuggee.session, name, thread, bytes ?? 8);
    const node = reference ? debuggee.values.child(reference, name) : debuggee.session.evaluate(name, thread);
    if ("error" in node) return { dataId: null, description: node.error };
    if (bytes !== undefined && node.memory !== undefined) return bytesInfo(node.memory, bytes, node.expression ?? name);
    if (node.variable !== undefined)
      return { dataId: null, description: `${name} is a variable of the scenario: only its statements set it` };
    if (node.dataId === undefined) return { dataId: null, description: `${name} is not a field of a simulated object` };
    const description = node.expression ?? debuggee.session.called(node.dataId);
    return { dataId: node.dataId, description, accessTypes: ["write"], canPersist: true };
  },

  breakpointLocations(adapter, args) {
    const { session } = adapter.launched();
    const file = fileIn(adapter.environment, record(args, "source"), session.sources());
    const from = lineIn(adapter.client, integer(args, "line"));
    const endLine = optionalInteger(args, "endLine");
    const to = endLine === undefined ? from : lineIn(adapter.client, endLine);
    const lines = session.breakableLines(file, from, to);
    return { breakpoints: lines.map((line) => ({ line: lineOut(adapter.client, line) })) };
  },
};

const MOST_BYTES = 4096;

/** What a process reads at an address: a number or an expression that gives one. */
function bytesAt(session: DebugSession, name: string, thread: number, bytes: number): object {
  const node = session.hover(name, thread);
  if ("error" in node) return { dataId: null, description: node.error };
  if (node.memory === undefined) return { dataId: null, description: `${name} is no address of this process` };
  return bytesInfo(node.memory, bytes, name);
}

function bytesInfo(memory: string, bytes: number, name: string): object {
  if (bytes > MOST_BYTES) return { dataId: null, description: `at most ${MOST_BYTES} bytes can be watched` };
  const description = `${bytes} bytes at ${name}`;
  return { dataId: `bytes:${memory}:${bytes}`, description, accessTypes: ["write"], canPersist: true };
}

export function statusOut(adapter: Adapter, status: KeptStatus): DebugProtocol.Breakpoint {
  return {
    id: status.id,
    verified: status.verified,
    ...(status.line !== undefined && { line: lineOut(adapter.client, status.line) }),
    ...(status.message !== undefined && { message: status.message }),
    ...(!status.verified && { reason: "failed" as const }),
  };
}

/** For clients that know no exception filters. */
export function setDefaultFilters(adapter: Adapter): void {
  const { session } = adapter.launched();
  const wanted = session.exceptionFilters().filter((filter) => filter.default);
  adapter.breakpoints.replace("exceptions", session, (to) => setFilters(adapter, to, wanted));
}

function options(item: Arguments): BreakpointOptions {
  return {
    condition: optionalText(item, "condition") || undefined,
    hitCondition: optionalText(item, "hitCondition") || undefined,
    when: optionalText(item, "mode") || undefined,
  };
}

function answer(adapter: Adapter, statuses: readonly KeptStatus[]): object {
  return { breakpoints: statuses.map((status) => statusOut(adapter, status)) };
}

/** `stopOnBug: false` leaves the other filters, failed expectations and signals, as they are. */
function setFilters(
  adapter: Adapter,
  session: DebugSession,
  wanted: readonly ExceptionFilter[],
): readonly BreakpointStatus[] {
  const { launch } = adapter.launched();
  const off = ({ filter }: ExceptionFilter) => launch.noDebug || (!launch.stopOnBug && isBug(filter));
  const set = (kept: readonly ExceptionFilter[]) => session.setExceptionFilters(kept);
  return setSome(wanted, off, "the launch configuration switches this off (stopOnBug)", set);
}

function isBug(filter: string): boolean {
  return filter !== "expectation" && filter !== "signal";
}

type WantedData = DataBreakpoint & { readonly access?: string };

function setData(session: DebugSession, wanted: readonly WantedData[]): readonly BreakpointStatus[] {
  const reads = ({ access }: WantedData) => access === "read" || access === "readWrite";
  return setSome(wanted, reads, "only writes can be watched", (kept) => session.setDataBreakpoints(kept));
}

/** Sets those that can be and answers for all, in order. What cannot be set has an id that no stop ever names. */
function setSome<T>(
  wanted: readonly T[],
  impossible: (item: T) => boolean,
  message: string,
  set: (possible: readonly T[]) => readonly BreakpointStatus[],
): readonly BreakpointStatus[] {
  const statuses = set(wanted.filter((item) => !impossible(item)))[Symbol.iterator]();
  return wanted.map((item) => {
    if (impossible(item)) return { id: -1, verified: false, message };
    const { value } = statuses.next();
    if (!value) throw new RequestError("internal", "the session answered for fewer breakpoints than it was given");
    return value;
  });
}
