// What docs/command-line.md promises, held against the built program.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { folder, mshare, start } from "./program.ts";

const GOOD = "process a\na: load(0) faults SIGSEGV\n";
const BAD = "process a\na: laod(0)\n";
const FAILING = "process a\na: load(0) == 1\na: munmap(1, 1)\nexpect stat(a).minflt == 7\n";
const LONG = `process a\na: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 10000000 { a: store(p, 0xffffffffffffffff) }\n`;
/** One call that faults in twelve million pages. */
const ONE_CALL = `machine { memory: 64GiB }\nprocess a
a: p = mmap(0, 48GiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)\n`;
const BATCHES = `machine { memory: 4GiB }\nprocess a
a: p = mmap(0, 2GiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 1000000 {
  a: touch(p, 2GiB, write)
  a: madvise(p, 2GiB, MADV_DONTNEED)
}\n`;

const files = {
  "good.mshare": GOOD,
  "bad.mshare": BAD,
  "failing.mshare": FAILING,
  "long.mshare": LONG,
  "one-call.mshare": ONE_CALL,
  "batches.mshare": BATCHES,
  "-dash.mshare": GOOD,
  "windows.mshare": `\ufeff${GOOD.replaceAll("\n", "\r\n")}`,
  "binary.mshare": Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) % 256),
  "large.mshare": `process a\n${"// nothing at all\n".repeat(600_000)}`,
  "list.txt": "[b, a]",
  "enormous.mshare": "",
};
const lines = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("mshare on the command line", function () {
  this.timeout(60_000);
  let here = "";
  before(() => {
    here = folder(files);
  });

  it("is a program of its own, as npx starts it", () => {
    assert.match(execFileSync("dist/mshare.js", ["--version"], { encoding: "utf8" }), /^\d+\.\d+\.\d+\n$/);
  });
  const status = (...args: string[]) => mshare(here, args).status;

  it("ends with 0, 1, 2 or 3", () => {
    assert.equal(status("run", "good.mshare"), 0);
    assert.equal(status("run", "failing.mshare"), 1);
    for (const file of ["bad.mshare", "none.mshare", ".", "binary.mshare", "large.mshare"])
      assert.equal(status("run", file), 2, file);
    assert.equal(status("run", "--max-steps", "5", "good.mshare"), 3);
    assert.equal(status("run", "good.mshare", "failing.mshare", "bad.mshare"), 2);
    assert.equal(status("check", "good.mshare", "failing.mshare"), 0);
    assert.equal(status("check", "good.mshare", "bad.mshare"), 2);
  });

  it("refuses arguments that mean nothing, with one line that says why", () => {
    const wrong = [
      ["frob"],
      ["run"],
      ["run", "--frob", "good.mshare"],
      ["run", "--kernel", "nope", "good.mshare"],
      ["run", "--set", "nope=1", "good.mshare"],
      ["run", "--set", "nope", "good.mshare"],
      ["run", "--fix", "nope", "good.mshare"],
      ["run", "--max-steps", "0", "good.mshare"],
      ["run", "--schedule", "random:x", "good.mshare"],
      ["run", "--schedule", "none.txt", "good.mshare"],
      ["run", "--color", "blue", "good.mshare"],
      ["run", "--json", "--json", "good.mshare"],
      ["check", "--kernel", "nope", "good.mshare"],
      ["designs", "good.mshare"],
      ["help", "nope"],
      ["conform", "none.mshare"],
      ["dap", "--frob"],
      ["lsp", "--frob"],
    ];
    for (const args of wrong) {
      const came = mshare(here, args);
      assert.equal(came.status, 2, args.join(" "));
      assert.equal(came.out, "", args.join(" "));
      assert.match(came.error, /^mshare: .+\n$/, args.join(" "));
    }
  });

  it("names what was meant, or what there is", () => {
    const said = (...args: string[]) => mshare(here, args).error;
    assert.equal(said("rnu", "good.mshare"), "mshare: there is no command rnu; did you mean run?\n");
    assert.equal(said("run", "--jsn"), "mshare: run: unknown option --jsn; did you mean --json?\n");
    assert.match(said("run", "--kernel", "nope", "good.mshare"), /`nope`\. `mshare designs` lists them\./);
    assert.match(
      said("run", "--set", "nope=1", "good.mshare"),
      /has no option `nope`\. It has `version`, `pt_reclaim`\./,
    );
  });

  it("says why a file cannot be read, whichever command reads it", () => {
    const why = {
      "none.mshare": "there is no such file",
      "good.mshare/none.mshare": "there is no such file",
      ".": "it is a folder, not a scenario",
      "binary.mshare": "it is not text in UTF-8",
      "enormous.mshare": "it is larger than 64 MiB",
      "/dev/null": "it is no regular file",
    };
    truncateSync(join(here, "enormous.mshare"), 2 ** 27);
    for (const [file, reason] of Object.entries(why))
      for (const command of ["run", "explore", "check", "export", "conform"])
        assert.equal(mshare(here, [command, file]).error, `mshare: ${file}: ${reason}.\n`, command);
  });

  it("reads files with CR and a byte order mark, and any name behind --", () => {
    assert.equal(status("run", "windows.mshare"), 0);
    assert.equal(status("run", "--", "-dash.mshare"), 0);
    assert.match(
      mshare(here, ["check", "large.mshare"]).out,
      /\[too-large\]\n {2}see docs\/diagnostics\.md#too-large\n$/,
    );
    const [{ diagnostics }] = lines(mshare(here, ["check", "--json", "large.mshare"]).out);
    assert.deepEqual(
      diagnostics.map(({ code, page }: { code: string; page: string }) => [code, page]),
      [["too-large", "docs/diagnostics.md#too-large"]],
    );
  });

  it("prints the documented object with --json", () => {
    const came = mshare(here, ["run", "--json", "failing.mshare", "bad.mshare", "none.mshare"]);
    const [failing, bad, none] = lines(came.out);
    assert.equal(came.error, "");
    assert.deepEqual([failing.file, failing.kernel, failing.verdict], ["failing.mshare", "linux", "fail"]);
    for (const name of ["steps", "accesses", "faults"]) assert.equal(typeof failing[name], "number", name);
    const { line, actor, call, result, errno, signal, ok } = failing.statements[0];
    assert.deepEqual([line, actor, call, result, errno, signal, ok], [2, "a", "load", null, null, "SIGSEGV", false]);
    assert.deepEqual(failing.expectations[0].text, "expect stat(a).minflt == 7");
    assert.equal(failing.warnings[0].message, "munmap failed with EINVAL");
    assert.equal(failing.processes.a.VmPTE, 0);
    assert.equal(failing.meminfo.PageTables, 4096);
    assert.deepEqual([bad.verdict, bad.diagnostics[0].line, bad.diagnostics[0].column], ["refused", 2, 4]);
    assert.deepEqual([bad.diagnostics[0].severity, bad.diagnostics[0].code], ["error", "unknown-call"]);
    assert.deepEqual([none.file, none.verdict, none.diagnostics], ["none.mshare", "refused", []]);
  });

  it("keeps the last 1,000 statements, and large integers as decimal strings", () => {
    const [report] = lines(mshare(here, ["run", "--json", "--max-steps", "20000", "long.mshare"]).out);
    assert.equal(report.verdict, "limit");
    assert.equal(report.statements.length, 1000);
    assert.ok(report.omitted > 0);
    assert.equal(report.statements.at(-1).result, "18446744073709551615");
    assert.equal(report.processes.a.VmPTE, 12288);
  });

  /** Interrupts the run of a file that never ends, when the one before it has been reported. */
  async function interrupted(file: string) {
    const child = start(here, ["run", "--json", "good.mshare", file, "good.mshare"]);
    let out = "";
    child.stdout?.on("data", (part) => {
      if (out === "") child.kill("SIGINT");
      out += part;
    });
    const [code] = await once(child, "close");
    const [, report, ...others] = lines(out);
    assert.deepEqual([code, report.verdict, others], [130, "limit", []]);
    assert.ok(report.steps > 0);
    return report;
  }

  it("says what it knows when it is interrupted, and ends with 130", async () => {
    const report = await interrupted("long.mshare");
    assert.equal(report.processes.a.VmRSS, 4096);
  });

  it("is interrupted in the middle of one very long call", async () => {
    const report = await interrupted("one-call.mshare");
    assert.ok(report.processes.a.VmRSS > 0 && report.processes.a.VmRSS < 48 * 2 ** 30);
    assert.deepEqual(report.statements, []);
  });

  it("is interrupted between batches", async () => {
    const report = await interrupted("batches.mshare");
    assert.ok(report.accesses > 0);
  });

  it("colours when asked to, and says nothing of what went well with --quiet", () => {
    const color = "\u001b[";
    assert.ok(mshare(here, ["run", "--color", "always", "good.mshare"]).out.includes(color));
    assert.ok(!mshare(here, ["run", "good.mshare"]).out.includes(color));
    assert.ok(!mshare(here, ["run", "--color=never", "good.mshare"]).out.includes(color));
    assert.equal(mshare(here, ["run", "--quiet", "good.mshare"]).out, "");
    assert.equal(mshare(here, ["check", "--quiet", "good.mshare"]).out, "");
    assert.match(mshare(here, ["run", "--quiet", "failing.mshare"]).out, /FAIL/);
  });

  it("does not mind a reader that leaves early", async () => {
    const child = start(here, ["run", "good.mshare", ...Array(200).fill("good.mshare")]);
    let error = "";
    child.stderr?.on("data", (part) => {
      error += part;
    });
    child.stdout?.once("data", () => child.stdout?.destroy());
    // As if SIGPIPE had ended it: who asks for the status must not read that all went well.
    assert.deepEqual([(await once(child, "close"))[0], error], [141, ""]);
  });

  it("has the same help at every door", () => {
    for (const name of ["run", "conform", "lsp"]) {
      const { status: code, out } = mshare(here, [name, "--help"]);
      assert.deepEqual([code, out.includes(name)], [0, true]);
      for (const args of [
        ["help", name],
        [name, "-h"],
        ["--help", name],
      ])
        assert.equal(mshare(here, args).out, out);
    }
  });

  it("has help for each command, whose options stand in the guide", () => {
    const guide = readFileSync("docs/command-line.md", "utf8");
    const listed = mshare(here, ["--help"]).out.matchAll(/^ {2}(\w+)/gm);
    const commands = [...listed].map(([, name]) => name!);
    for (const command of ["run", "check", "designs", "dap", "lsp"]) assert.ok(commands.includes(command), command);
    for (const command of commands) {
      const { status: code, out } = mshare(here, [command, "--help"]);
      assert.equal(code, 0, command);
      assert.ok(guide.includes(`mshare ${command}`), command);
      for (const [option] of out.matchAll(/--[a-z-]+/g)) assert.ok(guide.includes(option), `${command} ${option}`);
    }
  });

  it("lists designs, one object a line with --json", () => {
    const names = lines(mshare(here, ["designs", "--json"]).out).map(({ name }) => name);
    assert.ok(names.includes("linux") && names.includes("mshare-v3"));
    for (const name of names) assert.ok(mshare(here, ["designs"]).out.includes(`${name}: `));
  });
});
