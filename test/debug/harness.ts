// A client and an adapter in one process: requests are answered at once, events are collected and can be waited for.
import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Adapter } from "../../server/debug/adapter.ts";
import type { Engine } from "../../server/debug/environment.ts";
import type { Host } from "../../sim/session.ts";

/** What the tests read of bodies, by request. */
interface Bodies {
  initialize: DebugProtocol.Capabilities;
  threads: DebugProtocol.ThreadsResponse["body"];
  stackTrace: DebugProtocol.StackTraceResponse["body"];
  scopes: DebugProtocol.ScopesResponse["body"];
  variables: DebugProtocol.VariablesResponse["body"];
  setVariable: DebugProtocol.SetVariableResponse["body"];
  setExpression: DebugProtocol.SetExpressionResponse["body"];
  evaluate: DebugProtocol.EvaluateResponse["body"];
  completions: DebugProtocol.CompletionsResponse["body"];
  setBreakpoints: DebugProtocol.SetBreakpointsResponse["body"];
  setFunctionBreakpoints: DebugProtocol.SetFunctionBreakpointsResponse["body"];
  setDataBreakpoints: DebugProtocol.SetDataBreakpointsResponse["body"];
  setExceptionBreakpoints: { breakpoints: DebugProtocol.Breakpoint[] };
  dataBreakpointInfo: DebugProtocol.DataBreakpointInfoResponse["body"];
  breakpointLocations: DebugProtocol.BreakpointLocationsResponse["body"];
  exceptionInfo: Required<DebugProtocol.ExceptionInfoResponse["body"]>;
  loadedSources: DebugProtocol.LoadedSourcesResponse["body"];
  readMemory: NonNullable<DebugProtocol.ReadMemoryResponse["body"]>;
  gotoTargets: DebugProtocol.GotoTargetsResponse["body"];
  stepInTargets: DebugProtocol.StepInTargetsResponse["body"];
  writeMemory: NonNullable<DebugProtocol.WriteMemoryResponse["body"]>;
  disassemble: NonNullable<DebugProtocol.DisassembleResponse["body"]>;
}

interface EventBodies {
  stopped: Required<Pick<DebugProtocol.StoppedEvent["body"], "threadId" | "hitBreakpointIds">> &
    DebugProtocol.StoppedEvent["body"];
  breakpoint: DebugProtocol.BreakpointEvent["body"];
  progressStart: DebugProtocol.ProgressStartEvent["body"];
  invalidated: DebugProtocol.InvalidatedEvent["body"];
  output: DebugProtocol.OutputEvent["body"];
}

type Body<Map, Name> = Name extends keyof Map ? Map[Name] : unknown;

export interface Files {
  readonly [path: string]: string;
}

export class TestClient {
  readonly events: DebugProtocol.Event[] = [];
  readonly responses: DebugProtocol.Response[] = [];
  gone = false;
  readonly adapter: Adapter;
  private seq = 1;
  private taken = 0;

  constructor(engine: Engine, host: Host) {
    const environment = {
      engine,
      host,
      productRoot: "/product",
      absolute: (path: string) => (path.startsWith("/") ? path : `/cwd/${path}`),
      defer: (turn: () => void) => void setImmediate(turn),
    };
    const send = (message: DebugProtocol.ProtocolMessage) => {
      // Through JSON, as over a wire: what cannot be sent fails here.
      const copy = JSON.parse(JSON.stringify(message));
      (copy.type === "event" ? this.events : this.responses).push(copy);
    };
    this.adapter = new Adapter(environment, send as never, () => {
      this.gone = true;
    });
  }

  /** Sends anything; gives the one response that it must bring. */
  raw(message: object): DebugProtocol.Response {
    const before = this.responses.length;
    this.adapter.receive(JSON.parse(JSON.stringify({ seq: this.seq++, type: "request", ...message })));
    assert.equal(this.responses.length, before + 1, `responses to ${JSON.stringify(message)}`);
    return this.responses[before];
  }

  /** The body of a successful response. */
  request<Command extends string>(command: Command, args?: object): Body<Bodies, Command> {
    const response = this.raw({ command, arguments: args });
    assert.ok(response.success, `${command}: ${response.message}`);
    return response.body as Body<Bodies, Command>;
  }

  /** The same, of one whose answer may have to be looked for. */
  async answer<Command extends string>(command: Command, args?: object): Promise<Body<Bodies, Command>> {
    const before = this.responses.length;
    this.adapter.receive(JSON.parse(JSON.stringify({ seq: this.seq++, type: "request", command, arguments: args })));
    while (this.responses.length === before) await turn();
    const response = this.responses[before]!;
    assert.ok(response.success, `${command}: ${response.message}`);
    return response.body as Body<Bodies, Command>;
  }

  /** The message of an error response. */
  refused(command: string, args?: object): string {
    const response = this.raw({ command, arguments: args });
    assert.equal(response.success, false, `${command} should fail`);
    assert.equal(response.body.error.format, response.message);
    return String(response.message);
  }

  /** The next event of that name, after those already taken. */
  async event<Name extends string>(name: Name): Promise<Body<EventBodies, Name>> {
    for (let turns = 0; turns < 10_000; turns++) {
      while (this.taken < this.events.length) {
        const event = this.events[this.taken++];
        if (event.event === name) return event.body as Body<EventBodies, Name>;
      }
      await turn();
    }
    throw new Error(`no event ${name}; last were ${JSON.stringify(this.events.slice(-5))}`);
  }

  output(category?: string): string {
    const wanted = this.events.filter(
      ({ event, body }) => event === "output" && (!category || body.category === category),
    );
    return wanted.map(({ body }) => body.output).join("");
  }

  /** Up to the first stop, or the end. */
  launch(args: object, configure: () => void = () => {}): void {
    this.request("initialize", { adapterID: "mshare", supportsVariableType: true, supportsVariablePaging: true });
    this.request("launch", args);
    configure();
    this.request("configurationDone");
  }

  async move(command: string, args: object = {}): Promise<EventBodies["stopped"]> {
    this.request(command, { threadId: 1, ...args });
    return this.event("stopped");
  }
}

/** Lets everything that waits for the event loop have its turn. */
export function turn(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

export function clientOn(engine: Engine, files: Files): TestClient {
  return new TestClient(engine, { read: (path) => (Object.hasOwn(files, path) ? files[path] : undefined) });
}
