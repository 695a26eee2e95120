// How a debug session gets its adapter. A scenario on disk gets a process of its own, where there are processes. Everything
// else, and every scenario in the web version, gets a worker, which reads through the workspace.
import * as vscode from "vscode";
import type { FromWorker, ToWorker } from "../server/debug/messages.ts";
import { pathOf, uriOf } from "./scenario-uri.ts";

/** A worker that runs the adapter: a web worker, or a thread. */
export interface AdapterWorker {
  post(message: ToWorker): void;
  end(): void;
}

export interface WorkerEvents {
  message(message: FromWorker): void;
  /** It cannot start, or has died. */
  failed(problem: string): void;
}

export interface AdapterPlatform {
  /** The adapter as a program, for files on disk; undefined where nothing can be started. */
  readonly executable: vscode.DebugAdapterExecutable | undefined;
  /** The file in which the kernel's functions are, where a worker runs it; a source map lies beside it. */
  readonly kernel: vscode.Uri;
  startWorker(events: WorkerEvents): AdapterWorker;
}

export function registerDebugAdapter(context: vscode.ExtensionContext, platform: AdapterPlatform): vscode.Disposable {
  return vscode.debug.registerDebugAdapterDescriptorFactory("mshare", {
    createDebugAdapterDescriptor({ configuration }) {
      const onDisk = uriOf(String(configuration.program)).scheme === "file";
      if (onDisk && platform.executable) return platform.executable;
      return new vscode.DebugAdapterInlineImplementation(new WorkerAdapter(context, platform));
    },
  });
}

class WorkerAdapter implements vscode.DebugAdapter {
  private readonly sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  private readonly worker: AdapterWorker;
  private readonly started: Promise<void>;
  readonly onDidSendMessage = this.sent.event;

  constructor(context: vscode.ExtensionContext, platform: AdapterPlatform) {
    this.worker = platform.startWorker({
      message: (message) => {
        if (message.kind === "message") this.sent.fire(message.message as vscode.DebugProtocolMessage);
        else void this.answer(message.path);
      },
      failed: (problem) => this.fail(problem),
    });
    this.started = this.start(pathOf(context.extensionUri), platform.kernel);
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    void this.started.then(() => this.worker.post({ kind: "message", message }));
  }

  dispose(): void {
    this.worker.end();
  }

  /** Call stacks through the kernel need the source map, and the worker cannot read. */
  private async start(productRoot: string, kernel: vscode.Uri): Promise<void> {
    const text = await readText(kernel.with({ path: `${kernel.path}.map` }));
    const of = kernel.path.split("/").at(-1) ?? "";
    this.worker.post({ kind: "start", productRoot, sourceMap: text === undefined ? undefined : { of, text } });
  }

  private async answer(path: string): Promise<void> {
    this.worker.post({ kind: "file", path, text: await readText(uriOf(path)) });
  }

  private fail(problem: string): void {
    const output = `the debug adapter has failed: ${problem}\n`;
    this.event("output", { category: "stderr", output });
    this.event("terminated");
  }

  private event(event: string, body?: object): void {
    this.sent.fire({ seq: 0, type: "event", event, body } as vscode.DebugProtocolMessage);
  }
}

/** A file as the editor shows it, be it saved or not; undefined where there is none. */
async function readText(uri: vscode.Uri): Promise<string | undefined> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open) return open.getText();
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return undefined;
  }
}
