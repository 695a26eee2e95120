// Emacs's language client (Debian: emacs-nox, elpa-eglot; part of Emacs from 29 on) drives the built server.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { printsAll } from "./editor_process.ts";

const emacs = (file: string, folder: string) => ({
  command: "emacs",
  args: [
    ...["--batch", "-q", "-l", resolve("test/language/eglot.el")],
    ...[process.execPath, resolve("dist/mshare.js"), file, folder],
  ],
  env: { HOME: folder },
});

/** Debian's Emacs finds Debian's packages unless it is told to skip the site's start-up (-Q). */
function hasEglot(): boolean {
  const load = ["--batch", "-q", "--eval", "(package-initialize)", "--eval", "(require 'eglot)"];
  return spawnSync("emacs", load, { stdio: "ignore" }).status === 0;
}

describe("Emacs with Eglot", function () {
  this.timeout(300_000);

  it("shows, mends, explains, completes, renames, finds and formats", async function () {
    if (!hasEglot()) {
      console.log("      skipped: there is no Emacs with Eglot on this machine");
      return this.skip();
    }
    await printsAll(emacs, [
      "diagnostic: 3 mshare [unknown-call]: There is no call `mmpa`. Did you mean `mmap`?",
      "action: Change to mmap",
      "line 3: A: p   = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "mmap(addr, length, prot, flags, fd, offset)",
      "completion: load and munmap",
      "renamed: A:   load( base )",
      "definition: line 3",
      "formatted: A: load(base)",
      "server: gone",
    ]);
  });
});
