// The editor's end of the language server: a process of its own that the client starts, watches and restarts.
import type { Disposable } from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";
import { answerReads, clientOptions } from "./language-files.ts";

/** Starts the server without waiting for it: debugging works before it answers, and where it cannot start at all. */
export function startLanguageClient(module: string, env: Readonly<Record<string, string>>): Disposable {
  const server = { module, transport: TransportKind.ipc, options: { env } };
  const client = new LanguageClient("mshare", "mshare Language Server", server, clientOptions);
  answerReads(client);
  // A failure has been shown by the client itself, with the output channel that says why.
  const started = client.start().catch(() => undefined);
  return { dispose: () => void started.then(() => client.dispose()).catch(() => undefined) };
}
