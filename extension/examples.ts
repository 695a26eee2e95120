// The examples that come with the extension, opened as documents that are read only: copies are made with *Save As*.
import * as vscode from "vscode";

const scheme = "mshare-example";

export function registerExamples(context: vscode.ExtensionContext): vscode.Disposable {
  const folder = vscode.Uri.joinPath(context.extensionUri, "examples");
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      provideTextDocumentContent: ({ path }) => read(vscode.Uri.joinPath(folder, path)),
    }),
    vscode.commands.registerCommand("mshare.openExample", async (name?: string) => {
      const chosen = name ?? (await choose(vscode.Uri.joinPath(context.extensionUri, "dist/examples.json")));
      if (chosen) await open(chosen);
    }),
  );
}

async function open(name: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme, path: `/${name}` }));
  await vscode.window.showTextDocument(document, { preview: false });
}

/** The build has made the list: a folder on a web server cannot be asked what it holds. */
async function choose(list: vscode.Uri): Promise<string | undefined> {
  const examples: { name: string; title: string }[] = JSON.parse(await read(list));
  const items = examples.map(({ name, title }) => ({ label: name, detail: title }));
  const chosen = await vscode.window.showQuickPick(items, { title: "Open an Example" });
  return chosen?.label;
}

async function read(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}
