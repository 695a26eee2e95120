// A virtual workspace where there are processes: its scenarios are in no file that they could open.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop, linesOf } from "./desktop.ts";
import { eventually } from "./eventually.ts";
import { session } from "./sessions.ts";

const example = "copy-on-write.mshare";
const lineOf = linesOf(example);
const workspace = "virtual.code-workspace";
const files = { [workspace]: JSON.stringify({ folders: [{ uri: "memory:/examples" }] }) };

desktop("a virtual workspace on the desktop", "trusts every folder", (newWindow) => {
  const url = () => {
    const window = new URL(newWindow(undefined, files)());
    window.searchParams.set("workspace", `${window.searchParams.get("folder")}/${workspace}`);
    window.searchParams.delete("folder");
    return window.href;
  };

  session("is checked, debugged and run as it shows", url, async ({ editor, debug, check }) => {
    await check("a diagnostic", async () => {
      await editor.openFromExplorer(example);
      await editor.extensionRuns();
      assert.deepEqual(await editor.problems(), []);
      await editor.typeBelow(lineOf("parent: store(p, 3)"), "parent: mmap(0, 3, 4)");
      await eventually("the problem shows", async () => {
        return (await editor.problems()).some((text) => /mmap.* takes/.test(text));
      });
      await editor.goToLine(lineOf("parent: store(p, 3)") + 1);
      await editor.page.keyboard.press("Control+Shift+k");
      await eventually("the problem is gone", async () => (await editor.problems()).length === 0);
    });
    const line = lineOf("child: store(p, 2)");
    await check("a breakpoint, into the kernel, and back", async () => {
      await debug.setBreakpoint(line);
      const stop = await debug.start();
      assert.deepEqual([stop.reason, stop.line, stop.file], ["breakpoint", line, example]);
      assert.match((await debug.press(keys.into)).file, /\.ts$/);
      const back = await debug.tool("step-back");
      assert.deepEqual([back.file, back.line], [example, line]);
      await debug.end();
    });
    await check("running: without a terminal, in the debug console", async () => {
      await editor.openFromExplorer(example);
      await editor.command("mshare: Run Scenario");
      await eventually("the report shows", async () => (await editor.debugConsole()).some((line) => /PASS/.test(line)));
    });
  });
});
