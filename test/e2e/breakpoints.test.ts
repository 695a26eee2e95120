// What stops a run, each kind of breakpoint as a person sets it.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop } from "./desktop.ts";
import { type Editor, textArea } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { session } from "./sessions.ts";

const loop = `kernel linux
machine { cpus: 2, memory: 64MiB }
process a on cpu 0
process b on cpu 1

a: p = mmap(2TiB, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
repeat 8 as i {
  a: store(p + i * 4KiB, i)
  a: load(p + i * 4KiB)
}
a: munmap(p, 32KiB)
a: store(p + 32KiB, 9)
a: store(p + 40KiB, 9)
a: load(p + 32KiB) == 1
b: q = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: load(q) == 1
// the end
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

desktop("stopping", "trusts every folder", (newWindow) => {
  session("breakpoints of every kind", newWindow("loop.mshare", files), async ({ editor, debug, check }) => {
    const { page } = editor;
    const mapCount = () => debug.value("mm", "map_count");
    await check("one with a condition, and one that waits for it", async () => {
      await editor.extensionRuns();
      await breakpointWith(editor, inLoop("store(p + i"), "Debug: Add Conditional Breakpoint...", "i == 3");
      await editor.goToLine(inLoop("load(p + i"));
      await editor.command("Debug: Add Triggered Breakpoint...");
      const widget = page.locator(`${textArea} .breakpoint-widget`).first();
      await widget.locator(".select-breakpoint-container .monaco-button").click(); // the other one is chosen already
      await widget.waitFor({ state: "hidden" });
      const first = await debug.start();
      assert.deepEqual([first.reason, first.line], ["breakpoint", inLoop("store(p + i")], "the loads before have not");
      const second = await debug.press(keys.continue);
      assert.deepEqual([second.reason, second.line], ["breakpoint", inLoop("load(p + i")]);
      await debug.ask("i", /^3$/m);
      await editor.command("Remove All Breakpoints");
    });
    await check("how often a line was begun, beside it", async () => {
      const beside = () => editor.besideLine(inLoop("store(p + i"));
      await eventually("it was begun four times", async () => (await beside()).includes("× 4"));
    });
    await check("an event, the sixth time", async () => {
      await debug.show("Breakpoints");
      await editor.commandWith("mshare: Break on Event…", "page fault");
      await debug.told("page fault");
      await editor.chooseFromMenu(await debug.breakpoint("page fault"), "Edit Hit Count...");
      const before = editor.wire.length;
      await page.locator('.debug-breakpoints input[aria-label^="Type hit count"]').fill("6");
      await page.keyboard.press("Enter");
      await debug.answered("setFunctionBreakpoints", before);
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "function breakpoint");
      assert.match(stop.text ?? "", /\b6/);
      await debug.ask("i", /^5$/m);
      await editor.command("Remove All Breakpoints");
    });
    await check("one that prints", async () => {
      await editor.openFile("loop.mshare");
      await breakpointWith(editor, inLoop("munmap("), "Debug: Add Logpoint...", "after {count(page_fault)} faults");
    });
    await check("an event that prints, in words", async () => {
      await editor.commandWith("mshare: Break on Event…", "log page fault: at {address}, on CPU {cpu}");
      await debug.told("log page fault: at {address}, on CPU {cpu}");
    });
    await check("a field, from its context menu", async () => {
      await debug.show("Variables");
      await debug.chooseFromMenu("mm", "map_count", "Break on Value Change");
      await eventually("the adapter is told", async () => debug.asked("setDataBreakpoints").length > 0);
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "data breakpoint");
      assert.match(stop.file, /\.ts$/, "where the kernel writes it");
      await eventually("it has been split", async () => (await mapCount()) === "2");
    });
    await check("a line of the kernel, one step earlier by its mode", async () => {
      const [file, line] = [await debug.activeFile(), await debug.standing()];
      await debug.setBreakpoint(line);
      await debug.show("Breakpoints");
      const before = editor.wire.length;
      await editor.chooseFromMenu(await debug.breakpoint(file), "Edit Mode...");
      await editor.choose("Before");
      await debug.answered("setBreakpoints", before);
      await debug.show("Variables");
      const stop = await debug.tool("reverse-continue");
      assert.equal(stop.reason, "breakpoint");
      await eventually("what the line writes is not written yet", async () => (await mapCount()) === "1");
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
      const about = new RegExp(`step (\\d+), a, line ${inLoop("store(p + i")}`);
      const [, step] = about.exec((await row.textContent()) ?? "") ?? [];
      await editor.chooseFromMenu(row, "Copy Message");
      await editor.copied(/^at 0x[0-9a-f]+, on CPU 0/);
      await debug.untilStopped(() => editor.chooseFromMenu(row, "Go to the Step of This Message"));
      const stop = await debug.untilStopped(() => row.click());
      assert.equal(stop.reason, "goto");
      assert.equal(stop.description, "page_fault");
      const now = async () => (await editor.statusBar()).join("\n");
      await eventually("it is that step, in the past", async () => (await now()).includes(`step ${step} of `));
    });
    await check("bytes at an address", async () => {
      await editor.command("Remove All Breakpoints");
      await debug.show("Breakpoints");
      const view = page.locator(".pane:has(.debug-breakpoints)");
      await view.locator(".pane-header").hover();
      await view.locator('[aria-label="Add Data Breakpoint at Address"]').click();
      await editor.answer("0x2000000a000 + 8");
      await debug.breakpoint(/0x2000000a000/i);
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "data breakpoint");
      const statement = `loop.mshare${inLoop("store(p + 40KiB")}`;
      await debug.show("Call Stack");
      await eventually("the statement stores there", async () =>
        (await debug.callStack()).join("\n").includes(statement),
      );
    });
    await check("a failed expectation, on a condition", async () => {
      await editor.command("Remove All Breakpoints");
      await debug.show("Breakpoints");
      const before = editor.wire.length;
      await editor.chooseFromMenu(await debug.breakpoint("failed expectations"), "Edit Condition...");
      await page
        .locator('.debug-breakpoints input[aria-label="Type exception breakpoint condition"]')
        .fill("count(page_fault) > 10");
      await page.keyboard.press("Enter");
      await debug.answered("setExceptionBreakpoints", before);
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "exception");
      await debug.show("Call Stack");
      const statement = `loop.mshare${inLoop("b: load(q)")}`;
      await eventually("the second one", async () => (await debug.callStack()).join("\n").includes(statement));
      assert.match(await debug.report(), /1/);
    });
    await check("a line on which nothing can stop is grey, and says why", async () => {
      await editor.openFile("loop.mshare");
      await editor.goToLine(inLoop("// the end"));
      await page.keyboard.press("F9");
      const grey = page.locator(`${textArea} .glyph-margin-widgets .codicon-debug-breakpoint-unverified`).first();
      await grey.waitFor();
      await eventually("a hover says so", async () => {
        await grey.hover({ force: true });
        const hover = page.locator(".monaco-hover:not(.hidden)").first();
        return /stop/.test((await hover.textContent()) ?? "");
      });
    });
    await check("a pause in a run of a hundred million accesses", async () => {
      await debug.end();
      await editor.command("Remove All Breakpoints");
      await editor.openFile("long.mshare");
      await debug.start();
      await page.keyboard.press(keys.continue);
      const pause = page.locator(".action-label.codicon-debug-pause").first();
      const stop = await debug.untilStopped(() => pause.click());
      assert.equal(stop.reason, "pause");
      await debug.end();
    });
    await check("lines that a run has never reached, once it is over", async () => {
      await editor.openFile("never.mshare");
      assert.equal((await debug.start()).reason, "entry");
      await page.keyboard.press(keys.continue);
      const beside = async (line: number) => (await editor.besideLine(line)).includes("never reached");
      await eventually("the run is over", async () => !(await debug.isDebugging()));
      await eventually("that stands beside the line", () => beside(4));
      assert.equal(await beside(2), false);
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
