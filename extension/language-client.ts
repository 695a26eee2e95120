// The editor's end of the language server: a process of its own that the client starts, watches and restarts.
import type { Disposable, ExtensionContext } from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";

/** Resolves when the server has answered, also when it could not start: the client has told the user by then. */
export async function startLanguageClient(context: ExtensionContext): Promise<Disposable> {
  const module = context.asAbsolutePath("dist/language-server.js");
  const client = new LanguageClient(
    "mshare",
    "mshare Language Server",
    { module, transport: TransportKind.ipc },
    { documentSelector: [{ language: "mshare" }] },
  );
  try {
    await client.start();
  } catch {
    // Reported by the client itself, with the output channel that says why.
  }
  return { dispose: () => void client.dispose() };
}
