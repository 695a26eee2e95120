// What VS Code starts where there are processes: on the desktop, and on a remote machine or in a container.
import { Worker } from "node:worker_threads";
import * as vscode from "vscode";
import type { WorkerEvents } from "./debug-adapter.ts";
import { startLanguageClient } from "./language-client.ts";
import { activateParts } from "./parts.ts";
import { runInTerminal } from "./run-in-terminal.ts";
import { asNode, codeCache } from "./runtime.ts";
import { registerTasks } from "./tasks.ts";

export function activate(context: vscode.ExtensionContext): void {
  const program = (name: string) => context.asAbsolutePath(`dist/${name}.js`);
  const env = { ...asNode, ...codeCache(context) };
  context.subscriptions.push(registerTasks(program("mshare")));
  activateParts(context, {
    adapter: {
      executable: new vscode.DebugAdapterExecutable(process.execPath, [program("adapter")], { env }),
      kernel: vscode.Uri.file(program("engine")),
      startWorker: (events) => startThread(program("adapter-thread"), env, events),
    },
    runInTerminal: (command, scenario) => runInTerminal(program("mshare"), command, scenario),
    startLanguageClient: () => startLanguageClient(program("language-server"), env),
  });
}

function startThread(module: string, env: Readonly<Record<string, string>>, events: WorkerEvents) {
  const worker = new Worker(module, { stdin: false, env: { ...process.env, ...env } });
  worker.on("message", events.message).on("error", (problem) => events.failed(String(problem)));
  return { post: (message: unknown) => worker.postMessage(message), end: () => void worker.terminate() };
}
