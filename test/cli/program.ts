// The built `mshare` as scripts call it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROGRAM = resolve("dist/mshare.js");

export interface Came {
  readonly status: number | null;
  readonly out: string;
  readonly error: string;
}

/** A folder with these files. */
export function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = mkdtempSync(join(tmpdir(), "mshare-cli-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

export function mshare(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Came {
  const { NO_COLOR: _, ...own } = process.env;
  const options = { cwd, encoding: "utf8", env: { ...own, ...env }, maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], options);
  return { status, out: stdout, error: stderr };
}

export function start(cwd: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], { cwd });
}
