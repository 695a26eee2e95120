// The server: which requests there are and which feature answers each. It knows no platform; main.ts gives it one.
import {
  CodeActionKind,
  type Connection,
  DidChangeWatchedFilesNotification,
  ErrorCodes,
  type InitializeResult,
  ResponseError,
  type TextDocumentIdentifier,
  TextDocumentSyncKind,
  TextDocuments,
  type TextEdit,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";
import { type Analysis, toOffset, toRange } from "./analysis.ts";
import { codeActions } from "./code_actions.ts";
import { codeLenses } from "./code_lens.ts";
import { completion } from "./completion.ts";
import { diagnostics } from "./diagnostics.ts";
import { createWorkspace } from "./documents.ts";
import { type FormatStyle, formatEdits } from "./format.ts";
import { hover } from "./hover.ts";
import { inlayHints } from "./inlay_hints.ts";
import { documentLinks } from "./links.ts";
import { definition, highlights, prepareRename, references, rename, toLocation } from "./references.ts";
import { selectionRanges } from "./selection.ts";
import { legend, semanticTokens } from "./semantic_tokens.ts";
import { signatureHelp } from "./signature_help.ts";
import { documentSymbols, foldingRanges } from "./symbols.ts";

export interface Platform {
  readonly vocabulary: Vocabulary;
  /** The text behind a URI that no editor has open, or undefined. */
  readonly readFile: (uri: string) => string | undefined;
  /** Calls back after so many milliseconds; gives a function that prevents it. */
  readonly later: (callback: () => void, milliseconds: number) => () => void;
}

/** Typing waits so long for its diagnostics; short enough to seem immediate. */
const DEBOUNCE_MS = 30;

const capabilities: InitializeResult["capabilities"] = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
  hoverProvider: true,
  // A dot opens fields and variables, a colon the calls, the others flags, arguments and lists.
  completionProvider: { triggerCharacters: [".", ":", "(", ",", "|", "[", "{", " "] },
  signatureHelpProvider: { triggerCharacters: ["(", ","], retriggerCharacters: [")"] },
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  documentSymbolProvider: true,
  foldingRangeProvider: true,
  selectionRangeProvider: true,
  semanticTokensProvider: { legend, full: true, range: true },
  documentFormattingProvider: true,
  documentRangeFormattingProvider: true,
  // Light bulbs with what the checker proposes.
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
  // "Run" and "Debug" above a scenario.
  codeLensProvider: { resolveProvider: false },
  inlayHintProvider: true,
  // Includes open with a click.
  documentLinkProvider: { resolveProvider: false },
  workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
};

/** Serves a connection until it ends. */
export function serve(connection: Connection, platform: Platform): void {
  const documents = new TextDocuments(TextDocument);
  const workspace = createWorkspace(documents, platform.vocabulary, platform.readFile);
  const waiting = new Map<string, () => void>();

  let watches = false;
  connection.onInitialize((params) => {
    watches = params.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    const folders = params.workspaceFolders?.map((folder) => folder.uri) ?? [];
    workspace.setRoots(folders.length > 0 ? folders : params.rootUri ? [params.rootUri] : []);
    return { capabilities, serverInfo: { name: "mshare" } };
  });

  connection.onInitialized(() => {
    // Included files may change outside the editor.
    if (watches)
      void connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [{ globPattern: "**/*.mshare" }],
      });
  });

  const publish = (uri: string): void => {
    const analysis = workspace.analysis(uri);
    if (!analysis) return;
    connection.sendDiagnostics({
      uri,
      version: documents.get(uri)?.version,
      diagnostics: diagnostics(analysis, workspace.uriOf),
    });
  };
  const publishSoon = (uri: string): void => {
    waiting.get(uri)?.();
    const cancel = platform.later(() => {
      waiting.delete(uri);
      publish(uri);
    }, DEBOUNCE_MS);
    waiting.set(uri, cancel);
  };

  documents.onDidChangeContent(({ document }) => {
    publishSoon(document.uri);
    for (const uri of workspace.dependants(document.uri)) publishSoon(uri);
  });
  documents.onDidClose(({ document }) => {
    waiting.get(document.uri)?.();
    waiting.delete(document.uri);
    workspace.close(document.uri);
    connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  connection.onDidChangeWatchedFiles(() => {
    workspace.forgetFiles();
    for (const document of documents.all()) publishSoon(document.uri);
  });

  /** What is asked of a document that is not open has an empty answer. */
  const answer = <Params extends { readonly textDocument: TextDocumentIdentifier }, Result>(
    feature: (analysis: Analysis, params: Params) => Result,
  ) => {
    return (params: Params): Result | null => {
      const analysis = workspace.analysis(params.textDocument.uri);
      return analysis ? feature(analysis, params) : null;
    };
  };
  const place = (found: Parameters<typeof toLocation>[0]) => toLocation(found, workspace.uriOf);

  connection.onHover(answer((analysis, { position }) => hover(analysis, position)));
  connection.onCompletion(answer((analysis, { position }) => completion(analysis, position)));
  connection.onSignatureHelp(answer((analysis, { position }) => signatureHelp(analysis, position)));
  connection.onDefinition(
    answer((analysis, { position }) => {
      const found = definition(analysis, position);
      return found ? place(found) : null;
    }),
  );
  connection.onReferences(
    answer((analysis, { position, context }) => {
      return references(
        analysis,
        position,
        context.includeDeclaration ? "with-declaration" : "without-declaration",
      ).map(place);
    }),
  );
  connection.onDocumentHighlight(answer((analysis, { position }) => highlights(analysis, position)));
  connection.onPrepareRename(answer((analysis, { position }) => prepareRename(analysis, position) ?? null));
  connection.onRenameRequest(
    answer((analysis, { position, newName }) => {
      const edits = rename(analysis, position, newName);
      if ("error" in edits) throw new ResponseError(ErrorCodes.InvalidRequest, edits.error);
      const entries = [...(edits as ReadonlyMap<string, TextEdit[]>)];
      return { changes: Object.fromEntries(entries.map(([path, changes]) => [workspace.uriOf(path), changes])) };
    }),
  );
  connection.onDocumentSymbol(answer(documentSymbols));
  connection.onFoldingRanges(answer(foldingRanges));
  connection.onSelectionRanges(answer((analysis, { positions }) => selectionRanges(analysis, positions)));
  connection.onDocumentFormatting(answer((analysis, { options }) => lspEdits(analysis, styleOf(options))));
  connection.onDocumentRangeFormatting(
    answer((analysis, { options, range }) => {
      const [from, to] = [toOffset(analysis.file, range.start), toOffset(analysis.file, range.end)];
      return lspEdits(analysis, styleOf(options), (edit) => edit.start >= from && edit.end <= to);
    }),
  );
  connection.onCodeAction(
    answer((analysis, { textDocument, range }) => codeActions(analysis, textDocument.uri, range)),
  );
  connection.onCodeLens(answer((analysis, { textDocument }) => codeLenses(analysis, textDocument.uri)));
  connection.onDocumentLinks(answer((analysis) => documentLinks(analysis, workspace.uriOf)));
  connection.languages.semanticTokens.on(
    (params) => answer((analysis) => semanticTokens(analysis))(params) ?? { data: [] },
  );
  connection.languages.semanticTokens.onRange(
    (params) => answer((analysis) => semanticTokens(analysis, params.range))(params) ?? { data: [] },
  );
  connection.languages.inlayHint.on(answer((analysis, { range }) => inlayHints(analysis, range)));

  documents.listen(connection);
  connection.listen();
}

function styleOf(options: { readonly tabSize: number; readonly insertSpaces: boolean }): FormatStyle {
  const size = Math.min(Math.max(Math.trunc(options.tabSize) || 2, 1), 16);
  return { unit: options.insertSpaces === false ? "\t" : " ".repeat(size) };
}

function lspEdits(
  analysis: Analysis,
  style: FormatStyle,
  wanted: (edit: { start: number; end: number }) => boolean = () => true,
): TextEdit[] {
  return formatEdits(analysis.file, style)
    .filter(wanted)
    .map((edit) => ({ range: toRange(analysis.file, edit), newText: edit.text }));
}
