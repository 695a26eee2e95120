// A client that is not VS Code: Emacs with dap-mode (Debian: emacs-nox, elpa-dap-mode) drives the built adapter.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { builtAdapter } from "./built_adapter.ts";

const program = resolve("examples/msharefs-basics.mshare");
const script = resolve("test/debug/clients/emacs.el");

/** Debian's Emacs finds Debian's packages unless it is told to skip the site's start-up (-Q). */
function whatIsMissing(home: string): string | undefined {
  if (process.platform !== "linux" || !existsSync("/usr/bin/emacs")) return "there is no Emacs";
  const load = ["--batch", "-q", "--eval", "(package-initialize)", "--eval", "(require 'dap-mode)"];
  const { status } = spawnSync("emacs", load, { env: { ...process.env, HOME: home }, stdio: "ignore" });
  return status === 0 ? undefined : "this Emacs has no dap-mode";
}

describe("Emacs with dap-mode", function () {
  this.timeout(300_000);
  let home = "";
  before(function () {
    home = mkdtempSync(join(tmpdir(), "mshare-emacs-"));
    const missing = whatIsMissing(home);
    if (missing === undefined) return;
    console.log(`      skipped: ${missing}`);
    this.skip();
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  it("stops at a breakpoint, shows variables, steps into the kernel and back, stops at an event", async () => {
    const args = ["--batch", "-q", "-l", script, process.execPath, builtAdapter, program, "31", home];
    const emacs = spawn("emacs", args, { env: { ...process.env, HOME: home }, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let problems = "";
    emacs.stdout.on("data", (chunk) => {
      said += chunk;
    });
    emacs.stderr.on("data", (chunk) => {
      problems += chunk;
    });
    const [status] = await once(emacs, "close");
    assert.equal(status, 0, problems);
    const lines = said.trim().split("\n");
    assert.deepEqual(
      [lines[0], ...lines.slice(2)].map((line) => line.replace(/(kernel|event|step in: \w+) line \d+/, "$1")),
      [
        "breakpoint: reader line 31",
        "variable: fd = 3",
        "variable: p = 0x20000000000",
        "variable: task = reader (pid 2)",
        "step in: user_access",
        "step back: reader line 31",
        "console: the run stops at set_pgd into late",
        lines.at(-2),
        "gone",
      ],
    );
    assert.match(lines[1] ?? "", /^scopes: Event, Task, .*mm, host mm, VMAs, Page tables, TLB cpu1, Locks, /);
    assert.match(lines.at(-2) ?? "", /^event: set_pgd line \d+$/);
  });
});
