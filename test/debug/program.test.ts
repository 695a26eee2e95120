// The adapter as a program: bytes in, bytes out, and no process left behind.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { adapterOnFakeEngine, type Listening, listening } from "./built_adapter.ts";

const message = (body: object | string) => {
  const json = typeof body === "string" ? body : JSON.stringify(body);
  return `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
};
const request = (seq: number, command: string, args?: object) => ({ seq, type: "request", command, arguments: args });

/** Reads messages until one answers request `seq`. */
async function answerTo(seq: number, stream: Readable): Promise<DebugProtocol.Response> {
  let text = "";
  for (;;) {
    const [chunk] = await once(stream, "data");
    text += chunk;
    for (const part of text.split(/Content-Length: \d+\r\n\r\n/)) {
      if (!part.endsWith("}") || !part.includes(`"request_seq":${seq},`)) continue;
      return JSON.parse(part);
    }
  }
}

describe("the adapter as a program", () => {
  let adapter = "";
  let scenario = "";
  let endless = "";
  let remove = () => {};
  const children: ChildProcess[] = [];

  before(async () => {
    const built = await adapterOnFakeEngine();
    ({ adapter, remove } = built);
    scenario = join(built.folder, "demo.mshare");
    endless = join(built.folder, "endless.mshare");
    writeFileSync(scenario, "A: x = 1\nB: x = 2\nA: x = 3\n");
    writeFileSync(endless, "A: x = 1\nspin 1000000000000\n");
  });
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    remove();
  });

  function start(): ChildProcess & { stdin: NonNullable<ChildProcess["stdin"]>; stdout: Readable } {
    const child = spawn(process.execPath, [adapter], { stdio: ["pipe", "pipe", "inherit"] });
    children.push(child);
    return child;
  }

  describe("on standard input and output", () => {
    it("debugs: a breakpoint, a step, the end", async () => {
      const client = new DebugClient(process.execPath, adapter, "mshare");
      await client.start();
      try {
        await client.hitBreakpoint({ program: scenario }, { path: scenario, line: 2 });
        const stop = client.assertStoppedLocation("step", { path: scenario, line: 3 });
        await client.nextRequest({ threadId: 2 });
        await stop;
        const end = [client.waitForEvent("exited"), client.waitForEvent("terminated")];
        await client.continueRequest({ threadId: 1 });
        assert.deepEqual((await Promise.all(end))[0].body, { exitCode: 0 });
      } finally {
        await client.stop();
      }
    });

    it("ends with its client: after disconnect", async () => {
      const child = start();
      child.stdin.write(message(request(1, "initialize", { adapterID: "mshare" })));
      await answerTo(1, child.stdout);
      child.stdin.write(message(request(2, "disconnect")));
      assert.ok((await answerTo(2, child.stdout)).success);
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });

    it("ends with its client: when the input ends, even in an endless run", async () => {
      const child = start();
      child.stdin.write(message(request(1, "initialize", { adapterID: "mshare" })));
      child.stdin.write(message(request(2, "launch", { program: endless })));
      child.stdin.write(message(request(3, "configurationDone")));
      await answerTo(3, child.stdout);
      child.stdin.end();
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });

    it("ends with its client: when nobody reads its output any more", async () => {
      const child = start();
      child.stdout.destroy();
      child.stdin.on("error", () => {});
      child.stdin.write(message(request(1, "initialize", { adapterID: "mshare" })));
      child.stdin.write(message(request(2, "threads")));
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });

    it("answers disconnect in the middle of an endless run", async () => {
      const child = start();
      child.stdin.write(message(request(1, "initialize", { adapterID: "mshare" })));
      child.stdin.write(message(request(2, "launch", { program: endless })));
      child.stdin.write(message(request(3, "configurationDone")));
      await answerTo(3, child.stdout);
      child.stdin.write(message(request(4, "disconnect")));
      assert.ok((await answerTo(4, child.stdout)).success);
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });

    it("survives bytes that are no messages", async () => {
      const child = start();
      child.stdin.write(message("{ this is no JSON"));
      child.stdin.write(message("null"));
      child.stdin.write(message("[1,2]"));
      child.stdin.write("Content-Length: zwölf\r\n\r\nNonsense: yes\r\n\r\n");
      child.stdin.write(message(request(7, "initialize", { adapterID: "mshare" })));
      assert.ok((await answerTo(7, child.stdout)).success);
      child.stdin.end();
      await once(child, "exit");
    });

    it("takes messages in pieces and several at once", async () => {
      const child = start();
      const bytes = Buffer.from(
        message(request(1, "initialize", { adapterID: "m🙂" })) + message(request(2, "threads")),
      );
      child.stdin.write(bytes.subarray(0, 30));
      await new Promise((done) => setTimeout(done, 20));
      child.stdin.write(bytes.subarray(30));
      assert.match(String((await answerTo(2, child.stdout)).message), /nothing has been launched/);
      child.stdin.end();
      await once(child, "exit");
    });
  });

  describe("with --port", () => {
    let server: Listening;
    before(async () => {
      server = await listening(adapter);
    });
    after(() => server.stop());

    it("says where it listens", () => {
      assert.match(server.line, /^the debug adapter listens on 127\.0\.0\.1:\d+$/);
    });

    it("debugs: one session a connection, several at a time", async () => {
      const clients = [1, 2].map(() => new DebugClient(process.execPath, adapter, "mshare"));
      for (const client of clients) await client.start(server.port);
      await clients[0].hitBreakpoint({ program: scenario }, { path: scenario, line: 2 });
      await clients[1].hitBreakpoint({ program: scenario }, { path: scenario, line: 3 });
      for (const client of clients) await client.stop();
    });

    it("goes on listening after a client broke off", async () => {
      const rude = await socketTo(server.port);
      rude.write(message(request(1, "initialize", { adapterID: "mshare" })));
      rude.write("Content-Length: 999999\r\n\r\n{");
      rude.destroy();
      const client = await socketTo(server.port);
      client.write(message(request(1, "initialize", { adapterID: "mshare" })));
      assert.ok((await answerTo(1, client)).success);
      client.write(message(request(2, "disconnect")));
      assert.ok((await answerTo(2, client)).success);
      await once(client, "close");
    });

    it("is not to be reached from outside", async () => {
      const outside = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
      const address = outside.find(({ internal, family }) => !internal && family === "IPv4")?.address;
      // A machine without a network is unreachable anyway; another loopback address must be refused everywhere.
      for (const host of [address, "127.0.0.2"]) {
        if (host !== undefined) await assert.rejects(socketTo(server.port, host), /ECONNREFUSED/);
      }
    });
  });

  it("refuses arguments that it does not know", () => {
    for (const args of [["--port"], ["--port", "x"], ["--port", "70000"], ["--server=1"], ["file.mshare"]]) {
      const { status, stderr } = spawnSync(process.execPath, [adapter, ...args], { encoding: "utf8" });
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, /usage: adapter/);
    }
  });
});

async function socketTo(port: number, host = "127.0.0.1"): Promise<Socket> {
  const socket = connect(port, host);
  await once(socket, "connect");
  return socket;
}
