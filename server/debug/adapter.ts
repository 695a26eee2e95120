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
import { Later, Lookups } from "./lookups.ts";
import { argumentsOf, isRecord } from "./read.ts";
import { sourceOut } from "./sources.ts";

/** Whoever carries the messages numbers them. */
export type Outgoing = DebugProtocol.Response | DebugProtocol.Event;

/** What is answered while an answer is looked for: it ends that, or has nothing to do with the run. */
const URGENT = new Set(["cancel", "pause", "terminate", "restart", "disconnect"]);

/** Codes of ANSI colours by the category of an output. */
const colors: Partial<Record<Output["category"], number>> = { stderr: 31, important: 33 };

export class Adapter {
  readonly formats = new Formats();
  readonly environment: Environment;
  readonly breakpoints = new BreakpointBook();
  readonly events: EventBreakpoints = { client: [], console: [] };
  readonly lookups = new Lookups();
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
    const handle = () => this.handle(message["command"], message["arguments"], request as DebugProtocol.Request);
    if (this.lookups.isBusy && !URGENT.has(request.command)) {
      const cancel = () => this.respond(request as DebugProtocol.Request, cancelled);
      this.lookups.wait({ request: request as DebugProtocol.Request, go: handle, cancel });
    } else handle();
  }

  private handle(command: unknown, args: unknown, request: DebugProtocol.Request): void {
    this.respond(request, () => {
      const handler = typeof command === "string" ? handlers.get(command) : undefined;
      if (!handler) throw new RequestError("unknownCommand", `unknown request \`${request.command}\``);
      if (this.state === "new" && command !== "initialize" && command !== "disconnect") {
        throw new RequestError("notNow", "`initialize` comes first");
      }
      return handler(this, argumentsOf(args));
    });
  }

  /** Sends what `answer` gives, now or when it has been found, then what comes after it. */
  private respond(request: DebugProtocol.Request, answer: () => object | Later | undefined): void {
    this.afterwards = [];
    const { afterwards } = this;
    const result = this.attempt(answer);
    if (result.body instanceof Later) {
      const { later, debuggee } = { later: result.body, debuggee: this.launched() };
      const world = {
        defer: (turn: () => void) => this.environment.defer(turn),
        inSlice: <T>(work: (steps: number) => T, steps?: number) => debuggee.inSlice(work, steps),
        event: (name: string, body: object) => this.event(name, body),
        showsProgress: this.client.showsProgress,
      };
      this.lookups.begin(request, later, world, (body) => this.respond(request, body ?? cancelled));
      return;
    }
    const { body, ...rest } = result;
    this.send({
      seq: 0,
      type: "response",
      request_seq: request.seq,
      command: request.command,
      ...rest,
      ...(body && { body }),
    });
    for (const action of afterwards) this.internally(action);
  }

  private attempt(answer: () => object | Later | undefined) {
    try {
      return { success: true, body: answer() };
    } catch (error) {
      return { success: false, ...failure(error) };
    }
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
    this.lookups.drop();
    this.state = "gone";
    this.onGone();
  }

  private internally(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.output({ category: "stderr", text: failure(error).message });
    }
  }
}

/** What a request that was cancelled comes to. */
function cancelled(): never {
  throw new RequestError("cancelled", "cancelled");
}

function failure(error: unknown) {
  const known = error instanceof RequestError ? error : internal(error);
  const message = known.message;
  return { message, body: { error: { id: errorIds[known.kind], format: message, showUser: known.shown === "toast" } } };
}

function internal(error: unknown): RequestError {
  return new RequestError("internal", `internal error: ${error instanceof Error ? error.message : error}`);
}
