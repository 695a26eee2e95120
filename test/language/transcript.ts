// Editing sessions one can read: lines that begin with `> ` are what the user does, the others what he sees. Replaying
// does the former through the language server and writes the whole anew; a test compares.
//
//   > open NAME (its text follows, each line after `| `)       > go behind TEXT (there the caret then is)
//   > type TEXT (at the caret; without TEXT the lines after `| `)   > change TEXT to TEXT
//   > complete (at the caret; the first offers)  > accept LABEL    > signature (at the caret)
//   > fixes TEXT    > fix TITLE at TEXT    > rename TEXT to NAME    > format    > undo
//   > hover TEXT    > definition TEXT    > references TEXT    > outline    > folds    > lenses    > hints    > show
//
// A TEXT is its first place in the document. After each edit the lines that it changed are shown, as far as somebody else
// than the user wrote them, then what is newly wrong, under its place, and what is no longer.
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  Diagnostic,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  Position,
  Range,
  SignatureHelp,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { vocabulary } from "../../server/language/engine.ts";
import { initialize, startServer } from "./session.ts";

const FOLDER = "file:///work";
const severities = ["", "error", "warning", "information", "hint"];

export class LanguageTranscript {
  private readonly client = startServer({}, vocabulary());
  private readonly lines: string[] = [];
  private document = TextDocument.create("", "mshare", 0, "");
  private problems: readonly Diagnostic[] = [];
  private caret = 0;
  private before = "";

  async replay(text: string): Promise<string> {
    await initialize(this.client, FOLDER);
    const source = text.split("\n");
    for (const [at, line] of source.entries()) {
      if (line.startsWith("# ")) this.remark(line);
      if (!line.startsWith("> ")) continue;
      if (!this.lines.at(-1)?.startsWith("#")) this.lines.push("");
      this.lines.push(line);
      const [, command, rest] = /^> (\w+) ?(.*)$/.exec(line) ?? [];
      const body: string[] = [];
      for (let next = at + 1; source[next]?.startsWith("|"); next++) body.push(source[next]);
      this.lines.push(...body);
      await this.act(command, rest, body.map((each) => each.slice(2)).join("\n"));
    }
    this.client.connection.dispose();
    return `${this.lines.join("\n").trim()}\n`;
  }

  /** What happens next, in words: the lines of one remark stay together. */
  private remark(line: string): void {
    if (!this.lines.at(-1)?.startsWith("#")) this.lines.push("");
    this.lines.push(line);
  }

  private async act(command: string, rest: string, body: string): Promise<void> {
    const middle = command === "fix" ? rest.lastIndexOf(" at ") : rest.indexOf(" to ");
    const [subject, object] = [rest.slice(0, middle), rest.slice(middle + 4)];
    switch (command) {
      case "open":
        return this.open(rest, body && `${body}\n`);
      case "go":
        this.caret = this.offsetBehind(rest.replace(/^behind /, ""));
        return;
      case "type":
        return this.type(body || rest);
      case "change":
        return this.put([{ range: this.rangeOf(subject), newText: object }]);
      case "undo":
        return this.put([{ range: this.whole(), newText: this.before }]);
      case "show":
        return this.tell(...this.document.getText().trimEnd().split("\n"));
      case "fixes":
        return this.tell(...(await this.actions(rest)).map((action) => action.title));
      case "fix":
        return this.fix(subject, object);
      case "accept":
        return this.accept(rest);
      case "format":
        return this.shown(await this.ask<TextEdit[]>("formatting", { options: { tabSize: 2, insertSpaces: true } }));
      case "rename":
        return this.applied(
          await this.ask<WorkspaceEdit>("rename", { position: this.startOf(subject), newName: object }),
        );
      default:
        return this.look(command, rest);
    }
  }

  private async look(command: string, text: string): Promise<void> {
    switch (command) {
      case "hover": {
        const found = await this.ask<Hover | null>("hover", { position: this.startOf(text) });
        return this.tell(...markdown(found?.contents));
      }
      case "complete": {
        const items = await this.offers();
        const shown = items.slice(0, 6).map((item) => item.label + (item.detail ? `  ${item.detail}` : ""));
        const more = items.length > 20 ? "… and many more" : "… and more";
        return this.tell(...shown, ...(items.length > 6 ? [more] : []));
      }
      case "signature": {
        const position = this.document.positionAt(this.caret);
        const help = await this.ask<SignatureHelp | null>("signatureHelp", { position });
        const [signature] = help?.signatures ?? [];
        const active = signature?.parameters?.[help?.activeParameter ?? 0]?.label;
        return this.tell(
          signature ? `${signature.label}, at ${signature.label.slice(...(active as [number, number]))}` : "none",
        );
      }
      case "definition":
        return this.tell(this.place(await this.ask<Location>("definition", { position: this.startOf(text) })));
      case "references": {
        const context = { includeDeclaration: true };
        const found = await this.ask<Location[]>("references", { position: this.startOf(text), context });
        return this.tell(...found.map((one) => this.place(one)));
      }
      case "lenses":
        return this.tell(
          ...(await this.ask<CodeLens[]>("codeLens", {})).map(
            ({ range, command }) => `line ${range.start.line + 1}: ${command?.title} (${command?.command})`,
          ),
        );
      case "hints": {
        const range = { start: { line: 0, character: 0 }, end: { line: this.document.lineCount, character: 0 } };
        const hints = await this.ask<InlayHint[]>("inlayHint", { range });
        return this.tell(...hints.map(({ position, label }) => `${at(position)} ${label}`));
      }
      case "folds":
        return this.tell(
          ...(await this.ask<FoldingRange[]>("foldingRange", {})).map(
            ({ startLine, endLine }) => `${startLine + 1} to ${endLine + 1}`,
          ),
        );
      case "outline":
        return this.outline(await this.ask<DocumentSymbol[]>("documentSymbol", {}), "");
      default:
        throw new Error(`a transcript knows no ${command}`);
    }
  }

  private async open(name: string, text: string): Promise<void> {
    this.document = TextDocument.create(`${FOLDER}/${name}`, "mshare", 1, text);
    this.caret = text.length;
    const { uri, languageId, version } = this.document;
    await this.client.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId, version, text },
    });
    await this.heard();
  }

  private type(text: string): Promise<void> {
    const place = this.document.positionAt(this.caret);
    return this.put([{ range: { start: place, end: place }, newText: text }]);
  }

  private async offers(): Promise<CompletionItem[]> {
    const position = this.document.positionAt(this.caret);
    const items = await this.ask<CompletionItem[]>("completion", { position });
    // As editors do: what begins with the word at the caret, likelier offers first.
    const word = /[\w-]*$/.exec(this.document.getText().slice(0, this.caret))![0].toLowerCase();
    return items
      .filter(({ label }) => label.toLowerCase().startsWith(word))
      .sort((a, b) => order(a).localeCompare(order(b), "en"));
  }

  private async accept(label: string): Promise<void> {
    const chosen = (await this.offers()).find((item) => item.label === label);
    const edit = chosen?.textEdit;
    if (!edit || !("range" in edit)) throw new Error(`nobody offers ${label}`);
    await this.shown([edit]);
  }

  /** An edit that somebody else wrote. */
  private async shown(edits: readonly TextEdit[]): Promise<void> {
    const before = new Set(this.document.getText().split("\n"));
    await this.put(edits, () => {
      const changed = this.document
        .getText()
        .split("\n")
        .filter((line) => line.trim() !== "" && !before.has(line));
      this.tell(...(changed.length > 0 ? changed : ["nothing changes"]));
    });
  }

  private async put(edits: readonly TextEdit[], tell: () => void = () => undefined): Promise<void> {
    if (edits.length === 0) return tell();
    this.before = this.document.getText();
    // From the end, so that each edit's range holds when it is made.
    const changes = [...edits]
      .sort((a, b) => this.document.offsetAt(b.range.start) - this.document.offsetAt(a.range.start))
      .map(({ range, newText }) => ({ range, text: newText }));
    for (const { range, text } of changes) this.keepCaret(range, text);
    TextDocument.update(this.document, changes, this.document.version + 1);
    const { uri, version } = this.document;
    await this.client.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges: changes,
    });
    tell();
    await this.heard();
  }

  /** It stays where it was in the text; one in the midst of what changes comes to stand behind it. */
  private keepCaret(range: Range, text: string): void {
    const [start, end] = [this.document.offsetAt(range.start), this.document.offsetAt(range.end)];
    if (start <= this.caret) this.caret = start + text.length + Math.max(0, this.caret - end);
  }

  /** Waits for what the server says of this version; tells what of it is new, and what is gone. */
  private async heard(): Promise<void> {
    for (;;) {
      const { version, diagnostics } = await this.client.diagnostics(this.document.uri);
      if (version !== this.document.version) continue;
      const key = ({ code, message }: Diagnostic) => `${code}: ${message}`;
      const [old, now] = [this.problems, diagnostics].map((all) => new Set(all.map(key)));
      this.tell(...diagnostics.filter((one) => !old.has(key(one))).flatMap((one) => this.problem(one)));
      this.tell(...this.problems.filter((one) => !now.has(key(one))).map((one) => `gone: ${one.code}`));
      this.problems = diagnostics;
      return;
    }
  }

  private actions(text: string): Promise<CodeAction[]> {
    return this.ask("codeAction", { range: this.rangeOf(text), context: { diagnostics: [] } });
  }

  private async fix(title: string, text: string): Promise<void> {
    const action = (await this.actions(text)).find((one) => one.title === title);
    if (!action?.edit) throw new Error(`nobody offers ${title}`);
    await this.applied(action.edit);
  }

  private async applied({ changes }: WorkspaceEdit): Promise<void> {
    await this.shown(changes?.[this.document.uri] ?? []);
  }

  private ask<Result>(feature: string, params: object): Promise<Result> {
    const textDocument = { uri: this.document.uri };
    return this.client.connection.sendRequest(`textDocument/${feature}`, { textDocument, ...params });
  }

  private rangeOf(text: string): Range {
    const start = this.document.getText().indexOf(text);
    if (start < 0) throw new Error(`the document has no ${text}`);
    return { start: this.document.positionAt(start), end: this.document.positionAt(start + text.length) };
  }

  private startOf(text: string): Position {
    return this.rangeOf(text).start;
  }

  /** As an editor shows it: a wavy line under the place. */
  private problem({ range, severity, code, message }: Diagnostic): string[] {
    const line = this.document.getText().split("\n")[range.start.line];
    const { character } = range.start;
    const length = range.end.line > range.start.line ? line.length - character : range.end.character - character;
    const wave = `${" ".repeat(character)}${"~".repeat(Math.max(1, length))}`;
    return [line, `${wave} ${severities[severity ?? 0]} ${code}`, `  ${message}`];
  }

  private whole(): Range {
    return { start: { line: 0, character: 0 }, end: this.document.positionAt(this.document.getText().length) };
  }

  private offsetBehind(text: string): number {
    return this.document.offsetAt(this.rangeOf(text).end);
  }

  private place({ range }: Location): string {
    const line = this.document.getText().split("\n")[range.start.line];
    return `${at(range.start)} ${line}`;
  }

  private outline(symbols: readonly DocumentSymbol[], indent: string): void {
    for (const { name, detail, children } of symbols) {
      this.tell(`${indent}${name}${detail ? ` (${detail})` : ""}`);
      this.outline(children ?? [], `${indent}  `);
    }
  }

  private tell(...lines: readonly string[]): void {
    this.lines.push(...lines.map((line) => `  ${line}`.trimEnd()));
  }
}

const at = ({ line, character }: Position): string => `${line + 1}:${character + 1}`;
const order = (item: CompletionItem): string => item.sortText ?? item.label;

function markdown(contents: Hover["contents"] | undefined): string[] {
  if (contents === undefined) return ["nothing"];
  return (typeof contents === "object" && "value" in contents ? contents.value : String(contents)).split("\n");
}
