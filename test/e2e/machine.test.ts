// The extension's own views of the machine, and its own ways through a run.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop, linesOf } from "./desktop.ts";
import { texts } from "./editor.ts";
import { eventually } from "./eventually.ts";
import type { Locator } from "./playwright.ts";
import { moveEdgeForPictures, parts, picture, session, walkthroughPicture, widerForPictures } from "./sessions.ts";

const example = "msharefs-basics.mshare";
const lineOf = linesOf(example);
const table = "pud at 0x20000000000";

desktop("the extension's views and commands", "trusts every folder", (newWindow) => {
  const window = newWindow(`examples/${example}`);

  session("shows the machine, and finds its way through a run", window, async ({ editor, debug, check }) => {
    await check("events to choose from, and any other text; what means nothing stays grey", async () => {
      await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
      await editor.extensionRuns();
      await debug.start();
      await debug.show("Breakpoints", "Bugs Found", "Messages");
      for (const text of ["None so far.", "Nothing was printed so far."])
        await editor.page.locator(".welcome-view-content").filter({ hasText: text }).first().waitFor();
      const view = editor.page.locator(".pane:has(.debug-breakpoints)");
      await view.locator(".pane-header").hover();
      await view.locator('[aria-label^="Break on Event"]').click(); // the lightning
      await editor.answer("free of pmd table");
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
      assert.equal(stop.line, lineOf("reader: load(p)"));
    });
    await check("a time at which an event happened, or a line was reached", async () => {
      const touched = `line ${lineOf("writer: touch(p")}`;
      const there = await debug.untilStopped(() =>
        editor.commandWithChoice("mshare: Go to a Time When…", "set_pgd into guest", touched),
      );
      assert.equal(there.reason, "goto");
      assert.match(there.file, /pgtable\.ts$/);
      const opened = String(lineOf("reader: fd = open"));
      const stop = await debug.untilStopped(() =>
        editor.commandWithChoice("mshare: Go to a Time When…", opened, "begins line"),
      );
      assert.equal(stop.line, Number(opened));
    });
    await check("address spaces, with who shares which tables", async () => {
      await widerForPictures(editor, 190);
      await debug.setBreakpoint(lineOf("reader: touch(p"));
      await debug.setBreakpoint(lineOf("writer: load(p + 8)"));
      const stop = await debug.press(keys.continue);
      assert.equal(stop.line, lineOf("reader: touch(p"));
      const spaces = await debug.openView("Address Spaces");
      await debug.expandRow(spaces, "reader");
      await debug.expandRow(spaces, "shared tables");
      assert.match(await debug.besideRow(spaces, "reader"), /^shares with writer, \/sys\/fs\/mshare\/shareme; 1 VMA, /);
      assert.match(
        await debug.besideRow(spaces, table),
        /^shared by writer, reader, \/sys\/fs\/mshare\/shareme; frame 0x/,
      );
      assert.doesNotMatch(await debug.besideRow(spaces, "late"), /shares/);
      await walkthroughPicture(editor, "views", parts.sideBar);
    });
    await check("the same rows further on: one more shares, and what was open is open", async () => {
      const stop = await debug.press(keys.continue);
      assert.equal(stop.line, lineOf("writer: load(p + 8)"));
      const spaces = await debug.openView("Address Spaces");
      await eventually("late shares", async () =>
        /^shares with writer, reader, /.test(await debug.besideRow(spaces, "late")),
      );
      assert.match(await debug.besideRow(spaces, table), /^shared by writer, reader, late, /);
    });
    await check("what the CPUs keep, and that a step of a task changes it", async () => {
      const tlbs = await debug.openView("TLBs");
      assert.equal(await debug.besideRow(tlbs, "cpu1"), "late, mm of late");
      await debug.expandRow(tlbs, "cpu1");
      assert.equal(await debug.besideRow(tlbs, "lazy"), "false");
      await debug.expandRow(tlbs, "translations");
      await eventually("pages of the region", async () => {
        return (await texts(tlbs.locator(".label-name"))).includes("0x20000000000");
      });
      await debug.show("Address Spaces", "TLBs", "Bugs Found");
      const bugs = editor.page.locator('.pane:has(h3.title:text-is("Bugs Found"))').first();
      await debug.rowOf(bugs, "lock-recursion").waitFor();
      await debug.rowOf(tlbs, "translations").locator(".monaco-tl-twistie").click(); // closed: there are hundreds
      await moveEdgeForPictures(editor, "Bugs Found", 60);
      await picture(editor, "views");
    });
    await check("one step of a task of one's choice", async () => {
      await debug.show("Call Stack");
      await editor.command("mshare: One Step of a Task of Your Choice…");
      await debug.untilStopped(() => editor.choose("writer"));
      await eventually("the writer is in the kernel", async () => {
        return /writer[\s\S]*user_load/.test((await debug.callStack()).join("\n"));
      });
    });
    await check("values as hexadecimal, and again as usual: all of them, and one", async () => {
      await debug.show("Variables");
      const fd = () => debug.value("Task", "fd");
      assert.equal(await fd(), "3");
      await editor.command("mshare: Show All Values as Hexadecimal");
      await eventually("fd is hexadecimal", async () => (await fd()) === "0x3");
      await editor.command("mshare: Show All Values as Usual");
      await eventually("fd is as usual", async () => (await fd()) === "3");
      await debug.chooseFromMenu("Task", "fd", "Show All Values as Hexadecimal");
      await eventually("fd is hexadecimal", async () => (await fd()) === "0x3");
      await debug.chooseFromMenu("Task", "fd", "Show as Decimal");
      await eventually("fd alone is not", async () => (await fd()) === "3");
      await debug.chooseFromMenu("Task", "fd", "Show All Values as Usual");
      await debug.chooseFromMenu("Task", "fd", "Show as Hexadecimal");
      await eventually("fd alone is", async () => (await fd()) === "0x3");
    });
    await check("where a value was written", async () => {
      const stop = await debug.untilStopped(() =>
        debug.chooseFromMenu("mm", "map_count", "Go to Where This Was Written"),
      );
      assert.equal(stop.reason, "goto");
      await eventually("in the past", async () => {
        return (await editor.statusBar()).some((text) => /^step [\d,]+ of [\d,]+$/.test(text));
      });
    });
    await check("a report: copied, and the way to it from its menu", async () => {
      await editor.commandWith("mshare: Go to Step…", "8400");
      const bugs = await debug.openView("Bugs Found");
      const report = debug.rowOf(bugs, "lock-recursion");
      await editor.chooseFromMenu(report, "Copy Report");
      await editor.copied(/^lock-recursion: WARNING: possible recursive locking/);
      const stop = await debug.untilStopped(() => editor.chooseFromMenu(report, "Go to the Step of This Bug"));
      assert.equal(stop.reason, "goto");
    });
    await check("in a view of the machine: a value copied, and where it was written", async () => {
      const spaces = await debug.openView("Address Spaces");
      await debug.expandRow(spaces, "writer");
      await debug.expandRow(spaces, "mm");
      const field = debug.rowOf(spaces, "map_count");
      await editor.chooseFromMenu(field, "Copy Value");
      await editor.copied(/^[12]$/);
      const stop = await debug.untilStopped(() => editor.chooseFromMenu(field, "Go to Where This Was Written"));
      assert.equal(stop.reason, "goto");
      assert.match(stop.file, /\.ts$/);
    });
    await check("without a session the views say what they are for, and begin", async () => {
      await debug.end();
      const welcome = (pane: Locator) => pane.locator(".welcome-view-content");
      const bugs = await debug.openView("Bugs Found");
      await welcome(bugs).filter({ hasText: "What detectors find" }).first().waitFor();
      const messages = await debug.openView("Messages");
      await welcome(messages).filter({ hasText: "What log points" }).first().waitFor();
      const tlbs = await debug.openView("TLBs");
      const stop = await debug.untilStopped(() =>
        welcome(tlbs).locator(".monaco-button").filter({ hasText: "Debug the Open Scenario" }).first().click(),
      );
      assert.equal(stop.file, example);
      await debug.end();
      const spaces = await debug.openView("Address Spaces");
      await welcome(spaces).filter({ hasText: "who shares them" }).first().waitFor();
      await welcome(spaces).locator(".monaco-button").filter({ hasText: "Open an Example" }).first().click();
      await editor.choose("race.mshare");
      await editor.page.locator('.tab.active[data-resource-name="race.mshare"]').waitFor();
    });
  });
});
