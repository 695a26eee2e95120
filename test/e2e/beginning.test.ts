// The first minutes with the extension: the walkthrough with its buttons, and the examples that come with it: documents in no file.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop, linesOf } from "./desktop.ts";
import type { Editor } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { moveEdgeForPictures, parts, picture, session, walkthroughPicture, widerForPictures } from "./sessions.ts";

const example = "msharefs-basics.mshare";
/** Its series flushes no TLB, and the scenario waits for the report. */
const withBug = "stale-tlb.mshare";

desktop("the first minutes with the extension", "trusts every folder", (newWindow) => {
  session("a walkthrough, examples, a bug", newWindow(), async ({ editor, debug, check }) => {
    const isActive = (file: string) => editor.page.locator(`.tab.active[data-resource-name="${file}"]`).isVisible();
    /** An input also closes, unheard, when the page takes the keys back. */
    const answered = (text: string, isHeard: () => boolean) => async () => {
      await editor.answer(text, 5000);
      return eventually("", async () => isHeard(), 10_000);
    };
    await check("the walkthrough opens, and its text is as written", async () => {
      await editor.command("Welcome: Open Walkthrough");
      await editor.choose("Debug Page-Table Sharing");
      const step = editor.page.locator(".getting-started-step.expanded");
      await step.filter({ hasText: "A scenario says what some processes do: mmap, fork, loads" }).first().waitFor();
      await picture(editor, "walkthrough");
    });
    await check("its first step opens an example", async () => {
      await pressStep(editor, "open", () => isActive(example));
    });
    await check("its second step debugs that", async () => {
      const stop = await debug.untilStopped(() => pressStep(editor, "start", () => debug.isDebugging()));
      assert.deepEqual([stop.reason, stop.line, stop.file], ["entry", linesOf(example)("writer: buf"), example]);
    });
    await check("its third step asks for an event", async () => {
      const event = "set_pgd into guest";
      await pressStep(
        editor,
        "event",
        answered(event, () => debug.functionBreakpoints().has(event)),
      );
      await debug.told("set_pgd into guest");
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "function breakpoint");
      assert.match(stop.file, /\.ts$/, "the call stack leads into the kernel's files");
    });
    await check("its fourth step shows the address spaces", async () => {
      const open = editor.page.locator('.pane-header[aria-expanded="true"] h3.title:text-is("Address Spaces")');
      await pressStep(editor, "look", () => open.isVisible());
      const spaces = await debug.openView("Address Spaces");
      await debug.rowOf(spaces, "reader").waitFor();
    });
    await check("its fifth step goes to a step", async () => {
      const before = editor.wire.length;
      const hasMoved = () => editor.wire.slice(before).some(({ event }) => event === "stopped");
      const stop = await debug.untilStopped(() => pressStep(editor, "back", answered("103", hasMoved)));
      assert.equal(stop.reason, "goto");
      await debug.end();
    });
    await check("its last step opens an example with a bug, and F5 stops at it", async () => {
      await pressStep(editor, "bug", () => isActive(withBug));
      await editor.command("Remove All Breakpoints");
      assert.equal((await debug.start()).reason, "entry");
      await debug.show("Variables", "Call Stack");
      const stop = await debug.press(keys.continue);
      assert.equal(stop.reason, "exception");
      assert.match(await debug.report(), /missing-tlb-flush/);
      await debug.wholeCallStack();
      await widerForPictures(editor, 110);
      await moveEdgeForPictures(editor, "Call Stack", 100);
      await picture(editor, "bug");
      await walkthroughPicture(editor, "bug", parts.debugging);
    });
    await check("the bugs found so far, and the way to one", async () => {
      const bugs = await debug.openView("Bugs Found");
      await eventually("their number stands in the title", async () => {
        return /Bugs Found\d so far/.test((await bugs.locator(".pane-header").textContent()) ?? "");
      });
      const stop = await debug.untilStopped(() => debug.rowOf(bugs, "lock-recursion").click());
      assert.equal(stop.reason, "goto");
      await debug.end();
    });
  });
});

/** Back from what a step has opened. The page may have gone back to its list of walkthroughs. */
async function toWalkthrough(editor: Editor): Promise<void> {
  const { page } = editor;
  await eventually("the walkthrough shows", async () => {
    if (await page.locator(".getting-started-step:not([disabled])").first().isVisible()) return true;
    const inList = page.locator(".getting-started-category").filter({ hasText: "Debug Page-Table Sharing" }).first();
    const tab = page.locator('.tab[aria-label^="Welcome"]').first();
    await ((await inList.isVisible()) ? inList : tab).click({ timeout: 5000 });
    return false;
  });
}

/** Presses the first button of a step of the walkthrough until it does what it should: the page may draw itself anew just then. */
async function pressStep(editor: Editor, id: string, done: () => Promise<boolean>): Promise<void> {
  const step = editor.page.locator(`.getting-started-step[data-step-id$="#${id}"]`).first();
  const button = step.locator(".monaco-button").first();
  await eventually(`the button of “${id}” has done what it says`, async () => {
    await toWalkthrough(editor);
    if (!(await button.isVisible())) await step.click({ timeout: 5000 });
    await button.click({ timeout: 5000 });
    return eventually("", done, 20_000).catch(() => false);
  });
}
