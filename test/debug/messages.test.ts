// The adapter in a worker: messages in, messages out, and files that come when they are asked for.
import assert from "node:assert/strict";
import { serveMessages, type ToWorker } from "../../server/debug/messages.ts";
import { checkFile, exceptionFilters, openDebugSession } from "../../sim/session.ts";

interface Message {
  type: string;
  seq: number;
  command?: string;
  event?: string;
  success?: boolean;
  message?: string;
  body?: { output?: string; source?: { path: string }; exitCode?: number };
}

/** An editor whose files are URIs, and which takes its time to read them. */
function connect(files: Map<string, string>) {
  const log: Message[] = [];
  const reads: string[] = [];
  const waiting: { found(message: Message): boolean; resolve(message: Message): void }[] = [];
  let tell: (message: ToWorker) => void = () => undefined;
  const port = {
    receive: (listener: typeof tell) => void (tell = listener),
    send(said: { kind: string; message?: unknown; path?: string }) {
      if (said.kind === "message") {
        const message = said.message as Message;
        log.push(message);
        for (const one of waiting.filter(({ found }) => found(message))) one.resolve(message);
        return;
      }
      const path = said.path!;
      reads.push(path);
      setImmediate(() => tell({ kind: "file", path, text: files.get(path) }));
    },
  };
  serveMessages(port, { checkFile, exceptionFilters, openDebugSession });
  tell({ kind: "start", productRoot: "https://editor.example/mshare", sourceMap: undefined });
  const until = (found: (message: Message) => boolean) =>
    new Promise<Message>((resolve) => {
      waiting.push({ found, resolve });
    });
  let seq = 1;
  const request = (command: string, args?: object): Promise<Message> => {
    const answered = until((message) => message.type === "response" && message.command === command);
    tell({ kind: "message", message: { type: "request", seq: seq++, command, arguments: args } });
    return answered;
  };
  const event = (name: string) => until((message) => message.event === name);
  return { log, reads, request, event };
}

const program = "memory://host/main.mshare";
const included = "memory://host/machine.mshare";
const main = 'include "machine.mshare"\nprocess a\na: p = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n';

describe("the adapter in a worker", () => {
  it("runs a scenario that is in no file, with what it includes", async () => {
    const { log, reads, request, event } = connect(
      new Map([
        [program, main],
        [included, "kernel linux\nmachine { cpus: 1, memory: 64MiB }\n"],
      ]),
    );
    await request("initialize");
    const initialized = event("initialized");
    assert.equal((await request("launch", { program })).success, true);
    await initialized;
    const over = event("terminated");
    await request("configurationDone");
    await over;
    assert.deepEqual(reads, [program, included]);
    assert.match(log.map(({ body }) => body?.output ?? "").join(""), /memory:\/\/host\/main\.mshare[\s\S]*PASS/);
    assert.deepEqual(
      log.map(({ seq }) => seq),
      log.map((_, index) => index + 1),
    );
  });

  it("says what is missing", async () => {
    const { request } = connect(new Map([[program, main]]));
    await request("initialize");
    const { success, message } = await request("launch", { program });
    assert.equal(success, false);
    assert.match(message!, /There is no file `machine\.mshare`/);
  });

  it("reads afresh for a restart", async () => {
    const files = new Map([
      [program, main],
      [included, "kernel linux\n"],
    ]);
    const { reads, request, event } = connect(files);
    await request("initialize");
    const initialized = event("initialized");
    await request("launch", { program, stopOnEntry: true });
    await initialized;
    const stopped = event("stopped");
    await request("configurationDone");
    await stopped;
    files.set(included, "kernel linx\n");
    const { success, message } = await request("restart", { arguments: { program } });
    assert.equal(success, false);
    assert.match(message!, /linx/);
    assert.deepEqual(reads, [program, included, program, included]);
  });
});
