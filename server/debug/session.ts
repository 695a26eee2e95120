// Carries the adapter over a stream, or inside an editor (`vscode.DebugAdapterInlineImplementation` takes one of these).
import { DebugSession } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Adapter } from "./adapter.ts";
import type { Environment } from "./environment.ts";

/** Frames and numbers messages. Of the base class only that is used: its own answers to requests and its way to end a process are not. */
export class MshareDebugSession extends DebugSession {
  private readonly adapter: Adapter;

  /** `onGone` is called when the client has disconnected or its stream has ended. */
  constructor(environment: Environment, onGone: () => void) {
    super();
    this.adapter = new Adapter(
      environment,
      (message) => {
        if (message.type === "event") this.sendEvent(message as DebugProtocol.Event);
        else this.sendResponse(message as DebugProtocol.Response);
      },
      onGone,
    );
    // The base takes a message that is no JSON for the end of the connection. Only a broken stream is.
    this.removeAllListeners("error");
    this.on("error", (event: DebugProtocol.Event) => {
      if (!String(event.body).startsWith("Error handling data")) this.shutdown();
    });
  }

  override shutdown(): void {
    this.adapter.leave();
  }

  override dispose(): void {
    this.adapter.leave();
  }

  override handleMessage(message: DebugProtocol.ProtocolMessage): void {
    this.adapter.receive(message);
  }
}
