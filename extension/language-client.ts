// The editor's end of the language server: a process of its own that the client starts, watches and restarts.
import type { Disposable, ExtensionContext } from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";

/** Starts the server without waiting for it: debugging works before it answers, and where it cannot start at all. */
export function startLanguageClient(context: ExtensionContext): Disposable {
  const module = context.asAbsolutePath("dist/language-server.js");
  const client = new LanguageClient(
    "mshare",
    "mshare Language Server",
    { module, transport: TransportKind.ipc },
    {
      documentSelector: [{ language: "mshare" }],
      // The client asks for diagnostics; without this only when a file is opened.
      diagnosticPullOptions: { onChange: true, onSave: true },
    },
  );
  // A failure has been shown by the client itself, with the output channel that says why.
  const started = client.start().catch(() => undefined);
  return { dispose: () => void started.then(() => client.dispose()) };
}
