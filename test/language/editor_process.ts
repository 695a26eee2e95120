// An editor that is not ours, without a window: it drives the built server and prints what came of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const text =
  "kernel linux\nprocess A\nA: p   = mmpa(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nA:   load( p )\n";

interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Has an editor open a scenario with a mistyped call, in a folder of its own, and looks for lines in what it prints. */
export async function printsAll(
  editor: (file: string, folder: string) => Start,
  expected: readonly string[],
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mshare-editor-"));
  try {
    const file = join(folder, "demo.mshare");
    writeFileSync(file, text);
    const { command, args, env } = editor(file, folder);
    const child = spawn(command, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    let out = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (out += data));
    const status = await new Promise<number | null>((done) => child.on("close", done));
    for (const line of expected) assert.ok(out.includes(line), `${line}\nis not in\n${out}`);
    assert.equal(status, 0, out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
