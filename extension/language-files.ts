// What the language server is told, and its reading of files that it cannot reach itself: through the workspace.
import * as vscode from "vscode";
import type { BaseLanguageClient, LanguageClientOptions } from "vscode-languageclient";

export const clientOptions: LanguageClientOptions = {
  documentSelector: [{ language: "mshare" }],
  initializationOptions: { readsFiles: true },
  // The client asks for diagnostics; without this only when a file is opened.
  diagnosticPullOptions: { onChange: true, onSave: true },
};

/** The server's request `mshare/readFile`: `{ uri }`, answered by `{ text }`, null where there is no such file. */
export function answerReads(client: BaseLanguageClient): void {
  client.onRequest("mshare/readFile", async ({ uri }: { readonly uri: string }) => {
    try {
      return { text: new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.parse(uri, true))) };
    } catch {
      return null;
    }
  });
}
