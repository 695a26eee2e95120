// Clients of the language server that are not all alike: one that does not ask for diagnostics, one with a folder of scenarios, one
// that types fast.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Location, SemanticTokens, WorkspaceEdit } from "vscode-languageserver";
import { CancellationTokenSource, LSPErrorCodes } from "vscode-languageserver/node";
import { LIB, Program } from "./program.ts";
import { open } from "./session.ts";

describe("mshare lsp, for a client that does not ask for diagnostics", function () {
  this.timeout(120_000);
  const session = new Program();
  after(() => session.clear());

  it("sends them, for each version of the text", async () => {
    const { diagnosticProvider } = await session.start({});
    assert.equal(diagnosticProvider, undefined);
    const first = await session.client.diagnostics(session.uri);
    assert.deepEqual([first.version, first.diagnostics.map(({ code }) => code)], [1, ["will-fail", "will-fail"]]);
    await session.edit("1GiB })", "512GiB })");
    const second = await session.client.diagnostics(session.uri);
    // The region has its size now, and nothing was mapped into it.
    assert.deepEqual([second.version, second.diagnostics.map(({ code }) => code)], [2, ["unmapped-access"]]);
    await session.client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: session.uri } });
    assert.deepEqual((await session.client.diagnostics(session.uri)).diagnostics, []);
    await session.end();
  });
});

describe("mshare lsp, in a folder of scenarios that share a file", function () {
  this.timeout(120_000);
  const session = new Program();
  after(() => session.clear());

  it("changes a name in all of them, open or not, and says for which version", async () => {
    writeFileSync(join(session.folder, "closed.mshare"), 'include "lib.mshare"\nreader: load(REGION) faults SIGSEGV\n');
    writeFileSync(join(session.folder, "taken.mshare"), 'include "lib.mshare"\nprocess late\nreader: load(8)\n');
    writeFileSync(join(session.folder, "stranger.mshare"), "process reader\nreader: load(8) faults SIGSEGV\n");
    await session.start({ workspace: { workspaceEdit: { documentChanges: true } } });
    const [lib, closed, taken] = ["lib", "closed", "taken"].map((name) => session.uriOf(`${name}.mshare`));
    await open(session.client, lib!, LIB);
    const ask = <Result>(method: string, more: object) => {
      const place = { textDocument: { uri: lib }, position: { line: 0, character: 9 } };
      return session.client.connection.sendRequest<Result>(`textDocument/${method}`, { ...place, ...more });
    };
    const found = await ask<Location[]>("references", { context: { includeDeclaration: true } });
    const counts = new Map<string, number>();
    for (const { uri } of found) counts.set(uri, (counts.get(uri) ?? 0) + 1);
    assert.deepEqual(Object.fromEntries(counts), { [lib!]: 1, [session.uri]: 2, [closed!]: 1, [taken!]: 1 });
    const { documentChanges = [] } = await ask<WorkspaceEdit>("rename", { newName: "client" });
    const versions = documentChanges.map(
      (change) => "textDocument" in change && [change.textDocument.uri, change.textDocument.version],
    );
    assert.deepEqual(Object.fromEntries(versions as [string, number | null][]), {
      [lib!]: 1,
      [session.uri]: 1,
      [closed!]: null,
      [taken!]: null,
    });
    await assert.rejects(ask("rename", { newName: "late" }), /In taken\.mshare: There is already a process `late`/);
  });

  it("ends when it is told to", () => session.end());
});

describe("mshare lsp, for somebody who types fast", function () {
  this.timeout(120_000);
  const session = new Program();
  after(() => session.clear());

  it("does not work on what is taken back before its turn", async () => {
    await session.start({});
    const uri = session.uriOf("long.mshare");
    await open(session.client, uri, `process A\n${"A: load(4096) faults SIGSEGV\n".repeat(4000)}`);
    const { connection } = session.client;
    const params = { textDocument: { uri } };
    const outcomes = Array.from({ length: 30 }, () => {
      const source = new CancellationTokenSource();
      const asked = connection.sendRequest("textDocument/semanticTokens/full", params, source.token);
      source.cancel();
      return asked.then(
        () => "answered",
        ({ code }) => (code === LSPErrorCodes.RequestCancelled ? "taken back" : `error ${code}`),
      );
    });
    const last = connection.sendRequest<SemanticTokens>("textDocument/semanticTokens/full", params);
    const came = await Promise.all(outcomes);
    assert.ok(came.filter((one) => one === "taken back").length > 20, came.join());
    assert.ok((await last).data.length > 4000);
    await session.end();
  });
});
