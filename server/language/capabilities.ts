// What the server says that it can do. A comment where the effect in an editor is not plain from the name.
import { CodeActionKind, type ServerCapabilities, TextDocumentSyncKind } from "vscode-languageserver";
import { legend } from "./semantic_tokens.ts";

export const capabilities: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
  hoverProvider: true,
  // A dot opens fields and variables, a colon the calls, the others flags, arguments and lists. What an offer means
  // comes when it is looked at: the list itself stays small.
  completionProvider: { triggerCharacters: [".", ":", "(", ",", "|", "[", "{", " "], resolveProvider: true },
  signatureHelpProvider: { triggerCharacters: ["(", ","], retriggerCharacters: [")"] },
  definitionProvider: true,
  declarationProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  documentSymbolProvider: true,
  // "Go to symbol in workspace": processes, labels and lets of the open scenarios and of what they include.
  workspaceSymbolProvider: true,
  foldingRangeProvider: true,
  selectionRangeProvider: true,
  semanticTokensProvider: { legend, full: { delta: true }, range: true },
  documentFormattingProvider: true,
  documentRangeFormattingProvider: true,
  // A new line and a closing bracket put the line that they end in order.
  documentOnTypeFormattingProvider: { firstTriggerCharacter: "\n", moreTriggerCharacter: ["}"] },
  // Light bulbs with what the checker proposes; "Fix All" does those without a doubt at once, on saving if one likes.
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.SourceFixAll] },
  // "Run" and "Debug" above a scenario.
  codeLensProvider: { resolveProvider: false },
  inlayHintProvider: true,
  // Includes open with a click, and the pages of what fixes mend.
  documentLinkProvider: { resolveProvider: false },
  workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
};

/** For clients that ask for diagnostics; the others get them sent. */
export const pullDiagnostics: NonNullable<ServerCapabilities["diagnosticProvider"]> = {
  identifier: "mshare",
  // A change in an included file changes what is said of those that include it.
  interFileDependencies: true,
  workspaceDiagnostics: false,
};
