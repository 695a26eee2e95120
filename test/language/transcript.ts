// Editing sessions one can read: lines that begin with `> ` are what the user does, the others what he sees. Replaying
// does the former through the language server and writes the whole anew; a test compares.
//
//   > open NAME (its text follows, each line after `| `)   > change TEXT to TEXT     > show
//   > problems           > fixes TEXT             > fix TITLE at TEXT
//   > hover TEXT         > complete TEXT (at its end; the first offers)              > signature TEXT (at its end)
//   > rename TEXT to NAME    > definition TEXT    > references TEXT    > lenses    > hints    > outline    > format
// A TEXT is its first place in the document.
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  Diagnostic,
  DocumentSymbol,
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
import { initialize, startServer } from "./session.ts";

const FOLDER = "file:///work";
const severities = ["", "error", "warning", "information", "hint"];

export class LanguageTranscript {
  private readonly client = startServer();
  private readonly lines: string[] = [];
  private document = TextDocument.create("", "mshare", 0, "");
  private problems: readonly Diagnostic[] = [];

  async replay(text: string): Promise<string> {
    await initialize(this.client, FOLDER);
    const source = text.split("\n");
    for (const [at, line] of source.entries()) {
      if (line.startsWith("#")) this.lines.push(line);
      if (!line.startsWith("> ")) continue;
      if (this.lines.length > 0) this.lines.push("");
      this.lines.push(line);
      const [, command, rest] = /^> (\w+) ?(.*)$/.exec(line) ?? [];
      const body: string[] = [];
      for (let next = at + 1; source[next]?.startsWith("|"); next++) body.push(source[next]);
      if (command === "open") this.lines.push(...body);
      await this.act(command, rest, `${body.map((each) => each.slice(2)).join("\n")}\n`);
    }
    this.client.connection.dispose();
    return `${this.lines.join("\n").trimEnd()}\n`;
  }

  private async act(command: string, rest: string, body: string): Promise<void> {
    const middle = command === "fix" ? rest.lastIndexOf(" at ") : rest.indexOf(" to ");
    const [subject, object] = [rest.slice(0, middle), rest.slice(middle + 4)];
    switch (command) {
      case "open":
        return this.open(rest, body);
      case "change":
        return this.put([{ range: this.rangeOf(subject), newText: object }]);
      case "show":
        return this.tell(...this.document.getText().trimEnd().split("\n"));
      case "problems":
        return this.tell(...(this.problems.length > 0 ? this.problems.map((one) => this.problem(one)) : ["none"]));
      case "fixes":
        return this.tell(...(await this.actions(rest)).map((action) => action.title));
      case "fix":
        return this.fix(subject, object);
      case "format":
        return this.put(await this.ask<TextEdit[]>("formatting", { options: { tabSize: 2, insertSpaces: true } }));
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
        const items = await this.ask<CompletionItem[]>("completion", { position: this.rangeOf(text).end });
        const sorted = [...items].sort((a, b) => order(a).localeCompare(order(b), "en"));
        const shown = sorted.slice(0, 6).map((item) => item.label + (item.detail ? `  ${item.detail}` : ""));
        return this.tell(
          ...shown,
          ...(items.length > 6 ? [`… ${items.length > 20 ? "and many more" : "and more"}`] : []),
        );
      }
      case "signature": {
        const help = await this.ask<SignatureHelp | null>("signatureHelp", { position: this.rangeOf(text).end });
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
      case "outline":
        return this.outline(await this.ask<DocumentSymbol[]>("documentSymbol", {}), "");
      default:
        throw new Error(`a transcript knows no ${command}`);
    }
  }

  private async open(name: string, text: string): Promise<void> {
    this.document = TextDocument.create(`${FOLDER}/${name}`, "mshare", 1, text);
    const { uri, languageId, version } = this.document;
    await this.client.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId, version, text },
    });
    await this.heard();
  }

  private async put(edits: readonly TextEdit[]): Promise<void> {
    if (edits.length === 0) return;
    // From the end, so that each edit's range holds when it is made.
    const changes = [...edits]
      .sort((a, b) => this.document.offsetAt(b.range.start) - this.document.offsetAt(a.range.start))
      .map(({ range, newText }) => ({ range, text: newText }));
    TextDocument.update(this.document, changes, this.document.version + 1);
    const { uri, version } = this.document;
    await this.client.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges: changes,
    });
    await this.heard();
  }

  /** Waits for what the server says of this version. */
  private async heard(): Promise<void> {
    for (;;) {
      const { version, diagnostics } = await this.client.diagnostics(this.document.uri);
      this.problems = diagnostics;
      if (version === this.document.version) return;
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
    await this.put(changes?.[this.document.uri] ?? []);
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

  private problem({ range, severity, code, message }: Diagnostic): string {
    return `${at(range.start)} ${severities[severity ?? 0]} ${code}: ${message}`;
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
