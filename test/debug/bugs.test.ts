// Every scenario of a known bug, over the adapter: the session stops where each report that the scenario awaits is made, says
// what it is, and goes back from there, to the cause by what the bug's page says.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { TestClient, turn } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const folder = resolve("test/scenarios/bugs");
const files = readdirSync(folder).filter((file) => file.endsWith(".mshare"));

/** The kinds that a scenario awaits. */
const awaited = (text: string) => new Set([...text.matchAll(/^expect bug ([\w-]+)/gm)].map(([, kind]) => kind));

/** Waits for the next stop, or the end. Gives the thread that stopped; 0 at the end. */
async function stopOrEnd(client: TestClient, from: number): Promise<{ reason: string; threadId: number } | undefined> {
  for (let turns = 0; turns < 100_000; turns++) {
    for (const { event, body } of client.events.slice(from)) {
      if (event === "stopped") return body;
      if (event === "terminated") return undefined;
    }
    await turn();
  }
  throw new Error(`neither a stop nor the end: ${JSON.stringify(client.events.slice(-3))}`);
}

/** What a bug's page says of the way back: the event to break on, and the line of the scenario where that is. */
function wayBack(name: string): { readonly words: string; readonly line: number } {
  const page = readFileSync(resolve("docs/bugs", `${name}.md`), "utf8");
  const row = /^\| back to the cause \| break on `([^`]+)` and reverse: line (\d+) \|$/m.exec(page);
  assert.ok(row, `docs/bugs/${name}.md says how to get back to the cause`);
  return { words: row[1]!, line: Number(row[2]) };
}

describe("scenarios of known bugs in the debugger", () => {
  for (const file of files) {
    const text = readFileSync(join(folder, file), "utf8");
    const kinds = awaited(text);
    if (kinds.size === 0) continue;

    it(`${basename(file, ".mshare")}: stops at ${[...kinds].join(", ")}`, async function () {
      this.timeout(120_000);
      const client = new TestClient(realEngine, realHost);
      let from = client.events.length;
      client.launch({ program: join(folder, file) }, () =>
        client.request("setExceptionBreakpoints", { filters: [...kinds] }),
      );
      const missing = new Set(kinds);
      for (;;) {
        const stopped = await stopOrEnd(client, from);
        if (!stopped) break;
        if (stopped.reason === "exception" && missing.size > 0) await look(client, stopped.threadId, missing);
        if (missing.size === 0) break;
        from = client.events.length;
        client.request("continue", { threadId: stopped.threadId });
      }
      client.request("disconnect");
      assert.deepEqual([...missing], []);
    });

    it(`${basename(file, ".mshare")}: back from its first report to the cause`, async function () {
      this.timeout(120_000);
      const { words, line } = wayBack(basename(file, ".mshare"));
      const [first] = kinds;
      const client = new TestClient(realEngine, realHost);
      let from = client.events.length;
      client.launch({ program: join(folder, file) }, () =>
        client.request("setExceptionBreakpoints", { filters: [first] }),
      );
      let stopped = await stopOrEnd(client, from);
      while (stopped && stopped.reason !== "exception") {
        from = client.events.length;
        client.request("continue", { threadId: stopped.threadId });
        stopped = await stopOrEnd(client, from);
      }
      assert.ok(stopped, `no report of ${first}`);
      client.request("setExceptionBreakpoints", { filters: [] });
      const [event] = client.request("setFunctionBreakpoints", { breakpoints: [{ name: words }] }).breakpoints;
      assert.ok(event!.verified, `${words}: ${event!.message}`);
      from = client.events.length;
      client.request("reverseContinue", { threadId: stopped.threadId });
      const back = await stopOrEnd(client, from);
      assert.equal(back?.reason, "function breakpoint", `there is no ${words} before the report`);
      const { stackFrames } = client.request("stackTrace", { threadId: back.threadId });
      assert.equal(stackFrames.at(-1)!.line, line, `${words} is in line ${stackFrames.at(-1)!.line}`);
      client.request("disconnect");
    });
  }
});

/** The report at this stop: its kind, its place, and the step before it, from which the same stop comes again. */
async function look(client: TestClient, threadId: number, missing: Set<string>): Promise<void> {
  const { exceptionId, description } = await client.answer("exceptionInfo", { threadId });
  const [top] = client.request("stackTrace", { threadId }).stackFrames;
  assert.ok(missing.size === 0 || description, "a report says what it is");
  // What is found when the run is over has no place.
  assert.ok(!top || top.line > 0, `${exceptionId} has a place`);
  if (!missing.delete(exceptionId)) return;
  const from = client.events.length;
  client.request("stepBack", { threadId, granularity: "instruction" });
  const back = await stopOrEnd(client, from);
  assert.ok(back, "going back does not end the session");
  // At the end of a run others may be told before it.
  for (let thread = back.threadId, told = ""; told !== exceptionId; ) {
    const after = client.events.length;
    client.request("continue", { threadId: thread });
    const again = await stopOrEnd(client, after);
    assert.equal(again?.reason, "exception", `${exceptionId} comes again`);
    thread = again.threadId;
    told = (await client.answer("exceptionInfo", { threadId: thread })).exceptionId;
  }
}
