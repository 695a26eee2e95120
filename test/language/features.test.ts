// Each capability that the language server declares is asked once for something that somebody would want, and docs/editors.md
// lists just these.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  DocumentDiagnosticReport,
  DocumentHighlight,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  Position,
  Range,
  SelectionRange,
  SemanticTokens,
  SemanticTokensDelta,
  ServerCapabilities,
  SignatureHelp,
  TextEdit,
  WorkspaceEdit,
  WorkspaceSymbol,
} from "vscode-languageserver";
import { Program, TEXT } from "./program.ts";

const OPTIONS = { tabSize: 2, insertSpaces: true };

const markdown = (contents: Hover["contents"] | CompletionItem["documentation"]): string =>
  typeof contents === "object" && "value" in contents ? contents.value : String(contents);

/** What each capability is good for. A session that edits undoes it. */
const uses: Partial<Record<keyof ServerCapabilities, (s: Program) => Promise<void>>> = {
  async textDocumentSync(s) {
    const codes = async () => {
      const report = await s.ask<DocumentDiagnosticReport>("diagnostic");
      return report.kind === "full" ? report.items.map((item) => item.code).sort() : [];
    };
    const before = await codes();
    await s.edit("store(p", "stroe(p");
    assert.deepEqual(await codes(), [...before, "unknown-call"].sort(), "a changed word is heard of");
    await s.edit("stroe(p", "store(p");
    assert.deepEqual(await codes(), before);
  },
  async hoverProvider(s) {
    const over = async (piece: string) => markdown((await s.ask<Hover>("hover", { position: s.at(piece) })).contents);
    assert.match(await over("MAP_SH|ARED"), /[Ss]hare/, "a constant, with what Linux does");
    assert.match(await over("mm|ap("), /addr, length, prot, flags, fd, offset/, "a call");
    assert.match(await over("2T|iB, REGION"), /pgd 4 · p4d folded · pud 0 · pmd 0 · pte 0/, "an address");
    assert.match(await over("REG|ION,"), /`512GiB`/, "a let");
    assert.match(await over("unlink-on|-munmap"), /docs\/bugs\/mshare-unlink-on-munmap\.md/, "a fix");
  },
  async completionProvider(s) {
    const items = await s.ask<CompletionItem[]>("completion", { position: s.at("MAP_SH|ARED") });
    const shared = items.find((item) => item.label === "MAP_SHARED");
    assert.ok(shared?.textEdit && "range" in shared.textEdit, "an offer says what it replaces");
    const explained = await s.client.connection.sendRequest<CompletionItem>("completionItem/resolve", shared);
    assert.match(markdown(explained.documentation), /[Ss]hare/);
  },
  async signatureHelpProvider(s) {
    const help = await s.ask<SignatureHelp>("signatureHelp", { position: s.at("mmap(2TiB, |") });
    assert.match(help.signatures[0].label, /^mmap\(addr, length/);
    assert.equal(help.activeParameter, 1);
  },
  async definitionProvider(s) {
    const place = await s.ask<Location>("definition", { position: s.at("REG|ION,") });
    assert.deepEqual([place.uri, place.range.start], [s.uriOf("lib.mshare"), { line: 1, character: 4 }]);
  },
  async declarationProvider(s) {
    const place = await s.ask<Location>("declaration", { position: s.at("store(p|") });
    assert.deepEqual([place.uri, place.range], [s.uri, rangeAt(s, "p = mmap", 1)]);
  },
  async referencesProvider(s) {
    const context = { includeDeclaration: false };
    const places = await s.ask<Location[]>("references", { position: s.at("|p = mmap"), context });
    assert.deepEqual(
      places.map(({ range }) => range.start),
      [s.at("store(|p"), s.at("writer.|p)")],
    );
  },
  async documentHighlightProvider(s) {
    const places = await s.ask<DocumentHighlight[]>("documentHighlight", { position: s.at("store(p|") });
    assert.deepEqual(
      places.map(({ kind }) => kind),
      [3, 2, 2],
      "written once, read twice",
    );
  },
  async renameProvider(s) {
    const range = await s.ask<Range>("prepareRename", { position: s.at("REG|ION,") });
    assert.equal(s.textIn(range), "REGION");
    const edit = await s.ask<WorkspaceEdit>("rename", { position: s.at("REG|ION,"), newName: "SIZE" });
    assert.deepEqual(Object.keys(edit.changes ?? {}).sort(), [s.uri, s.uriOf("lib.mshare")].sort());
    await assert.rejects(s.ask("rename", { position: s.at("REG|ION,"), newName: "PROT_READ" }), /constant of Linux/);
  },
  async documentSymbolProvider(s) {
    const symbols = await s.ask<DocumentSymbol[]>("documentSymbol");
    const parallel = symbols.find(({ name }) => name === "parallel");
    assert.deepEqual(
      parallel?.children?.map(({ name }) => name),
      ["reader.fd"],
    );
  },
  async workspaceSymbolProvider(s) {
    // A file that nobody has open, nor includes.
    writeFileSync(join(s.folder, "other.mshare"), "process librarian\n");
    const found = await s.client.connection.sendRequest<WorkspaceSymbol[]>("workspace/symbol", { query: "libr" });
    assert.deepEqual(
      found.map(({ name, location }) => [name, location.uri]),
      [["librarian", s.uriOf("other.mshare")]],
    );
  },
  async foldingRangeProvider(s) {
    const folds = await s.ask<FoldingRange[]>("foldingRange");
    const { line } = s.at("parallel {");
    assert.ok(folds.some(({ startLine, endLine }) => startLine === line && endLine === line + 3));
    assert.ok(folds.some(({ kind, startLine }) => kind === "comment" && startLine === s.at("// what must").line));
  },
  async selectionRangeProvider(s) {
    const [first] = await s.ask<SelectionRange[]>("selectionRange", { positions: [s.at("store(p + 2|MiB")] });
    const texts: string[] = [];
    for (let at: SelectionRange | undefined = first; at; at = at.parent) texts.push(s.textIn(at.range));
    assert.deepEqual(texts.slice(0, 4), ["2MiB", "p + 2MiB", "store(p + 2MiB, 42)", "writer: store(p + 2MiB, 42)"]);
    assert.equal(texts.at(-1), TEXT);
  },
  async semanticTokensProvider(s) {
    const full = await s.ask<SemanticTokens>("semanticTokens/full");
    const range = rangeAt(s, "label begin", "label begin".length);
    const some = await s.ask<SemanticTokens>("semanticTokens/range", { range });
    assert.equal(some.data.length, 2 * 5, "`label` and its name");
    await s.edit("label begin", "label start");
    const delta = await s.ask<SemanticTokensDelta>("semanticTokens/full/delta", { previousResultId: full.resultId });
    assert.ok(Array.isArray(delta.edits) && delta.edits.length <= 1);
    await s.edit("label start", "label begin");
  },
  async documentFormattingProvider(s) {
    const edits = await s.ask<TextEdit[]>("formatting", { options: OPTIONS });
    assert.match(s.applied(edits), /^writer: ioctl\(fd, MSHAREFS_SET_SIZE, \{ start: 2TiB, size: 1GiB \}\)$/m);
  },
  async documentRangeFormattingProvider(s) {
    const range = s.rangeOf("machine { memory: 1GiB }");
    assert.deepEqual(await s.ask("rangeFormatting", { options: OPTIONS, range }), [], "other lines stay");
  },
  async documentOnTypeFormattingProvider(s) {
    const position = { line: s.at("writer:   ioctl").line + 1, character: 0 };
    const edits = await s.ask<TextEdit[]>("onTypeFormatting", { options: OPTIONS, position, ch: "\n" });
    assert.match(s.applied(edits), /^writer: ioctl\(fd/m);
  },
  async codeActionProvider(s) {
    const range = s.rangeOf("1GiB })");
    const actions = await s.ask<CodeAction[]>("codeAction", { range, context: { diagnostics: [] } });
    assert.deepEqual(
      actions.map(({ title }) => title),
      ["Change to 512GiB", "Expect it: fails EINVAL", "Ignore will-fail here"],
    );
    const [edit] = actions[1].edit?.changes?.[s.uri] ?? [];
    assert.match(s.applied([edit]), /size: 1GiB \}\) fails EINVAL$/m);
  },
  async codeLensProvider(s) {
    const lenses = await s.ask<CodeLens[]>("codeLens");
    assert.deepEqual(
      lenses.map(({ command }) => command?.title),
      ["▶ Run", "Debug", "Explore"],
    );
  },
  async inlayHintProvider(s) {
    const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
    const hints = await s.ask<InlayHint[]>("inlayHint", { range });
    const behind = (piece: string) =>
      hints.filter(({ position }) => isAt(position, s.at(piece))).map(({ label }) => label);
    assert.deepEqual(behind("mmap(2TiB|"), ["4/0/0/0"], "the table indexes of an address");
    assert.deepEqual(behind("process writer|"), ["on cpu 1"], "the CPU that a process gets");
    assert.deepEqual(behind("store(p + 2MiB, |42"), ["value:"]);
  },
  async documentLinkProvider(s) {
    const links = await s.ask<DocumentLink[]>("documentLink");
    const targets = links.map(({ range, target }) => [s.textIn(range), target?.replace(/^.*\//, "")]);
    assert.deepEqual(targets, [
      ['"lib.mshare"', "lib.mshare"],
      ["unlink-on-munmap", "mshare-unlink-on-munmap.md"],
    ]);
  },
  async diagnosticProvider(s) {
    const report = await s.ask<DocumentDiagnosticReport>("diagnostic");
    assert.ok(report.kind === "full");
    const [first] = report.items;
    assert.deepEqual([first.code, s.textIn(first.range)], ["will-fail", "1GiB"]);
    assert.match(first.codeDescription?.href ?? "", /^file:.*\/docs\/diagnostics\.md#will-fail$/);
    const again = await s.ask<DocumentDiagnosticReport>("diagnostic", { previousResultId: report.resultId });
    assert.equal(again.kind, "unchanged");
  },
  async workspace(s) {
    const event = { added: [], removed: [{ uri: pathToFileURL(s.folder).href, name: "w" }] };
    await s.client.connection.sendNotification("workspace/didChangeWorkspaceFolders", { event });
    const found = () => s.client.connection.sendRequest<WorkspaceSymbol[]>("workspace/symbol", { query: "libr" });
    assert.deepEqual(await found(), [], "what is in no folder is not searched");
    const back = { added: event.removed, removed: [] };
    await s.client.connection.sendNotification("workspace/didChangeWorkspaceFolders", { event: back });
    assert.equal((await found()).length, 1);
  },
};

function rangeAt(s: Program, piece: string, length: number): Range {
  const start = s.at(piece);
  return { start, end: { line: start.line, character: start.character + length } };
}

const isAt = (a: Position, b: Position): boolean => a.line === b.line && a.character === b.character;

/** First words of the rows of the table in docs/editors.md. */
function documented(): string[] {
  const section = readFileSync("docs/editors.md", "utf8")
    .split("## What the language server does\n")[1]
    ?.split("\n## ")[0];
  return [...(section ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
}

describe("mshare lsp", function () {
  this.timeout(120_000);
  const session = new Program();
  after(() => session.clear());
  let declared: string[];

  before(async () => {
    const capabilities = await session.start({
      textDocument: { diagnostic: {} },
      workspace: { workspaceFolders: true },
    });
    declared = Object.keys(capabilities);
  });

  it("declares what docs/editors.md lists, in its order, and each has its use here", () => {
    assert.deepEqual(documented(), declared);
    assert.deepEqual(Object.keys(uses).sort(), [...declared].sort());
  });

  for (const [capability, use] of Object.entries(uses)) it(`${capability} is of use`, () => use(session));

  it("ends when it is told to", () => session.end());
});
