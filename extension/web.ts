// What VS Code starts in a browser: the adapter and the language server are web workers there.
import * as vscode from "vscode";
import type { WorkerEvents } from "./debug-adapter.ts";
import { activateParts } from "./parts.ts";
import { startWebLanguageClient } from "./web-language-client.ts";
import { startWebWorker } from "./web-worker.ts";

export function activate(context: vscode.ExtensionContext): void {
  const program = (name: string) => vscode.Uri.joinPath(context.extensionUri, `dist/${name}.js`);
  activateParts(context, {
    adapter: {
      executable: undefined,
      kernel: program("adapter-web"),
      startWorker: (events) => startAdapter(program("adapter-web"), events),
    },
    runInTerminal: undefined,
    startLanguageClient: () => startWebLanguageClient(program("language-server-web")),
  });
}

function startAdapter(program: vscode.Uri, events: WorkerEvents) {
  const worker = startWebWorker(program);
  worker.onmessage = ({ data }) => events.message(data as Parameters<WorkerEvents["message"]>[0]);
  worker.onerror = ({ message }) => events.failed(message ?? "it does not start");
  return { post: (message: unknown) => worker.postMessage(message), end: () => worker.terminate() };
}
