// A scenario's name in launch configurations and in the debug adapter: the path of a file on disk, the URI of everything else.
import * as vscode from "vscode";

export function pathOf(uri: vscode.Uri): string {
  return uri.scheme === "file" ? uri.fsPath : uri.toString();
}

export function uriOf(path: string): vscode.Uri {
  return isUri(path) ? vscode.Uri.parse(path, true) : vscode.Uri.file(path);
}

/** `${file}` in a virtual workspace is a path without the workspace's scheme. */
export function programIn(folder: vscode.WorkspaceFolder | undefined, program: string): string {
  if (!folder || folder.uri.scheme === "file" || isUri(program) || !program.startsWith("/")) return program;
  return folder.uri.with({ path: program }).toString();
}

/** A scheme has at least two letters: `C:\` is a drive. */
function isUri(path: string): boolean {
  return /^[A-Za-z][\w+.-]+:/.test(path);
}
