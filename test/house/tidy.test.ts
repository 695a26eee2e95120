// What must not stand in the repository: traces of the machine it was made on, and tests that switch others off.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

const root = process.cwd();
const made = new Set(["node_modules", "dist", "out", ".git", ".cache"]);

const files = filesBelow(root).filter((file) => !file.endsWith(".vsix"));

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (made.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [relative(root, path)] : [];
  });
}

function linesWith(pattern: RegExp, among: string[]): string[] {
  return among.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    if (text.includes("\0")) return []; // a picture
    const lines = text.split("\n");
    return lines.flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : []));
  });
}

describe("the repository", () => {
  it("is what is looked at", () => {
    assert.ok(files.includes("package.json") && files.includes("extension/extension.ts"), files.join(" "));
  });

  it("names no path of the machine it was written on", () => {
    const home = new RegExp(`(?<![\\w.])${["", "work", ""].join("/")}`);
    assert.deepEqual(linesWith(home, files), []);
  });

  it("locks packages without the addresses they were downloaded from", () => {
    const resolved = new RegExp(`"resolved": "${"http"}`);
    assert.deepEqual(linesWith(resolved, ["package-lock.json"]), []);
    assert.ok(statSync("package-lock.json").size > 10_000, "a lock file that locks something");
  });

  it("has no test that switches all others off", () => {
    const only = /\b(?:describe|context|suite|it|test)\.only\s*\(/;
    assert.deepEqual(
      linesWith(
        only,
        files.filter((file) => file.startsWith("test/")),
      ),
      [],
    );
  });
});
