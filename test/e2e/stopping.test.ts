// Ways to go on that VS Code has for debuggers that can do more, and what it shows on the way.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop, linesOf } from "./desktop.ts";
import type { Editor } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { picture, session, widerForPictures } from "./sessions.ts";

const example = "msharefs-basics.mshare";
const basics = linesOf(example);
const two = `kernel linux
machine { cpus: 2, memory: 64MiB }
process one on cpu 0
process two on cpu 1

one: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
two: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
label both
parallel {
  one: store(p, 1)
  two: store(p, 2)
}
`;

/** Of the disassembly view: the row there has the focus then. */
async function clickInMiddle({ page }: Editor): Promise<void> {
  await page.locator(".disassembly-view").first().hover();
  await page.mouse.down();
  await page.mouse.up();
}

interface Reference {
  readonly instructionReference: string;
  readonly offset?: number;
}

desktop("moving and looking", "trusts every folder", (newWindow) => {
  const window = newWindow(`examples/${example}`, { "two.mshare": two });
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
      const row = await debug.watch("reader.p");
      await eventually("it has its value", async () => /0x20000000000$/.test((await row.textContent()) ?? ""));
    });
    await check("the console completes what one types", async () => {
      await editor.command("Debug Console: Focus on Debug Console View");
      const input = page.locator(".repl-input-wrapper .monaco-editor").first();
      await input.click();
      const offered = page.locator(".suggest-widget.visible .monaco-list-row").filter({ hasText: "status" }).first();
      await eventually("the function is offered", async () => {
        await page.keyboard.press("Control+a");
        await page.keyboard.type("stat", { delay: 50 });
        return eventually("", () => offered.isVisible(), 5000).catch(() => false);
      });
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+a");
      await page.keyboard.press("Delete");
    });
    await check("the files that belong to the run", async () => {
      const scripts = await debug.openView("Loaded Scripts");
      await scripts.locator(".monaco-list-row").filter({ hasText: example }).first().waitFor();
    });
    await check("one step of the kernel at a time, in the disassembly view", async () => {
      await debug.press(keys.into);
      await debug.show("Call Stack");
      const before = await step();
      await editor.command("Open Disassembly View");
      const view = page.locator(".disassembly-view").first();
      await view.locator(".monaco-list-row").first().waitFor();
      const since = editor.wire.length;
      await clickInMiddle(editor);
      await page.keyboard.press(keys.over);
      await eventually("the step after", async () => (await step()) === before + 1);
      assert.deepEqual(
        debug.asked("next", since).map((asked) => (asked as { granularity?: string }).granularity),
        ["instruction"],
      );
    });
    await check("a breakpoint in that view, and the way to it", async () => {
      const now = await step();
      // On, and back: the view shows what is recorded on both sides.
      for (const there of [now + 20, now - 8]) {
        await editor.commandWith("mshare: Go to Step…", String(there));
        await eventually("it is there", async () => (await step()) === there);
      }
      await debug.wholeCallStack();
      const since = editor.wire.length;
      await clickInMiddle(editor);
      await page.keyboard.press("F9");
      await debug.answered("setInstructionBreakpoints", since);
      await widerForPictures(editor, 110);
      await picture(editor, "disassembly");
      const [{ breakpoints }] = debug.asked("setInstructionBreakpoints", since) as [{ breakpoints: Reference[] }];
      const [{ instructionReference, offset = 0 }] = breakpoints;
      const wanted = Number(instructionReference) + offset;
      assert.ok(wanted > 0 && wanted < now + 20);
      const way = wanted < now - 8 ? "reverse-continue" : "continue";
      await page.locator(`.action-label.codicon-debug-${way}`).first().click();
      await eventually("the step of the breakpoint", async () => (await step()) === wanted);
      await editor.command("Remove All Breakpoints");
      await page.locator(`.tab.active [aria-label^="Close"]`).first().click(); // or stops would go on to be shown there
      await debug.untilStopped(() => editor.commandWith("mshare: Go to Step…", String(now)));
    });
    await check("the beginning of a function of the kernel", async () => {
      const stop = await debug.untilStopped(() => debug.chooseFromFrameMenu("user_access", "Restart Frame"));
      assert.equal(stop.reason, "restart");
    });
    await check("one step of who could do it", async () => {
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
    await check("one of two that could run: as a target, from the thread's menu, in the console", async () => {
      const lastStepBy = async (task: string) => {
        await eventually(`${task} has done the last step: beside it stands which`, async () => {
          const shown = (await debug.callStack()).filter((row) => /^cpu\d: (one|two)/.test(row));
          return shown.length === 2 && shown.every((row) => row.includes(task) !== /paused/i.test(row));
        });
      };
      await editor.openFile("two.mshare");
      await debug.start();
      await debug.show("Call Stack");
      await editor.command("mshare: Run to Label…");
      await debug.untilStopped(() => editor.choose("both"));
      await page.keyboard.press("Control+F11");
      await page.locator(".quick-input-list .monaco-list-row").filter({ hasText: "one on cpu0" }).first().waitFor();
      await debug.untilStopped(() => editor.choose("two on cpu1"));
      await lastStepBy("two");
      await debug.untilStopped(() => debug.chooseFromFrameMenu("cpu0: one", "One Step of a Task of Your Choice"));
      await lastStepBy("one");
      await debug.untilStopped(() => debug.ask("choose two", /two/));
      await lastStepBy("two");
      await debug.end();
    });
    await check("to the end without stopping", async () => {
      await editor.openFile("two.mshare");
      await eventually("the report shows", async () => {
        await page.keyboard.press("Control+F5");
        const reported = async () => (await editor.debugConsole()).some((line) => /PASS/.test(line));
        return eventually("", reported, 10_000).catch(() => false);
      });
    });
  });
});
