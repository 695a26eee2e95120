// `mshare lsp` as an editor starts it: the built program, over its standard input and output.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { type InitializeResult, StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { clientOf, initialize, open } from "./session.ts";

describe("mshare lsp", function () {
  this.timeout(120_000);

  it("serves, says where each code is explained, and ends when it is told to", async () => {
    const server = spawn(process.execPath, [resolve("dist/mshare.js"), "lsp", "--stdio"]);
    const ended = new Promise((done) => server.on("exit", done));
    after(() => void server.kill());
    const client = clientOf(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
    const { capabilities } = (await initialize(client, "file:///w")) as InitializeResult;
    assert.ok(capabilities.hoverProvider);
    await open(client, "file:///w/a.mshare", "process A\nA: opne(1)\n");
    const { diagnostics } = await client.diagnostics("file:///w/a.mshare");
    assert.match(diagnostics[0].codeDescription?.href ?? "", /^file:.*\/docs\/diagnostics\.md#unknown-call$/);
    // The pages of docs/bugs say by themselves which fix they are about.
    const fixed = "file:///w/b.mshare";
    await open(client, fixed, "kernel mshare-v3 { fixes: [unlink-on-munmap] }\nprocess A\nA: load(0)\n");
    const links = (await client.connection.sendRequest("textDocument/documentLink", {
      textDocument: { uri: fixed },
    })) as { target: string }[];
    assert.deepEqual(
      links.map(({ target }) => /docs\/bugs\/.*/.exec(target)?.[0]),
      ["docs/bugs/mshare-unlink-on-munmap.md"],
    );
    await client.connection.sendRequest("shutdown");
    await client.connection.sendNotification("exit");
    assert.equal(await ended, 0);
  });
});
