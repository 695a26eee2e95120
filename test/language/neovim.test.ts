// Neovim's built-in client drives the built server: what an editor that is not ours makes of it.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const text =
  "kernel linux\nprocess A\nA: p   = mmpa(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nA:   load( p )\n";

/** What the editor printed, and its status. */
function drive(folder: string): Promise<{ readonly out: string; readonly status: number | null }> {
  const file = join(folder, "demo.mshare");
  writeFileSync(file, text);
  const editor = spawn("nvim", ["--clean", "--headless", "-c", `luafile ${resolve("test/language/neovim.lua")}`], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      MSHARE_NODE: process.execPath,
      MSHARE_SERVER: resolve("dist/mshare.js"),
      MSHARE_FILE: file,
      // What the editor remembers between runs is nobody's business here.
      XDG_STATE_HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CACHE_HOME: folder,
      XDG_CONFIG_HOME: folder,
    },
  });
  let out = "";
  editor.stdout.on("data", (data) => (out += data));
  editor.stderr.on("data", (data) => (out += data));
  return new Promise((done) => editor.on("close", (status) => done({ out, status })));
}

describe("Neovim with its own language client", function () {
  this.timeout(300_000);

  it("shows, mends, explains, completes, renames, finds and formats", async function () {
    if (spawnSync("nvim", ["--version"]).status !== 0) {
      console.log("      skipped: there is no nvim on this machine");
      return this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), "mshare-nvim-"));
    try {
      const { out, status } = await drive(folder);
      for (const line of [
        "diagnostic: 3 unknown-call There is no call `mmpa`. Did you mean `mmap`?",
        "action: Change to mmap",
        "line 3: A: p   = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
        "hover: mmap(addr, length, prot, flags, fd, offset)",
        "completion: load and munmap",
        "renamed: A:   load( base )",
        "definition: line 3",
        "formatted: A: load(base)",
      ])
        assert.ok(out.includes(line), `${line}\nis not in\n${out}`);
      assert.equal(status, 0, out);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
