// The built adapter as a program of its own. Where only the program matters, not the simulator, it runs on the tests' small machine.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as esbuild from "esbuild";

export const builtAdapter = resolve("dist/adapter.js");

/** A folder with the built adapter beside an engine that is the tests' small machine. */
export async function adapterOnFakeEngine(): Promise<{ adapter: string; folder: string; remove(): void }> {
  assert.ok(existsSync(builtAdapter), "dist/adapter.js is missing: node tools/build.mjs");
  const folder = mkdtempSync(join(tmpdir(), "mshare-adapter-"));
  const adapter = join(folder, "adapter.js");
  copyFileSync(builtAdapter, adapter);
  await esbuild.build({
    stdin: {
      contents: `import { fakeEngine } from "./test/debug/fake_session.ts";
                 export const { openDebugSession, exceptionFilters } = fakeEngine;`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile: join(folder, "engine.js"),
  });
  return { adapter, folder, remove: () => rmSync(folder, { recursive: true }) };
}

export interface Listening {
  readonly port: number;
  readonly line: string;
  stop(): Promise<void>;
}

/** Starts `adapter --port 0` and waits until it says where it listens. */
export async function listening(adapter: string): Promise<Listening> {
  const child = spawn(process.execPath, [adapter, "--port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
  const line = await firstLine(child);
  const port = Number(/:(\d+)$/.exec(line)?.[1]);
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  };
  return { port, line, stop };
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stderr ?? []) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0];
}
