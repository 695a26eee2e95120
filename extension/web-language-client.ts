// The editor's end of the language server in a browser: the server is a web worker, and reads files through the workspace.
import type { Disposable, Uri } from "vscode";
import { LanguageClient, type ServerOptions } from "vscode-languageclient/browser";
import { answerReads, clientOptions } from "./language-files.ts";
import { startWebWorker } from "./web-worker.ts";

export function startWebLanguageClient(program: Uri): Disposable {
  const worker = startWebWorker(program) as ServerOptions;
  const client = new LanguageClient("mshare", "mshare Language Server", worker, clientOptions);
  answerReads(client);
  // A failure has been shown by the client itself, with the output channel that says why.
  const started = client.start().catch(() => undefined);
  return { dispose: () => void started.then(() => client.dispose()).catch(() => undefined) };
}
