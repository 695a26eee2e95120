import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type InitializeResult, StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { contractExample } from "../scenario/contract.ts";
import { clientOf, initialize, open, startServer } from "./session.ts";

const FOLDER = "file:///work%20space";
const URI = `${FOLDER}/demo.mshare`;

describe("language server, a session", () => {
  it("says what it can", async () => {
    const client = startServer();
    const { capabilities } = (await initialize(client, FOLDER)) as InitializeResult;
    for (const [name, value] of Object.entries(capabilities)) assert.ok(value, name);
    assert.ok(
      capabilities.hoverProvider &&
        capabilities.completionProvider &&
        capabilities.renameProvider &&
        capabilities.semanticTokensProvider,
    );
    client.connection.dispose();
  });

  it("shows problems while somebody types, and takes them back", async () => {
    const client = startServer();
    await initialize(client, FOLDER);
    await open(client, URI, "process A\nA: opne(1)\n");
    const first = await client.diagnostics(URI);
    assert.deepEqual(
      first.diagnostics.map((one) => [one.code, one.range]),
      [["unknown-call", { start: { line: 1, character: 3 }, end: { line: 1, character: 7 } }]],
    );
    await client.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri: URI, version: 2 },
      contentChanges: [{ range: first.diagnostics[0].range, text: "close" }],
    });
    const second = await client.diagnostics(URI);
    assert.deepEqual([second.version, second.diagnostics], [2, []]);
    await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: URI } });
    assert.deepEqual((await client.diagnostics(URI)).diagnostics, []);
    client.connection.dispose();
  });

  it("answers every request", async () => {
    const client = startServer();
    await initialize(client, FOLDER);
    await open(client, URI, contractExample);
    assert.deepEqual((await client.diagnostics(URI)).diagnostics, []);
    const textDocument = { uri: URI };
    const position = { line: 4, character: 10 };
    const range = { start: { line: 0, character: 0 }, end: { line: 30, character: 0 } };
    const options = { tabSize: 2, insertSpaces: true };
    const ask = <Result>(method: string, params: object) =>
      client.connection.sendRequest(method, { textDocument, ...params }) as Promise<Result>;
    assert.ok(await ask("textDocument/hover", { position }));
    assert.ok((await ask<unknown[]>("textDocument/completion", { position: { line: 3, character: 0 } })).length > 10);
    assert.ok(await ask("textDocument/signatureHelp", { position: { line: 7, character: 40 } }));
    assert.deepEqual(await ask("textDocument/definition", { position: { line: 12, character: 2 } }), {
      uri: URI,
      range: { start: { line: 4, character: 8 }, end: { line: 4, character: 14 } },
    });
    assert.equal(
      (await ask<unknown[]>("textDocument/references", { position, context: { includeDeclaration: true } })).length,
      9,
    );
    assert.equal((await ask<unknown[]>("textDocument/documentHighlight", { position })).length, 9);
    assert.ok(await ask("textDocument/prepareRename", { position }));
    const renamed = await ask<{ changes: Record<string, unknown[]> }>("textDocument/rename", {
      position,
      newName: "author",
    });
    assert.equal(renamed.changes[URI].length, 9);
    await assert.rejects(ask("textDocument/rename", { position, newName: "reader" }), /already a process/);
    assert.ok((await ask<unknown[]>("textDocument/documentSymbol", {})).length > 5);
    assert.ok((await ask<unknown[]>("textDocument/foldingRange", {})).length > 0);
    assert.ok((await ask<unknown[]>("textDocument/selectionRange", { positions: [position] })).length === 1);
    assert.ok((await ask<{ data: number[] }>("textDocument/semanticTokens/full", {})).data.length > 100);
    assert.ok(
      (
        await ask<{ data: number[] }>("textDocument/semanticTokens/range", {
          range: { start: position, end: position },
        })
      ).data.length < 50,
    );
    assert.equal((await ask<unknown[]>("textDocument/formatting", { options })).length, 2);
    assert.deepEqual(
      await ask("textDocument/rangeFormatting", { options, range: { start: position, end: position } }),
      [],
    );
    assert.deepEqual(await ask("textDocument/codeAction", { range, context: { diagnostics: [] } }), []);
    assert.equal((await ask<unknown[]>("textDocument/codeLens", {})).length, 3);
    assert.ok((await ask<unknown[]>("textDocument/inlayHint", { range })).length > 0);
    assert.deepEqual(await ask("textDocument/documentLink", {}), []);
    client.connection.dispose();
  });

  it("follows includes, on disk and open", async () => {
    const client = startServer({ [`${FOLDER}/lib.mshare`]: "process C\n" });
    await initialize(client, FOLDER);
    await open(client, URI, 'include "lib.mshare"\nC: close(0)\n');
    assert.deepEqual((await client.diagnostics(URI)).diagnostics, []);
    const params = { textDocument: { uri: URI }, position: { line: 1, character: 0 } };
    const found = (await client.connection.sendRequest("textDocument/definition", params)) as { uri: string };
    assert.equal(found.uri, `${FOLDER}/lib.mshare`);
    // Opened and changed, the library counts as it is in the editor.
    await open(client, `${FOLDER}/lib.mshare`, "process D\n");
    assert.deepEqual(
      (await client.diagnostics(URI)).diagnostics.map((one) => one.code),
      ["unknown-process"],
    );
    client.connection.dispose();
  });

  it("survives wild positions and documents that are not open", async () => {
    const client = startServer();
    await initialize(client, FOLDER);
    await open(client, URI, "process A\nA: load(");
    for (const position of [
      { line: 99999, character: 0 },
      { line: 0, character: 99999 },
      { line: 1, character: 8 },
      { line: -1, character: -1 },
    ]) {
      for (const method of [
        "hover",
        "completion",
        "signatureHelp",
        "definition",
        "documentHighlight",
        "prepareRename",
      ]) {
        await client.connection
          .sendRequest(`textDocument/${method}`, { textDocument: { uri: URI }, position })
          .catch((error: Error) => assert.doesNotMatch(error.message, /undefined|not a function/));
      }
    }
    assert.equal(
      await client.connection.sendRequest("textDocument/hover", {
        textDocument: { uri: "file:///nowhere" },
        position: { line: 0, character: 0 },
      }),
      null,
    );
    client.connection.dispose();
  });
});

const BUILT = resolve("dist/language-server.js");

describe("language server, built", () => {
  before(function () {
    if (!existsSync(BUILT) || !existsSync(resolve("dist/engine.js"))) this.skip();
  });

  it("serves over stdio and ends with its client", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mshare-"));
    writeFileSync(join(folder, "lib.mshare"), "process C\n");
    const child = spawn(process.execPath, [BUILT, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise<number | null>((done) => child.on("exit", done));
    const client = clientOf(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    await initialize(client, pathToFileURL(folder).href);
    const uri = pathToFileURL(join(folder, "demo.mshare")).href;
    await open(client, uri, 'include "lib.mshare"\nC: opne(1)\n');
    assert.deepEqual(
      (await client.diagnostics(uri)).diagnostics.map((one) => one.code),
      ["unknown-call"],
    );
    await client.connection.sendRequest("shutdown");
    await client.connection.sendNotification("exit");
    assert.equal(await ended, 0);
    client.connection.dispose();
    rmSync(folder, { recursive: true });
  });

  it("serves one client after the other on a port of this machine", async () => {
    const child = spawn(process.execPath, [BUILT, "--port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
    const port = await new Promise<number>((done) =>
      child.stderr.once("data", (data) => done(Number(/127\.0\.0\.1:(\d+)/.exec(String(data))?.[1]))),
    );
    for (let round = 0; round < 2; round++) {
      const socket = connect(port, "127.0.0.1");
      const client = clientOf(new StreamMessageReader(socket), new StreamMessageWriter(socket));
      await initialize(client, FOLDER);
      await open(client, URI, "process A\nA: opne(1)");
      assert.equal((await client.diagnostics(URI)).diagnostics.length, 1);
      await client.connection.sendRequest("shutdown");
      await client.connection.sendNotification("exit");
      client.connection.dispose();
      socket.destroy();
    }
    child.kill();
  });

  it("refuses a port that is none", async () => {
    const child = spawn(process.execPath, [BUILT, "--port", "x"], { stdio: "ignore" });
    assert.equal(await new Promise((done) => child.on("exit", done)), 2);
  });
});
