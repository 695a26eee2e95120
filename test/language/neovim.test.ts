// Neovim's built-in client drives the built server: what an editor that is not ours makes of it.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { printsAll } from "./editor_process.ts";

const neovim = (file: string, folder: string) => ({
  command: "nvim",
  args: ["--clean", "--headless", "-c", `luafile ${resolve("test/language/neovim.lua")}`],
  env: {
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

describe("Neovim with its own language client", function () {
  this.timeout(300_000);

  it("shows, mends, explains, completes, renames, finds and formats", async function () {
    if (spawnSync("nvim", ["--version"]).status !== 0) {
      console.log("      skipped: there is no nvim on this machine");
      return this.skip();
    }
    await printsAll(neovim, [
      "diagnostic: 3 unknown-call There is no call `mmpa`. Did you mean `mmap`?",
      "action: Change to mmap",
      "line 3: A: p   = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "hover: mmap(addr, length, prot, flags, fd, offset)",
      "completion: load and munmap",
      "renamed: A:   load( base )",
      "definition: line 3",
      "formatted: A: load(base)",
    ]);
  });
});
