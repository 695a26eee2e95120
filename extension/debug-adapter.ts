// How a debug session gets its adapter: one process a session, the DAP over its standard input and output.
import * as vscode from "vscode";

export function registerDebugAdapter(context: vscode.ExtensionContext): vscode.Disposable {
  const adapter = context.asAbsolutePath("dist/adapter.js");
  return vscode.debug.registerDebugAdapterDescriptorFactory("mshare", {
    // For the command "node" VS Code forks the runtime that it runs itself on: no Node needs to be installed.
    createDebugAdapterDescriptor: () => new vscode.DebugAdapterExecutable("node", [adapter]),
  });
}
