// What stops a run, each kind of breakpoint as a person sets it; and ways to go on that VS Code has for debuggers that can do more.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop, linesOf } from "./desktop.ts";
import { type Editor, textArea } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { picture, session } from "./sessions.ts";

const loop = `kernel linux
machine { cpus: 2, memory: 64MiB }
process a on cpu 0

a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 8 as i {
  a: store(p + i * 4KiB, i)
}
a: munmap(p, 32KiB)
a: load(p + 32KiB)
`;
const long = `kernel linux
process a
a: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 100000000 {
  a: load(p)
}
`;
const never = "process a\na: munlockall()\nrepeat 0 {\n  a: load(8)\n}\n";
const files = { "loop.mshare": loop, "long.mshare": long, "never.mshare": never };
const inLoop = (text: string) => loop.split("\n").findIndex((line) => line.includes(text)) + 1;
const basics = linesOf("msharefs-basics.mshare");

desktop("stopping, moving and looking", "trusts every folder", (newWindow) => {
  session("breakpoints of every kind", newWindow("loop.mshare", files), async ({ editor, debug, check }) => {
    await check("one with a condition", async () => {
      await editor.extensionRuns();
      await breakpointWith(editor, inLoop("store("), "Debug: Add Conditional Breakpoint...", "i == 3");
      const stop = await debug.start();
      assert.deepEqual([stop.reason, stop.line], ["breakpoint", inLoop("store(")]);
      await debug.ask("i", /^3$/m);
    });
    await check("how often a line was begun, beside it", async () => {
      const beside = () => editor.besideLine(inLoop("store("));
      await eventually("it was begun four times", async () => (await beside()).includes("× 4"));
    });
    await check("one that prints", async () => {
      await breakpointWith(editor, inLoop("munmap("), "Debug: Add Logpoint...", "after {count(page_fault)} faults");
    });
    await check("an event that prints, in words", async () => {
      await editor.commandWith("mshare: Break on Event…", "log page fault: at {address}, on CPU {cpu}");
      await debug.told("log page fault: at {address}, on CPU {cpu}");
    });
    await check("a field, from its context menu", async () => {
      await debug.show("Variables");
      await debug.expand("mm");
      await debug.chooseFromMenu("map_count", "Break on Value Change");
      await eventually("the adapter is told", async () => debug.asked("setDataBreakpoints").length > 0);
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "data breakpoint");
      assert.match(stop.file, /\.ts$/, "where the kernel writes it");
    });
    await check("what was printed on the way", async () => {
      const lines = (await editor.debugConsole()).join("\n");
      assert.match(lines, /after 8 faults/);
      assert.match(lines, /at 0x[0-9a-f]+, on CPU 0/);
    });
    await check("a printed line leads to the moment that it is about", async () => {
      const messages = await debug.openView("Messages");
      const row = messages
        .locator(".monaco-list-row")
        .filter({ hasText: /on CPU 0/ })
        .first();
      const [, step] = /step (\d+), a, line 7/.exec((await row.textContent()) ?? "") ?? [];
      const stop = await debug.untilStopped(() => row.click());
      assert.equal(stop.reason, "goto");
      assert.equal(stop.description, "page_fault");
      const now = async () => (await editor.statusBar()).join("\n");
      await eventually("it is that step, in the past", async () => (await now()).includes(`step ${step} of `));
    });
    await check("a pause in a run of a hundred million accesses", async () => {
      await debug.end();
      await editor.command("Remove All Breakpoints");
      await editor.openFile("long.mshare");
      await debug.start();
      await editor.page.keyboard.press(keys.continue);
      const pause = editor.page.locator(".action-label.codicon-debug-pause").first();
      const stop = await debug.untilStopped(() => pause.click());
      assert.equal(stop.reason, "pause");
      await debug.end();
    });
    await check("lines that a run has never reached, once it is over", async () => {
      await editor.openFile("never.mshare");
      assert.equal((await debug.start()).reason, "entry");
      await editor.page.keyboard.press(keys.continue);
      const beside = async (line: number) => (await editor.besideLine(line)).includes("never reached");
      await eventually("the run is over", async () => !(await debug.isDebugging()));
      await eventually("that stands beside the line", () => beside(4));
      assert.equal(await beside(2), false);
    });
  });

  const window = newWindow("examples/msharefs-basics.mshare");
  session("where to, and what is there", window, async ({ editor, debug, check }) => {
    const { page } = editor;
    const step = async () => {
      const shown = (await editor.statusBar()).map((text) => /^step ([\d,]+)/.exec(text)?.[1]);
      return Number(shown.find((number) => number)?.replaceAll(",", ""));
    };
    await check("the cursor, jumped to", async () => {
      await editor.extensionRuns();
      await debug.start();
      await editor.goToLine(basics("reader: touch(p"));
      await editor.command("Debug: Jump to Cursor");
      const stop = await debug.untilStopped(() => editor.choose("forward, the next time it is reached"));
      assert.deepEqual([stop.reason, stop.line], ["goto", basics("reader: touch(p")]);
    });
    await check("a watched expression", async () => {
      await debug.show("Watch");
      const view = page.locator('.pane:has(h3.title:text-is("Watch"))').first();
      await view.locator(".pane-header").hover();
      await view.locator('[aria-label="Add Expression"]').first().click();
      await view.locator("input").first().fill("reader.p");
      await page.keyboard.press("Enter");
      await view.locator(".monaco-list-row").filter({ hasText: "0x20000000000" }).first().waitFor();
    });
    await check("one step of the kernel at a time, in the disassembly view", async () => {
      await debug.press(keys.into);
      await debug.show("Call Stack");
      await editor.command("Open Disassembly View");
      const view = page.locator(".disassembly-view").first();
      await view.locator(".monaco-list-row").first().waitFor();
      const before = await step();
      const since = editor.wire.length;
      await view.hover();
      await page.mouse.down();
      await page.mouse.up();
      await page.keyboard.press(keys.over);
      await eventually("the step after", async () => (await step()) === before + 1);
      assert.deepEqual(
        debug.asked("next", since).map((asked) => (asked as { granularity?: string }).granularity),
        ["instruction"],
      );
      await picture(editor, "disassembly");
      await page.locator(`.tab.active [aria-label^="Close"]`).first().click(); // or stops would go on to be shown there
    });
    await check("the beginning of a function of the kernel", async () => {
      const stop = await debug.untilStopped(() => debug.chooseFromFrameMenu("user_access", "Restart Frame"));
      assert.equal(stop.reason, "restart");
    });
    await check("one step of a task that a person chooses", async () => {
      await page.keyboard.press("Control+F11");
      await debug.untilStopped(() => editor.choose("reader"));
      await eventually("it was asked for by its target", async () => {
        return debug.asked("stepIn").some((asked) => (asked as { targetId?: number }).targetId !== undefined);
      });
    });
    await check("from the beginning again", async () => {
      const stop = await debug.untilStopped(() => page.keyboard.press("Control+Shift+F5"));
      assert.equal(stop.reason, "entry");
      await debug.end();
    });
  });
});

/** Through the widget that opens below the line. */
async function breakpointWith(editor: Editor, line: number, command: string, text: string): Promise<void> {
  const { page } = editor;
  await editor.goToLine(line);
  await editor.command(command);
  const widget = page.locator(`${textArea} .breakpoint-widget`).first();
  await widget.locator(".monaco-editor .view-line").first().click();
  await page.keyboard.insertText(text);
  await eventually("the breakpoint is set", async () => {
    await page.keyboard.press("Enter"); // the first may only take what is offered
    return eventually("", async () => (await widget.count()) === 0, 1000).catch(() => false);
  });
}
