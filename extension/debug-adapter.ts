// How a debug session gets its adapter: one process a session, the DAP over its standard input and output.
import * as vscode from "vscode";
import { asNode } from "./runtime.ts";

export function registerDebugAdapter(context: vscode.ExtensionContext): vscode.Disposable {
  const adapter = context.asAbsolutePath("dist/adapter.js");
  return vscode.debug.registerDebugAdapterDescriptorFactory("mshare", {
    createDebugAdapterDescriptor: () => new vscode.DebugAdapterExecutable(process.execPath, [adapter], { env: asNode }),
  });
}
