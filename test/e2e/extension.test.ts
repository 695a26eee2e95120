// The packed extension in a real VS Code: stopping, looking, going on and going back.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop, linesOf } from "./desktop.ts";
import type { Editor } from "./editor.ts";
import { eventually } from "./eventually.ts";
import {
  moveEdgeForPictures,
  parts,
  picture,
  pictureWithHover,
  session,
  walkthroughPicture,
  widerForPictures,
} from "./sessions.ts";

const example = "msharefs-basics.mshare";
const lineOf = linesOf(example);
/** The statement with the first access of a process that shares the region. */
const access = "reader: load(p) == 42";

desktop("the extension in a real VS Code", "trusts every folder", (newWindow) => {
  const window = newWindow(`examples/${example}`);

  session("stops, shows, goes on and goes back", window, async ({ editor, debug, check }) => {
    await check("opening the example as a scenario, with nothing to complain about", async () => {
      await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
      await editor.extensionRuns();
      assert.deepEqual(await editor.problems(), []);
      await walkthroughPicture(editor, "open", parts.editor);
    });
    await check("F5 where nothing stops it: the first statement does", async () => {
      const stop = await debug.start();
      assert.deepEqual([stop.reason, stop.line, stop.file], ["entry", lineOf("writer: buf"), example]);
      await debug.end();
    });
    await check("a breakpoint, without a launch.json", async () => {
      await debug.setBreakpoint(lineOf(access));
      const stop = await debug.start();
      assert.deepEqual([stop.reason, stop.line, stop.file], ["breakpoint", lineOf(access), example]);
      await debug.show("Variables", "Call Stack");
    });
    await check("the process's variables", async () => {
      await debug.variable("Task", "p");
      const own = (await debug.variables()).filter(({ level, name }) => level === 2 && ["fd", "p"].includes(name));
      assert.deepEqual(own, [
        { level: 2, name: "fd", value: "3" },
        { level: 2, name: "p", value: "0x20000000000" },
      ]);
      await widerForPictures(editor, 110);
      await picture(editor, "stopped");
      await walkthroughPicture(editor, "stopped", parts.debugging);
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
      await debug.show("Breakpoints");
      await debug.addFunctionBreakpoint("set_pgd into guest");
      await debug.show("Variables", "Call Stack");
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
      await debug.wholeCallStack();
      await moveEdgeForPictures(editor, "Call Stack", 100);
      await picture(editor, "kernel");
      await walkthroughPicture(editor, "kernel", parts.debugging);
    });
    await check("the walk of an address to the shared table in a hover", async () => {
      await debug.selectFrame(example);
      await debug.hover(
        lineOf("one shared sub-tree"),
        "2TiB",
        /pgd\[4\].* pud table in frame 0x[0-9a-f]+, .*shared by writer, reader,/,
      );
      await pictureWithHover(editor, "hover");
    });
    await check("a step back, and that this is the past", async () => {
      await debug.tool("step-back");
      const [, now, last] = /step ([\d,]+) of ([\d,]+)/.exec(await status(editor)) ?? [];
      const number = (text: string) => Number(text.replaceAll(",", ""));
      assert.ok(number(now) < number(last), `${now} is before ${last}`);
      await eventually("the line at which the run stands says so", async () => {
        const beside = await editor.besideLine(await debug.standing());
        return beside.includes(`past: ${now} of ${last}`);
      });
      await debug.wholeCallStack();
      await widerForPictures(editor, -110); // the line's end says that this is the past
      await picture(editor, "past");
      await walkthroughPicture(editor, "past", parts.debugging);
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
});

async function status(editor: Editor): Promise<string> {
  const items = await eventually("a step shows in the status bar", async () => {
    const shown = (await editor.statusBar()).filter((text) => text.startsWith("step "));
    return shown.length > 0 && shown;
  });
  return items.join(" ");
}
