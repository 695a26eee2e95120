// The server: which requests there are and which feature answers each. It knows no platform; main.ts gives it one.
import {
  type Connection,
  DidChangeWatchedFilesNotification,
  ErrorCodes,
  ResponseError,
  type TextDocumentIdentifier,
  type TextDocumentPositionParams,
  TextDocuments,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";
import type { Analysis } from "./analysis.ts";
import { capabilities, pullDiagnostics } from "./capabilities.ts";
import { codeActions } from "./code_actions.ts";
import { codeLenses } from "./code_lens.ts";
import { completionLists } from "./completion_lists.ts";
import { createDiagnosing, type Delivery, deliveryFor } from "./diagnosing.ts";
import { createWorkspace } from "./documents.ts";
import { filesOf } from "./files.ts";
import { formatDocument, formatRange, formatTyped } from "./format_requests.ts";
import { hover } from "./hover.ts";
import { inlayHints } from "./inlay_hints.ts";
import { type BugPage, documentLinks } from "./links.ts";
import { definition, highlights, prepareRename, references, rename, toLocation } from "./references.ts";
import { selectionRanges } from "./selection.ts";
import { semanticTokens } from "./semantic_tokens.ts";
import { signatureHelp } from "./signature_help.ts";
import { documentSymbols, foldingRanges } from "./symbols.ts";
import { tokenResults } from "./token_results.ts";
import { workspaceSymbols } from "./workspace_symbols.ts";

export interface Platform {
  readonly vocabulary: Vocabulary;
  /** The text behind a URI that no editor has open, or undefined. */
  readonly readFile: (uri: string) => string | undefined;
  /** URIs of the scenarios below a folder; without it only open ones and what they include are known. */
  readonly findFiles?: (folder: string) => readonly string[];
  /** Where docs/diagnostics.md is, as a URI that an editor can open. */
  readonly diagnosticsPage?: string;
  /** The page of what a fix mends; without it no fix is a link. */
  readonly bugPage?: BugPage;
  /** Calls back after so many milliseconds; gives a function that prevents it. */
  readonly later: (callback: () => void, milliseconds: number) => () => void;
}

/** Serves a connection until it ends. */
export function serve(connection: Connection, platform: Platform): void {
  const documents = new TextDocuments(TextDocument);
  const client = { watches: false, folders: false, readsFiles: false, versions: false, delivery: "sent" as Delivery };
  const all = () => documents.all().map((document) => document.uri);
  const files = filesOf(
    connection,
    platform.readFile,
    () => client.readsFiles,
    () => filesChanged(),
  );
  const workspace = createWorkspace(documents, platform.vocabulary, files.read);
  const diagnosing = createDiagnosing(connection, () => client.delivery, {
    analysis: workspace.analysis,
    uriOf: workspace.uriOf,
    version: (uri) => documents.get(uri)?.version,
    later: platform.later,
    settled: files.settled,
    page: (code) => page && `${page}#${code}`,
  });
  const tokens = tokenResults();
  let page = platform.diagnosticsPage;
  const filesChanged = (): void => {
    workspace.forgetFiles();
    diagnosing.changedElsewhere(all());
  };

  connection.onInitialize((params) => {
    const { capabilities: known, initializationOptions: given } = params;
    client.watches = known.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    client.folders = known.workspace?.workspaceFolders === true;
    client.versions = known.workspace?.workspaceEdit?.documentChanges === true;
    client.delivery = deliveryFor(known);
    client.readsFiles = given?.readsFiles === true;
    if (typeof given?.diagnosticsPage === "string") page = given.diagnosticsPage;
    const folders = params.workspaceFolders?.map((folder) => folder.uri) ?? [];
    workspace.setRoots(folders.length > 0 ? folders : params.rootUri ? [params.rootUri] : []);
    const asks = client.delivery === "sent" ? {} : { diagnosticProvider: pullDiagnostics };
    return { capabilities: { ...capabilities, ...asks }, serverInfo: { name: "mshare" } };
  });

  connection.onInitialized(() => {
    // Included files may change outside the editor.
    if (client.watches)
      void connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [{ globPattern: "**/*.mshare" }],
      });
    if (client.folders)
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.map((folder) => folder.uri));
        workspace.setRoots([
          ...workspace.roots().filter((uri) => !gone.has(uri)),
          ...added.map((folder) => folder.uri),
        ]);
        filesChanged();
      });
  });

  documents.onDidChangeContent(({ document }) => {
    diagnosing.changed(document.uri);
    diagnosing.changedElsewhere(workspace.dependants(document.uri));
  });
  documents.onDidClose(({ document }) => {
    workspace.close(document.uri);
    tokens.forget(document.uri);
    diagnosing.closed(document.uri);
    // What was typed and not saved no longer counts for those that include it.
    diagnosing.changedElsewhere(workspace.dependants(document.uri));
  });
  connection.onDidChangeWatchedFiles(() => {
    files.forget();
    filesChanged();
  });
  connection.languages.diagnostics.on(({ textDocument, previousResultId }) =>
    diagnosing.report(textDocument.uri, previousResultId),
  );

  /** What is asked of a document that is not open has an empty answer. */
  const answer = <Params extends { readonly textDocument: TextDocumentIdentifier }, Result>(
    feature: (analysis: Analysis, params: Params) => Result,
  ) => {
    return (params: Params): Result | null => {
      const analysis = workspace.analysis(params.textDocument.uri);
      return analysis ? feature(analysis, params) : null;
    };
  };
  /** The scenarios below the workspace's folders. */
  const found = () =>
    platform.findFiles ? workspace.roots().flatMap((folder) => [...platform.findFiles!(folder)]) : [];
  const holding = (path: string) => workspace.holding(path, found());
  /** With the versions that the edits are for, where the client can tell: what was typed meanwhile is then not spoilt. */
  const workspaceEdit = (changes: ReadonlyMap<string, TextEdit[]>): WorkspaceEdit => {
    const entries = [...changes].map(([path, edits]) => [workspace.uriOf(path), edits] as const);
    if (!client.versions) return { changes: Object.fromEntries(entries) };
    return {
      documentChanges: entries.map(([uri, edits]) => ({
        textDocument: { uri, version: documents.get(uri)?.version ?? null },
        edits,
      })),
    };
  };
  const place = (found: Parameters<typeof toLocation>[0]) => toLocation(found, workspace.uriOf);

  connection.onHover(answer((analysis, { position }) => hover(analysis, position, platform.bugPage)));
  const lists = completionLists();
  connection.onCompletion(answer((analysis, { position }) => lists.list(analysis, position)));
  connection.onCompletionResolve(lists.resolve);
  connection.onSignatureHelp(answer((analysis, { position }) => signatureHelp(analysis, position)));
  const declared = answer((analysis, { position }: TextDocumentPositionParams) => {
    const made = definition(analysis, position, (path) => workspace.holding(path, []));
    return made ? place(made) : null;
  });
  connection.onDefinition(declared);
  connection.onDeclaration(declared);
  connection.onReferences(
    answer((analysis, { position, context }) => {
      return references(
        analysis,
        position,
        context.includeDeclaration ? "with-declaration" : "without-declaration",
        holding,
      ).map(place);
    }),
  );
  connection.onDocumentHighlight(answer((analysis, { position }) => highlights(analysis, position)));
  connection.onPrepareRename(answer((analysis, { position }) => prepareRename(analysis, position, holding) ?? null));
  connection.onRenameRequest(
    answer((analysis, { position, newName }) => {
      const edits = rename(analysis, position, newName, holding);
      if ("error" in edits) throw new ResponseError(ErrorCodes.InvalidRequest, edits.error);
      return workspaceEdit(edits as ReadonlyMap<string, TextEdit[]>);
    }),
  );
  connection.onDocumentSymbol(answer(documentSymbols));
  connection.onFoldingRanges(answer(foldingRanges));
  connection.onSelectionRanges(answer((analysis, { positions }) => selectionRanges(analysis, positions)));
  connection.onWorkspaceSymbol(({ query }) => workspaceSymbols(workspace, found(), query).slice(0, MAX_SYMBOLS));
  connection.onDocumentFormatting(answer((analysis, { options }) => formatDocument(analysis, options)));
  connection.onDocumentRangeFormatting(answer((analysis, { options, range }) => formatRange(analysis, options, range)));
  connection.onDocumentOnTypeFormatting(
    answer((analysis, { options, position, ch }) => formatTyped(analysis, options, position, ch)),
  );
  connection.onCodeAction(
    answer((analysis, { textDocument, range, context }) =>
      codeActions(analysis, textDocument.uri, range, context.only),
    ),
  );
  connection.onCodeLens(answer((analysis, { textDocument }) => codeLenses(analysis, textDocument.uri)));
  connection.onDocumentLinks(answer((analysis) => documentLinks(analysis, workspace.uriOf, platform.bugPage)));
  connection.languages.semanticTokens.on(
    (params) =>
      answer((analysis) => tokens.full(params.textDocument.uri, semanticTokens(analysis).data))(params) ?? NO_TOKENS,
  );
  connection.languages.semanticTokens.onDelta(
    (params) =>
      answer((analysis) =>
        tokens.delta(params.textDocument.uri, params.previousResultId, semanticTokens(analysis).data),
      )(params) ?? NO_TOKENS,
  );
  connection.languages.semanticTokens.onRange(
    (params) => answer((analysis) => semanticTokens(analysis, params.range))(params) ?? NO_TOKENS,
  );
  connection.languages.inlayHint.on(answer((analysis, { range }) => inlayHints(analysis, range)));

  documents.listen(connection);
  connection.listen();
}

const NO_TOKENS = { data: [] };

/** More than anybody reads; a longer query finds the rest. */
const MAX_SYMBOLS = 500;
