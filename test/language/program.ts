// `mshare lsp` as an editor starts it: the built program, over its standard input and output, with a document that somebody edits.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { InitializeResult, Position, Range, ServerCapabilities, TextEdit } from "vscode-languageserver";
import { StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type Client, clientOf, open } from "./session.ts";

/** lib.mshare, beside the document. */
export const LIB = "process reader\nlet REGION = 512GiB\n";
export const TEXT = `kernel mshare-v3 { fixes: [unlink-on-munmap] }
machine { memory: 1GiB }
include "lib.mshare"
process writer
label begin
writer: fd = open("/sys/fs/mshare/db", O_CREAT|O_EXCL|O_RDWR, 0600)
writer:   ioctl( fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 1GiB })
writer: p = mmap(2TiB, REGION, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
parallel {
  writer: store(p + 2MiB, 42)
  reader: fd = open("/sys/fs/mshare/db", O_RDWR)
  reader: close(fd)
}
// what must
// come out
expect pte(writer, writer.p).present == 0
`;

/** The program, its folder, and demo.mshare in it. */
export class Program {
  readonly folder = mkdtempSync(join(tmpdir(), "mshare-"));
  readonly uri = this.uriOf("demo.mshare");
  readonly client: Client;
  readonly ended: Promise<number | null>;
  document = TextDocument.create(this.uri, "mshare", 1, TEXT);
  private readonly server: ChildProcess;

  constructor() {
    writeFileSync(join(this.folder, "lib.mshare"), LIB);
    const server = spawn(process.execPath, [resolve("dist/mshare.js"), "lsp", "--stdio"]);
    this.server = server;
    this.ended = new Promise((done) => server.on("exit", done));
    this.client = clientOf(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
  }

  uriOf(name: string): string {
    return pathToFileURL(join(this.folder, name)).href;
  }

  async start(capabilities: object): Promise<ServerCapabilities> {
    const rootUri = pathToFileURL(this.folder).href;
    const { connection } = this.client;
    const params = { processId: process.pid, rootUri, capabilities, workspaceFolders: [{ uri: rootUri, name: "w" }] };
    const answer = await connection.sendRequest<InitializeResult>("initialize", params);
    await connection.sendNotification("initialized", {});
    await open(this.client, this.uri, this.document.getText());
    return answer.capabilities;
  }

  ask<Result>(method: string, params: object = {}): Promise<Result> {
    return this.client.connection.sendRequest(`textDocument/${method}`, { textDocument: { uri: this.uri }, ...params });
  }

  /** The place of `|` in a piece of the document. */
  at(piece: string): Position {
    const start = this.document.getText().indexOf(piece.replace("|", ""));
    assert.ok(start >= 0, piece);
    return this.document.positionAt(start + Math.max(0, piece.indexOf("|")));
  }

  rangeOf(piece: string): Range {
    const start = this.document.getText().indexOf(piece);
    return { start: this.document.positionAt(start), end: this.document.positionAt(start + piece.length) };
  }

  textIn(range: Range): string {
    return this.document.getText(range);
  }

  applied(edits: readonly TextEdit[]): string {
    return TextDocument.applyEdits(this.document, [...edits]);
  }

  async edit(before: string, after: string): Promise<void> {
    const contentChanges = [{ range: this.rangeOf(before), text: after }];
    const version = this.document.version + 1;
    TextDocument.update(this.document, contentChanges, version);
    const textDocument = { uri: this.uri, version };
    await this.client.connection.sendNotification("textDocument/didChange", { textDocument, contentChanges });
  }

  async end(): Promise<void> {
    const { connection } = this.client;
    await connection.sendRequest("shutdown");
    await connection.sendNotification("exit");
    assert.equal(await this.ended, 0);
    connection.dispose();
  }

  /** Also where a test has failed. */
  clear(): void {
    this.server.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
