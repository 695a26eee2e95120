// A session over a wire with a real client, and the few things that all tests of one do.
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { builtAdapter } from "./built_adapter.ts";

export type Stopped = DebugProtocol.StoppedEvent["body"];

export class Wire {
  readonly client = new DebugClient(process.execPath, builtAdapter, "mshare");
  able: DebugProtocol.Capabilities = {};
  readonly output: string[] = [];

  // biome-ignore lint/suspicious/noExplicitAny: bodies are of whatever shape the request has; the tests say which
  async ask<T = any>(command: string, args: object = {}): Promise<T> {
    return (await this.client.customRequest(command, args)).body;
  }

  /** The same without waiting for the answer: with the request's number. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  send(command: string, args: object = {}): { readonly seq: number; readonly body: Promise<any> } {
    const { sequence: seq } = this.client as unknown as { sequence: number };
    const body = this.ask(command, args);
    // Whoever sent it looks later.
    body.catch(() => {});
    return { seq, body };
  }

  /** Up to the first stop; `configure` sets breakpoints. */
  async launch(args: object, configure: () => Promise<unknown> = async () => {}): Promise<Stopped> {
    const initialized = this.client.waitForEvent("initialized");
    this.able =
      (
        await this.client.initializeRequest({
          ...{ adapterID: "mshare", pathFormat: "path", linesStartAt1: true, columnsStartAt1: true },
          ...{ supportsVariableType: true, supportsMemoryEvent: true, supportsInvalidatedEvent: true },
          ...{ supportsANSIStyling: true, supportsProgressReporting: true },
        } as DebugProtocol.InitializeRequestArguments)
      ).body ?? {};
    this.client.on("output", ({ body }) => this.output.push(body.output));
    await this.client.launchRequest(args as DebugProtocol.LaunchRequestArguments);
    await initialized;
    await configure();
    return this.stopAfter("configurationDone");
  }

  /** Where the run stops after a request. */
  async stopAfter(command: string, args: object = {}): Promise<Stopped> {
    const stopped = this.client.waitForEvent("stopped");
    await this.ask(command, args);
    return (await stopped).body;
  }

  async frames(threadId = 1): Promise<DebugProtocol.StackFrame[]> {
    return (await this.ask("stackTrace", { threadId })).stackFrames;
  }

  async line(threadId = 1): Promise<number> {
    return (await this.frames(threadId)).at(-1)?.line ?? 0;
  }

  async evaluate(expression: string, context = "watch"): Promise<DebugProtocol.EvaluateResponse["body"]> {
    const [frame] = await this.frames();
    return this.ask("evaluate", { expression, context, frameId: frame?.id });
  }

  async variables(scope: string, threadId = 1): Promise<DebugProtocol.Variable[]> {
    const [frame] = await this.frames(threadId);
    const { scopes } = await this.ask("scopes", { frameId: frame?.id });
    const found = scopes.find(({ name }: DebugProtocol.Scope) => name === scope);
    return (await this.ask("variables", { variablesReference: found.variablesReference })).variables;
  }
}
