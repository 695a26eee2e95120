// The packed extension, made once for all tests that install it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let made: string | undefined;

/** The path of the .vsix; it is gone when the tests are over. */
export function packed(): string {
  made ??= pack();
  return made;
}

function pack(): string {
  const folder = mkdtempSync(join(tmpdir(), "mshare-vsix-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const args = ["tools/package.mjs", "--built", "--out", folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return join(folder, readdirSync(folder)[0]);
}
