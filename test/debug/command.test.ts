// `mshare dap` and `mshare lsp`, as built: both really serve, on standard input and output and on a port.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { RawClient } from "./raw_client.ts";

const command = resolve("dist/mshare.js");
const program = resolve("examples/msharefs-basics.mshare");

describe("the built command's servers", function () {
  this.timeout(60_000);
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  function start(...args: string[]) {
    const child = spawn(process.execPath, [command, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    children.push(child);
    return child as ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable };
  }

  async function client(how: "stdio" | "port", server: "dap" | "lsp"): Promise<RawClient> {
    if (how === "stdio") {
      const child = start(server);
      return new RawClient(child.stdout, child.stdin);
    }
    const child = start(server, "--port", "0");
    let said = "";
    for await (const chunk of child.stderr) {
      said += chunk;
      if (said.includes("\n")) break;
    }
    const socket = connect(Number(/:(\d+)\s*$/.exec(said)?.[1]), "127.0.0.1");
    await once(socket, "connect");
    return new RawClient(socket, socket);
  }

  for (const how of ["stdio", "port"] as const) {
    it(`mshare lsp answers initialize and finds a mistake: ${how}`, async () => {
      const c = await client(how, "lsp");
      const params = { capabilities: {}, rootUri: null, processId: null };
      c.send({ jsonrpc: "2.0", id: 1, method: "initialize", params });
      const { result } = (await c.message(({ id }) => id === 1)) as { result: { capabilities: object } };
      assert.ok("hoverProvider" in result.capabilities);
      c.send({ jsonrpc: "2.0", method: "initialized", params: {} });
      const textDocument = { uri: "file:///x.mshare", languageId: "mshare", version: 1, text: "nonsense here\n" };
      c.send({ jsonrpc: "2.0", method: "textDocument/didOpen", params: { textDocument } });
      await c.message(({ method }) => method === "textDocument/publishDiagnostics");
    });

    it(`mshare dap debugs for a client of a few lines: ${how}`, async () => {
      const c = await client(how, "dap");
      let seq = 0;
      const ask = async (name: string, args: object = {}) => {
        const own = ++seq;
        c.send({ seq: own, type: "request", command: name, arguments: args });
        const answer = await c.message(({ request_seq }) => request_seq === own);
        assert.ok(answer["success"], `${name}: ${answer["message"]}`);
        return answer["body"] as Record<string, never>;
      };
      const stops = () => c.seen.filter(({ event }) => event === "stopped");
      const stop = async (name: string, args: object = {}) => {
        const before = stops().length;
        await ask(name, args);
        await c.message((one) => stops().indexOf(one) >= before);
        return stops()[before]!["body"] as { reason: string; description: string; threadId: number };
      };
      await ask("initialize", { adapterID: "mshare" });
      await ask("launch", { program });
      await ask("setFunctionBreakpoints", { breakpoints: [{ name: "set_pgd into reader" }] });
      const there = await stop("configurationDone");
      assert.equal(there.reason, "function breakpoint");
      assert.match(there.description, /^set_pgd into reader: links the shared sub-tree of /);
      const { stackFrames } = (await ask("stackTrace", { threadId: there.threadId })) as never as {
        stackFrames: { name: string; id: number }[];
      };
      assert.equal(stackFrames[0]?.name, "set_pgd");
      const back = await stop("stepBack", { threadId: there.threadId });
      assert.match(back.description, /in the past$/);
      await ask("disconnect");
    });
  }
});
