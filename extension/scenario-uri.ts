// A scenario's name in launch configurations and in the debug adapter: the path of a file on disk, the URI of everything else.
import * as vscode from "vscode";

export function pathOf(uri: vscode.Uri): string {
  return uri.scheme === "file" ? uri.fsPath : uri.toString();
}

export function uriOf(path: string): vscode.Uri {
  return isUri(path) ? vscode.Uri.parse(path, true) : vscode.Uri.file(path);
}

/**
 * The scenario that a launch configuration of this folder names, below the folder if its path is relative. Variables such as
 * `${file}` stand in a virtual workspace for a path without the workspace's scheme, on Windows with `\` between its parts.
 */
export function programIn(folder: vscode.WorkspaceFolder | undefined, program: string): string {
  if (!folder || isUri(program)) return program;
  if (!isAbsolute(program)) return pathOf(vscode.Uri.joinPath(folder.uri, program));
  if (folder.uri.scheme === "file") return program;
  const path = program.startsWith("\\") ? program.replaceAll("\\", "/") : program;
  return folder.uri.with({ path }).toString();
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:)/.test(path);
}

/** A scheme has at least two letters: `C:\` is a drive. */
function isUri(path: string): boolean {
  return /^[A-Za-z][\w+.-]+:/.test(path);
}
