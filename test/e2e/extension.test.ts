// The packed extension in a real VS Code, session by session.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keys } from "./debugging.ts";
import type { Editor } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { packed } from "./packed.ts";
import { type Server, startServer } from "./server.ts";
import { picture, session, skipWithoutEditor, walkthroughPicture } from "./sessions.ts";

const example = "msharefs-basics.mshare";
/** The statement with the first access of a process that shares the region. */
const access = "reader: load(p) == 42";
/** Its series flushes no TLB, and the scenario waits for the report. */
const withBug = "stale-tlb.mshare";
const broken = "broken.mshare";

describe("the extension in a real VS Code", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "mshare-e2e-"));
  let server: Server;
  let workspaces = 0;

  before(async function () {
    skipWithoutEditor(this);
    server = await startServer(packed(), "trusts every folder");
  });

  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A window on a workspace of its own, with the examples in it. */
  const fresh = () => server.urlOf(workspaceIn(join(folder, `workspace${workspaces++}`)));

  session("stops, shows, goes on and goes back", fresh, async ({ editor, debug, check }) => {
    await check("opening the example as a scenario, with nothing to complain about", async () => {
      await editor.openFile(example);
      await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
      assert.deepEqual(await editor.problems(), []);
      await walkthroughPicture(editor, "open");
    });
    await check("F5 where nothing stops it: the first statement does", async () => {
      const stop = await debug.press(keys.start);
      assert.deepEqual([stop.reason, stop.line, stop.file], ["entry", firstStatement(), example]);
      await debug.collapse("Watch");
      await debug.end();
    });
    await check("a breakpoint, without a launch.json", async () => {
      await debug.setBreakpoint(lineOf(access));
      const stop = await debug.press(keys.start);
      assert.deepEqual([stop.reason, stop.line, stop.file], ["breakpoint", lineOf(access), example]);
    });
    await check("the process's variables", async () => {
      await debug.expand("Task");
      const own = await eventually("p shows", async () => {
        const shown = (await debug.variables()).filter(({ level }) => level === 2);
        return shown.some(({ name }) => name === "p") && shown.filter(({ name }) => ["fd", "p"].includes(name));
      });
      assert.deepEqual(own, [
        { level: 2, name: "fd", value: "3" },
        { level: 2, name: "p", value: "0x20000000000" },
      ]);
      await picture(editor, "stopped");
      await walkthroughPicture(editor, "stopped");
    });
    await check("values beside the lines that have run, and not beside those to come", async () => {
      const shown = await eventually("a value shows", async () => {
        const lines = await editor.textOfLines();
        return lines.get(lineOf("reader: p ="))?.includes("reader.p = 0x20000000000") && lines;
      });
      const later = [...shown].filter(([line, text]) => line > lineOf(access) && /\w+\.(fd|p) = /.test(text));
      assert.deepEqual(later, []);
    });
    await check("an event, named in words, in the kernel that makes it", async () => {
      await debug.addFunctionBreakpoint("set_pgd into guest");
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "function breakpoint");
      assert.match(stop.file, /\.ts$/);
      const statement = new RegExp(`handle_mm_fault[\\s\\S]*reader${example}${lineOf(access)}`);
      await eventually("the kernel's functions stand over the statement", async () => {
        return statement.test((await debug.callStack()).join("\n"));
      });
      await eventually("the event shows", async () => {
        return (await debug.variables()).some(({ name, value }) => name === "event" && value === "set_pgd");
      });
      await picture(editor, "kernel");
      await walkthroughPicture(editor, "kernel");
    });
    await check("the walk of an address to the shared table in a hover", async () => {
      await debug.selectFrame(example);
      await debug.hover(
        lineOf("one shared sub-tree"),
        "2TiB",
        /pgd\[4\].* pud table in frame 0x[0-9a-f]+, .*shared by writer, reader,/,
      );
      await picture(editor, "hover");
    });
    await check("a step back, and that this is the past", async () => {
      await debug.tool("step-back");
      const [, now, last] = /step ([\d,]+) of ([\d,]+)/.exec(await status(editor)) ?? [];
      const number = (text: string) => Number(text.replaceAll(",", ""));
      assert.ok(number(now) < number(last), `${now} is before ${last}`);
      await eventually("the line at which the run stands says so", async () => {
        const beside = await editor.besideLine(await debug.standing());
        return beside.includes(`in the past: step ${now} of ${last}`);
      });
      await picture(editor, "past");
      await walkthroughPicture(editor, "past");
    });
    await check("a step by its number", async () => {
      await debug.untilStopped(() => editor.commandWith("mshare: Go to Step…", "103"));
      await eventually("the status says so", async () => /^step 103 of /.test(await status(editor)));
    });
    await check("a line of the kernel", async () => {
      const { file, line } = await debug.press(keys.into);
      await debug.setBreakpoint(line);
      const stop = await debug.press(keys.continue);
      assert.deepEqual([stop.reason, stop.file, stop.line], ["breakpoint", file, line]);
    });
  });

  session("finds bugs, and the way to one", fresh, async ({ editor, debug, check }) => {
    await check("a report of a detector that the scenario does not just allow", async () => {
      await editor.openFile(withBug);
      assert.equal((await debug.press(keys.start)).reason, "entry");
      await debug.collapse("Watch");
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "exception");
      assert.match(await debug.report(), /missing-tlb-flush/);
      await eventually("the event shows", async () => (await debug.variables()).some(({ name }) => name === "event"));
      await picture(editor, "bug");
    });
    await check("the bugs found so far, and the way to one", async () => {
      const bugs = await debug.openView("Bugs Found");
      const row = bugs.locator(".monaco-list-row").filter({ hasText: "lock-recursion" });
      await row.first().waitFor();
      const stop = await debug.untilStopped(() => row.first().click());
      assert.equal(stop.reason, "goto");
      await debug.collapse("Bugs Found");
      await debug.end();
    });
  });

  session("stops at events in words and at labels", fresh, async ({ editor, debug, check }) => {
    await check("events to choose from, and any other text; what means nothing stays grey", async () => {
      await editor.openFile(example);
      await debug.press(keys.start);
      await debug.collapse("Watch");
      await editor.commandWith("mshare: Break on Event…", "free of pmd table");
      await editor.commandWith("mshare: Break on Event…", "dance of the tables");
      await eventually("the adapter has been told", async () => debug.functionBreakpoints().size === 2);
      const expected = { "free of pmd table": true, "dance of the tables": false };
      assert.deepEqual(Object.fromEntries(debug.functionBreakpoints()), expected);
      await editor.command("mshare: Break on Event…");
      await editor.choose("find_shared_vma");
      await eventually("a function of the kernel is offered and taken", async () => {
        return debug.functionBreakpoints().get("find_shared_vma");
      });
      await editor.command("Remove All Breakpoints");
      await eventually("none is left", async () => debug.functionBreakpoints().size === 0);
    });
    await check("a label", async () => {
      await editor.command("mshare: Run to Label…");
      const stop = await debug.untilStopped(() => editor.choose("first_access"));
      assert.equal(stop.line, lineOf(access));
    });
  });

  session("edits, checks and runs", fresh, async ({ editor, debug, check }) => {
    await check("a run to the end in a terminal", async () => {
      await editor.openFile(example);
      await editor.command("mshare: Run Scenario");
      const output = await eventually("the program ends", async () => {
        const lines = (await editor.terminal()).join("\n");
        return /ended with status \d/.test(lines) && lines;
      });
      assert.match(output, /PASS .*\n[\s\S]*ended with status 0/);
    });
    await check("a misaligned size, as soon as it is typed", async () => {
      const line = lineOf("O_EXCL");
      await editor.typeAtEndOf(line, "\nwriter: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 3KiB })");
      await eventually("the problem shows", async () => {
        return (await editor.problems()).some((text) => /EINVAL: the size is not a multiple/.test(text));
      });
      await picture(editor, "diagnostic");
    });
    await check("a scenario that means nothing: one message that says where", async () => {
      await editor.openFile(broken);
      await editor.page.keyboard.press(keys.start);
      const messages = await eventually("a message shows", async () => {
        const shown = (await editor.debugConsole()).join("\n");
        return shown.includes("broken.mshare:1:1: ") && shown;
      });
      assert.match(messages, /error/);
      await eventually("nothing is left running", async () => !(await debug.isDebugging()));
    });
  });
});

function workspaceIn(folder: string): string {
  mkdirSync(folder, { recursive: true });
  cpSync("examples", join(folder, "examples"), { recursive: true });
  writeFileSync(join(folder, broken), "this is no scenario\n");
  return folder;
}

const source = readFileSync(join("examples", example), "utf8").split("\n");

/** The number of the example's first line that contains `text`, from 1. */
function lineOf(text: string): number {
  const index = source.findIndex((line) => line.includes(text));
  assert.ok(index >= 0, `no line of ${example} contains ${text}`);
  return index + 1;
}

function firstStatement(): number {
  return source.findIndex((line) => /^\w+: /.test(line)) + 1;
}

async function status(editor: Editor): Promise<string> {
  const items = await eventually("a step shows in the status bar", async () => {
    const shown = (await editor.statusBar()).filter((text) => text.startsWith("step "));
    return shown.length > 0 && shown;
  });
  return items.join(" ");
}
