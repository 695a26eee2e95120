// What a client may ask beside the features themselves: diagnostics when it wants them, changes of tokens, explanations
// of single offers, symbols of the workspace, files that only the client can read.
import assert from "node:assert/strict";
import type {
  CompletionItem,
  DocumentDiagnosticReport,
  InitializeResult,
  SemanticTokens,
  SemanticTokensDelta,
  TextEdit,
  WorkspaceSymbol,
} from "vscode-languageserver";
import { type Client, open, startServer } from "./session.ts";

const FOLDER = "file:///w";
const URI = `${FOLDER}/demo.mshare`;
const textDocument = { uri: URI };

async function start(client: Client, capabilities: object, initializationOptions?: object): Promise<InitializeResult> {
  const params = { processId: null, rootUri: FOLDER, capabilities, initializationOptions };
  const result = await client.connection.sendRequest<InitializeResult>("initialize", params);
  await client.connection.sendNotification("initialized", {});
  return result;
}

const change = (client: Client, uri: string, version: number, text: string) =>
  client.connection.sendNotification("textDocument/didChange", {
    textDocument: { uri, version },
    contentChanges: [{ text }],
  });

describe("diagnostics that are asked for", () => {
  const pulls = { textDocument: { diagnostic: {} }, workspace: { diagnostics: { refreshSupport: true } } };
  const ask = (client: Client, previousResultId?: string, uri = URI) =>
    client.connection.sendRequest<DocumentDiagnosticReport>("textDocument/diagnostic", {
      textDocument: { uri },
      previousResultId,
    });

  it("are full, then unchanged, then full again", async () => {
    const client = startServer();
    const { capabilities } = await start(client, pulls);
    assert.ok(capabilities.diagnosticProvider);
    await open(client, URI, "process A\nA: opne(1)\n");
    const first = await ask(client);
    assert.ok(first.kind === "full" && first.items.length === 1);
    assert.deepEqual(await ask(client, first.resultId), { kind: "unchanged", resultId: first.resultId });
    await change(client, URI, 2, "process A\nA: load(1)\n");
    const second = await ask(client, first.resultId);
    assert.ok(second.kind === "full" && second.resultId !== first.resultId);
    client.connection.dispose();
  });

  it("are not sent too, and the client hears when an included file has changed", async () => {
    const client = startServer();
    await start(client, pulls);
    let sent = 0;
    client.connection.onNotification("textDocument/publishDiagnostics", () => void sent++);
    const refreshed = new Promise<void>((done) =>
      client.connection.onRequest("workspace/diagnostic/refresh", () => done()),
    );
    await open(client, `${FOLDER}/lib.mshare`, "process C\n");
    await open(client, URI, 'include "lib.mshare"\nC: load(1)\n');
    await ask(client);
    await change(client, `${FOLDER}/lib.mshare`, 2, "process D\n");
    await refreshed;
    const report = await ask(client);
    assert.ok(report.kind === "full" && report.items.some((one) => one.code === "unknown-process"));
    assert.equal(sent, 0);
    client.connection.dispose();
  });

  it("are not offered to a client that does not ask", async () => {
    const client = startServer();
    assert.equal((await start(client, {})).capabilities.diagnosticProvider, undefined);
    client.connection.dispose();
  });
});

describe("a client without files on disk", () => {
  it("is asked for what is included, and nothing is said before it has answered", async () => {
    const client = startServer();
    const asked: string[] = [];
    client.connection.onRequest("mshare/readFile", ({ uri }: { uri: string }) => {
      asked.push(uri);
      return { text: uri === "vfs://w/lib.mshare" ? "process C\n" : null };
    });
    await start(client, {}, { readsFiles: true });
    await open(client, "vfs://w/a.mshare", 'include "lib.mshare"\ninclude "none.mshare"\nC: load(1)\n');
    const { diagnostics } = await client.diagnostics("vfs://w/a.mshare");
    assert.deepEqual(
      diagnostics.filter((one) => one.severity === 1).map((one) => [one.code, one.range.start.line]),
      [["include-missing", 1]],
    );
    assert.deepEqual(asked.sort(), ["vfs://w/lib.mshare", "vfs://w/none.mshare"]);
    client.connection.dispose();
  });
});

describe("a client that types", () => {
  it("gets what an offer means when it looks at it", async () => {
    const client = startServer();
    await start(client, {});
    await open(client, URI, "process A\nA: \n");
    const items = await client.connection.sendRequest<CompletionItem[]>("textDocument/completion", {
      textDocument,
      position: { line: 1, character: 3 },
    });
    const mmap = items.find((item) => item.label === "mmap")!;
    assert.equal(mmap.documentation, undefined);
    const resolved = await client.connection.sendRequest<CompletionItem>("completionItem/resolve", mmap);
    assert.match(JSON.stringify(resolved.documentation), /MAP_ANONYMOUS/);
    // One of a list that is gone comes back as it is.
    const stale = { ...mmap, data: { list: 0, index: 0 } };
    assert.deepEqual(await client.connection.sendRequest("completionItem/resolve", stale), stale);
    client.connection.dispose();
  });

  it("gets changes of tokens that give what all tokens would be", async () => {
    const client = startServer();
    await start(client, {});
    await open(client, URI, "process A\nA: load(1)\nA: load(2)\n");
    const before = await client.connection.sendRequest<SemanticTokens>("textDocument/semanticTokens/full", {
      textDocument,
    });
    await change(client, URI, 2, "process A\nA: load(1)\nA: touch(1, 4KiB, write)\nA: load(2)\n");
    const delta = await client.connection.sendRequest<SemanticTokensDelta>("textDocument/semanticTokens/full/delta", {
      textDocument,
      previousResultId: before.resultId,
    });
    const data = [...before.data];
    for (const edit of delta.edits) data.splice(edit.start, edit.deleteCount, ...(edit.data ?? []));
    const after = await client.connection.sendRequest<SemanticTokens>("textDocument/semanticTokens/full", {
      textDocument,
    });
    assert.deepEqual(data, after.data);
    client.connection.dispose();
  });

  it("gets the line that it ended put in order, and no other", async () => {
    const client = startServer();
    await start(client, {});
    const lines = ["process A", "A:   load( 1 )", "", "A:   load( 2 )"];
    await open(client, URI, `${lines.join("\n")}\n`);
    const edits = await client.connection.sendRequest<TextEdit[]>("textDocument/onTypeFormatting", {
      textDocument,
      position: { line: 2, character: 0 },
      ch: "\n",
      options: { tabSize: 2, insertSpaces: true },
    });
    assert.ok(edits.length > 0 && edits.every((edit) => edit.range.start.line === 1 && edit.range.end.line === 1));
    client.connection.dispose();
  });
});

describe("symbols of the workspace", () => {
  it("are those of open scenarios and of what they include", async () => {
    const client = startServer({ [`${FOLDER}/lib.mshare`]: "process courier\nlet SIZE = 4KiB\n" });
    await start(client, {});
    await open(client, URI, 'include "lib.mshare"\nprocess A\nlabel here\nA: load(1)\n');
    const find = async (query: string) =>
      (await client.connection.sendRequest<WorkspaceSymbol[]>("workspace/symbol", { query })).map((one) => [
        one.name,
        one.location.uri,
      ]);
    assert.deepEqual(await find("cor"), [["courier", `${FOLDER}/lib.mshare`]]);
    assert.deepEqual((await find("")).map(([name]) => name).sort(), ["A", "SIZE", "courier", "here"]);
    client.connection.dispose();
  });
});
