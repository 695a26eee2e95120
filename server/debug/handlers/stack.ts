// Threads, their stacks, and what can be seen from a frame.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Frame, ThreadInfo } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import { columnOut, lineOut } from "../client.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import type { Handlers } from "../handlers.ts";
import { Later } from "../lookups.ts";
import { integer, optionalCount } from "../read.ts";
import { sourceOut } from "../sources.ts";
import { thread } from "./moves.ts";

export const stackHandlers: Handlers = {
  threads(adapter) {
    const { session } = adapter.launched();
    return { threads: session.threads().map(threadOut) };
  },

  stackTrace(adapter, args) {
    const debuggee = adapter.stopped();
    const id = thread(debuggee, args);
    const start = optionalCount(args, "startFrame") ?? 0;
    const wantedLevels = optionalCount(args, "levels");
    return Later.from(debuggee.session.stack(id), (frames) => {
      const levels = wantedLevels || frames.length;
      const wanted = frames.slice(start, start + levels);
      const stackFrames = wanted.map((frame, index) => frameOut(adapter, debuggee, id, frame, start + index));
      return { stackFrames, totalFrames: frames.length };
    });
  },

  scopes(adapter, args) {
    const debuggee = adapter.stopped();
    const scopes = debuggee.session.scopes(debuggee.threadOfFrame(integer(args, "frameId")));
    return {
      scopes: scopes.map(({ name, expensive, node }) => ({
        name,
        variablesReference: debuggee.values.reference(node, name),
        expensive,
        ...(node.count !== undefined && { indexedVariables: node.count }),
      })),
    };
  },

  exceptionInfo(adapter, args) {
    const debuggee = adapter.stopped();
    const id = thread(debuggee, args);
    if (debuggee.exception?.thread !== id) throw new RequestError("notNow", `thread ${id} did not stop at a report`);
    const { kind, message } = debuggee.exception.report;
    return Later.from(debuggee.session.explain(), (details) => ({
      exceptionId: kind,
      description: message,
      breakMode: "always",
      details: { typeName: kind, message, stackTrace: details },
    }));
  },

  loadedSources(adapter) {
    const { session } = adapter.launched();
    return { sources: session.sources().map((file) => sourceOut(adapter.environment, file)) };
  },
};

/** Running and idle threads are as one expects; the others say what they are. */
function threadOut({ id, name, state }: ThreadInfo): DebugProtocol.Thread {
  return { id, name: state === "waiting" || state === "finished" ? `${name} (${state})` : name };
}

function frameOut(
  adapter: Adapter,
  debuggee: Debuggee,
  thread: number,
  frame: Frame,
  depth: number,
): DebugProtocol.StackFrame {
  const { session } = debuggee;
  return {
    id: debuggee.frame(thread, depth),
    name: frame.name,
    source: sourceOut(adapter.environment, frame.file),
    line: lineOut(adapter.client, frame.line),
    column: columnOut(adapter.client, frame.column),
    // The disassembly view shows kernel steps, and the last one done is where the stopped thread is.
    ...(depth === 0 && thread === session.current && { instructionPointerReference: String(session.now) }),
  };
}
