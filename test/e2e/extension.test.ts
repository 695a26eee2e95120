// The packed extension in a real VS Code: one person's first minutes with it, step after step in one window.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Debugging, keys } from "./debugging.ts";
import { Editor } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { whatIsMissing } from "./installed.ts";
import { type Server, startServer } from "./server.ts";

const example = "msharefs-basics.mshare";
/** The statement with the first access of a process that shares the region. */
const access = "reader: load(p) == 42";
/** Its series flushes no TLB, and the scenario waits for the report. */
const withBug = "stale-tlb.mshare";
const broken = "broken.mshare";
/** `MSHARE_PICTURES=1 npm test` also renews the pictures of the documentation. */
const renewPictures = process.env["MSHARE_PICTURES"] === "1";

describe("the extension in a real VS Code", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "mshare-e2e-"));
  const workspace = join(folder, "workspace");
  const source = readFileSync(join("examples", example), "utf8").split("\n");
  let server: Server | undefined;
  let editor: Editor;
  let debug: Debugging;

  before(async function () {
    const missing = whatIsMissing();
    if (missing) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    cpSync("examples", join(workspace, "examples"), { recursive: true });
    writeFileSync(join(workspace, broken), "this is no scenario\n");
    server = await startServer(packed(folder), workspace);
    editor = await Editor.open(server.url);
    debug = new Debugging(editor);
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") await editor.screenshot(`out/e2e/${this.currentTest.title}.png`);
  });

  after(async () => {
    await editor?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The number of the first line that contains `text`, from 1. */
  function lineOf(text: string): number {
    const index = source.findIndex((line) => line.includes(text));
    assert.ok(index >= 0, `no line of ${example} contains ${text}`);
    return index + 1;
  }

  function firstStatement(): number {
    return source.findIndex((line) => /^\w+: /.test(line)) + 1;
  }

  async function picture(name: string): Promise<void> {
    if (renewPictures) await editor.screenshot(`docs/images/${name}.png`);
  }

  it("opens the example as a scenario, with nothing to complain about", async () => {
    await editor.openFile(example);
    await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
    assert.deepEqual(await editor.problems(), []);
  });

  it("stops at the first statement after F5 where nothing else would stop it", async () => {
    const stop = await debug.press(keys.start);
    assert.deepEqual([stop.reason, stop.line, stop.file], ["entry", firstStatement(), example]);
    await debug.collapse("Watch");
    await debug.end();
  });

  it("stops where a detector reports a bug that the scenario does not just allow, and shows the report", async () => {
    await editor.openFile(withBug);
    assert.equal((await debug.press(keys.start)).reason, "entry");
    const stop = await debug.press(keys.continue);
    assert.equal(stop.reason, "exception");
    assert.match(await debug.report(), /missing-tlb-flush/);
    await eventually("the event shows", async () => (await debug.variables()).some(({ name }) => name === "event"));
    await picture("bug");
    await debug.end();
    await editor.openFile(example);
  });

  it("stops at a breakpoint, without a launch.json", async () => {
    await debug.setBreakpoint(lineOf(access));
    const stop = await debug.press(keys.start);
    assert.deepEqual([stop.reason, stop.line, stop.file], ["breakpoint", lineOf(access), example]);
  });

  it("shows the process's variables", async () => {
    await debug.expand("Task");
    const variables = await eventually("p shows", async () => {
      const shown = await debug.variables();
      return shown.some(({ name }) => name === "p") && shown;
    });
    const own = variables.filter(({ name, level }) => level === 2 && ["fd", "p"].includes(name));
    assert.deepEqual(own, [
      { level: 2, name: "fd", value: "3" },
      { level: 2, name: "p", value: "0x20000000000" },
    ]);
    await picture("stopped");
  });

  it("shows values beside the lines that have run, and not beside those to come", async () => {
    const shown = await eventually("a value shows", async () => {
      const lines = await editor.textOfLines();
      return lines.get(lineOf("reader: p ="))?.includes("reader.p = 0x20000000000") && lines;
    });
    const later = [...shown].filter(([line, text]) => line > lineOf(access) && /\w+\.(fd|p) = /.test(text));
    assert.deepEqual(later, []);
  });

  it("stops at an event, named in words, in the kernel that makes it", async () => {
    await debug.addFunctionBreakpoint("set_pgd into guest");
    const stop = await debug.press(keys.continue);
    assert.equal(stop.reason, "function breakpoint");
    assert.match(stop.file, /\.ts$/);
    const statement = new RegExp(`handle_mm_fault[\\s\\S]*reader${example}${lineOf(access)}`);
    await eventually("the kernel's functions stand over the statement", async () => {
      return statement.test((await debug.callStack()).join("\n"));
    });
    await picture("kernel");
  });

  it("shows the walk of an address to the shared table in a hover", async () => {
    await debug.selectFrame(example);
    const shown = await debug.hover(lineOf("one shared sub-tree"), "2TiB");
    assert.match(shown, /pgd\[4\].* pud table in frame 0x[0-9a-f]+, .*shared by writer, reader,/);
    await picture("hover");
  });

  it("steps back, and says that this is the past", async () => {
    await debug.tool("step-back");
    const [, now, last] = /step ([\d,]+) of ([\d,]+)/.exec(await status()) ?? [];
    const number = (text: string) => Number(text.replaceAll(",", ""));
    assert.ok(number(now) < number(last), `${now} is before ${last}`);
    await picture("past");
  });

  it("takes an event in one line, and knows what means nothing", async () => {
    await editor.commandWith("mshare: Break on Event…", "free of pmd table");
    await editor.commandWith("mshare: Break on Event…", "dance of the tables");
    const expected = { "set_pgd into guest": true, "free of pmd table": true, "dance of the tables": false };
    await eventually("the adapter has been told", async () => debug.functionBreakpoints().size === 3);
    assert.deepEqual(Object.fromEntries(debug.functionBreakpoints()), expected);
  });

  it("goes to where a value was written", async () => {
    await debug.expand("mm");
    const stop = await debug.untilStopped(() => debug.chooseFromMenu("total_vm", "Go to Last Write"));
    assert.equal(stop.reason, "goto");
  });

  it("goes to a step by its number", async () => {
    await debug.untilStopped(() => editor.commandWith("mshare: Go to Step…", "103"));
    assert.match(await status(), /^step 103 of /);
  });

  it("stops at a line of the kernel", async () => {
    const { file, line } = await debug.press(keys.into);
    await debug.setBreakpoint(line);
    const stop = await debug.press(keys.continue);
    assert.deepEqual([stop.reason, stop.file, stop.line], ["breakpoint", file, line]);
  });

  it("runs a scenario to its end in a terminal", async () => {
    await debug.end();
    await editor.openFile(example);
    await editor.command("mshare: Run Scenario");
    const output = await eventually("the program ends", async () => {
      const lines = (await editor.terminal()).join("\n");
      return /ended with status \d/.test(lines) && lines;
    });
    assert.match(output, /PASS .*\n[\s\S]*ended with status 0/);
  });

  it("complains about a misaligned size as soon as it is typed", async () => {
    const line = lineOf("O_EXCL");
    await editor.typeAtEndOf(line, "\nwriter: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 3KiB })");
    await eventually("the problem shows", async () => {
      return (await editor.problems()).some((text) => /EINVAL: the size is not a multiple/.test(text));
    });
    await picture("diagnostic");
  });

  it("refuses a scenario that means nothing, in one message that says where", async () => {
    await editor.openFile(broken);
    await editor.page.keyboard.press(keys.start);
    const messages = await eventually("a message shows", async () => {
      const shown = await editor.debugConsole();
      return shown.length > 0 && shown;
    });
    assert.match(messages.join("\n"), /broken\.mshare:1:1: /);
    await eventually("nothing is left running", async () => !(await debug.isDebugging()));
  });

  async function status(): Promise<string> {
    const items = await eventually("a step shows in the status bar", async () => {
      const shown = (await editor.statusBar()).filter((text) => text.startsWith("step "));
      return shown.length > 0 && shown;
    });
    return items.join(" ");
  }
});

function packed(folder: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["tools/package.mjs", "--built", "--out", folder], {
    encoding: "utf8",
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return join(folder, readdirSync(folder).find((file) => file.endsWith(".vsix"))!);
}
