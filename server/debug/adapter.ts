// The debug adapter: requests in, responses and events out, whatever carries them. It keeps who the client is, the run being
// debugged and the breakpoints; every request is one entry of the handlers' tables.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Output } from "../../sim/debugging.ts";
import { BreakpointBook } from "./breakpoints.ts";
import { type Client, lineOut, readClient } from "./client.ts";
import type { Debuggee } from "./debuggee.ts";
import type { Environment } from "./environment.ts";
import { errorIds, RequestError } from "./errors.ts";
import type { EventBreakpoints } from "./events.ts";
import { Formats } from "./formats.ts";
import { handlers } from "./handlers.ts";
import { argumentsOf, isRecord } from "./read.ts";
import { sourceOut } from "./sources.ts";

/** Whoever carries the messages numbers them. */
export type Outgoing = DebugProtocol.Response | DebugProtocol.Event;

/** Codes of ANSI colours by the category of an output. */
const colors: Partial<Record<Output["category"], number>> = { stderr: 31, important: 33 };

export class Adapter {
  readonly formats = new Formats();
  readonly environment: Environment;
  readonly breakpoints = new BreakpointBook();
  readonly events: EventBreakpoints = { client: [], console: [] };
  client: Client = readClient({});
  state: "new" | "initialized" | "gone" = "new";
  debuggee: Debuggee | undefined;
  private readonly send: (message: Outgoing) => void;
  private readonly onGone: () => void;
  private afterwards: (() => void)[] = [];

  /** `onGone` is called once the client has disconnected and has its answer. */
  constructor(environment: Environment, send: (message: Outgoing) => void, onGone: () => void) {
    this.environment = environment;
    this.send = send;
    this.onGone = onGone;
  }

  /** Takes one message of the client. Never throws; every request gets exactly one response. */
  receive(message: unknown): void {
    if (!isRecord(message) || message["type"] !== "request" || this.state === "gone") return;
    const request = {
      seq: Number.isSafeInteger(message["seq"]) ? message["seq"] : 0,
      command: String(message["command"]),
    };
    this.afterwards = [];
    this.send(this.answer(message["command"], message["arguments"], request as DebugProtocol.Request));
    for (const action of this.afterwards) this.internally(action);
  }

  /** Does something once the response to the present request is out. */
  afterResponse(action: () => void): void {
    this.afterwards.push(action);
  }

  event(name: string, body?: object): void {
    this.send({ seq: 0, type: "event", event: name, ...(body && { body }) });
  }

  output(line: Output): void {
    this.event("output", {
      category: line.category,
      output: `${this.painted(line)}\n`,
      ...(line.file !== undefined && { source: sourceOut(this.environment, line.file) }),
      ...(line.line !== undefined && { line: lineOut(this.client, line.line) }),
    });
  }

  /** Errors and warnings in their colours, for clients that show them. */
  private painted({ text, category }: Output): string {
    const bare = text.replace(/\n$/, "");
    const code = this.client.takesColors ? colors[category] : undefined;
    return code === undefined ? bare : `\u001b[${code}m${bare}\u001b[0m`;
  }

  /** The run, configured or not. */
  launched(): Debuggee {
    if (this.debuggee && this.debuggee.state !== "ended") return this.debuggee;
    throw new RequestError("notNow", this.debuggee ? "the run has ended" : "nothing has been launched");
  }

  /** The run, standing still: only then can it be looked at. */
  stopped(): Debuggee {
    const debuggee = this.launched();
    if (debuggee.state === "stopped") return debuggee;
    throw new RequestError(
      "notNow",
      debuggee.state === "running" ? "the run goes on: pause it first" : "the run has not begun",
    );
  }

  /** The client has gone, with or without a word. */
  leave(): void {
    if (this.state === "gone") return;
    this.debuggee?.dispose();
    this.state = "gone";
    this.onGone();
  }

  private answer(command: unknown, args: unknown, request: DebugProtocol.Request): DebugProtocol.Response {
    const response = { seq: 0, type: "response", request_seq: request.seq, command: request.command };
    try {
      const handler = typeof command === "string" ? handlers.get(command) : undefined;
      if (!handler) throw new RequestError("unknownCommand", `unknown request \`${request.command}\``);
      if (this.state === "new" && command !== "initialize" && command !== "disconnect") {
        throw new RequestError("notNow", "`initialize` comes first");
      }
      const body = handler(this, argumentsOf(args));
      return { ...response, success: true, ...(body && { body }) };
    } catch (error) {
      return { ...response, success: false, ...failure(error) };
    }
  }

  private internally(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.output({ category: "stderr", text: failure(error).message });
    }
  }
}

function failure(error: unknown) {
  const known = error instanceof RequestError ? error : internal(error);
  const message = known.message;
  return { message, body: { error: { id: errorIds[known.kind], format: message, showUser: known.shown === "toast" } } };
}

function internal(error: unknown): RequestError {
  return new RequestError("internal", `internal error: ${error instanceof Error ? error.message : error}`);
}
