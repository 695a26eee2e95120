// Writing scenarios: problems and their mends as one types, code lenses, tasks, launch.json.
import assert from "node:assert/strict";
import { broken, desktop, linesOf } from "./desktop.ts";
import { texts } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { picture, session } from "./sessions.ts";

const example = "msharefs-basics.mshare";
const lineOf = linesOf(example);

/** As docs/debugging.md has it, and the one that *Run Build Task* runs. */
const task = {
  type: "mshare",
  command: "check",
  file: broken,
  problemMatcher: "$mshare",
  group: { kind: "build", isDefault: true },
};
const files = {
  ".vscode/tasks.json": JSON.stringify({ version: "2.0.0", tasks: [task] }),
  ".vscode/launch.json": '{\n  "version": "0.2.0",\n  "configurations": [\n  ]\n}\n',
};

desktop("writing scenarios", "trusts every folder", (newWindow) => {
  const window = newWindow(`examples/${example}`, files);

  session("edits, checks and runs", window, async ({ editor, debug, check }) => {
    await check("Run above the scenario: to the end, in a terminal", async () => {
      await editor.pressLens("Run");
      const output = await eventually("the program ends", async () => {
        const lines = (await editor.terminal()).join("\n");
        return /ended with status \d/.test(lines) && lines;
      });
      assert.match(output, /PASS .*\n[\s\S]*ended with status 0/);
    });
    await check("Debug above the scenario", async () => {
      const stop = await debug.untilStopped(() => editor.pressLens("Debug"));
      assert.deepEqual([stop.reason, stop.line], ["entry", lineOf("writer: buf")]);
      await debug.end();
    });
    await check("a task: what it finds are problems", async () => {
      await editor.page.keyboard.press("Control+Shift+b");
      await eventually("the problem of a file that is not open shows", async () => {
        const problems = await editor.problems();
        return (
          problems.some((text) => text.startsWith(broken)) && problems.some((text) => /\[Ln 1, Col 1\]/.test(text))
        );
      });
    });
    await check("a misaligned size, as soon as it is typed", async () => {
      const line = lineOf("O_EXCL");
      await editor.typeBelow(line, "writer: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 3KiB })");
      await eventually("the problem shows", async () => {
        return (await editor.problems()).some((text) => /EINVAL: the size is not a multiple/.test(text));
      });
      await picture(editor, "diagnostic");
    });
    await check("a misspelt call, and its quick fix", async () => {
      const line = lineOf("writer: close(info)");
      await editor.typeBelow(line, "writer: clsoe(buf)");
      await eventually("the problem shows", async () => (await editor.problems()).some((text) => /clsoe/.test(text)));
      await editor.goToLine(line + 1);
      await editor.command("Quick Fix...");
      const fixes = editor.page.locator(".action-widget .monaco-list-row.action");
      await fixes.filter({ hasText: "close" }).first().waitFor();
      await editor.page.keyboard.press("Enter");
      await eventually("it is mended", async () =>
        /^writer: close\(/.test((await editor.textOfLines()).get(line + 1) ?? ""),
      );
    });
    await check("Explore above a scenario with a parallel block, and as a command: what the search finds", async () => {
      await editor.openFile("explore.mshare");
      const explored = async (start: () => Promise<void>) => {
        await editor.command("Terminal: Kill All Terminals");
        await eventually("no terminal is left", async () => (await editor.terminal()).length === 0);
        await start();
        return eventually("the search ends", async () => {
          const lines = (await editor.terminal()).join("\n");
          return /ended with status \d/.test(lines) && lines;
        });
      };
      assert.match(await explored(() => editor.pressLens("Explore")), /ended with status 1/);
      assert.match(await explored(() => editor.command("mshare: Explore Interleavings")), /ended with status 1/);
    });
    await check("launch.json: our configurations are offered", async () => {
      await editor.openFile("launch.json");
      await editor.goToLine(3);
      await editor.page.keyboard.press("End");
      await editor.page.keyboard.press("ArrowLeft");
      await editor.page.keyboard.press("ArrowRight");
      const offered = editor.page.locator(".suggest-widget.visible .monaco-list-row");
      await eventually("they are in the list", async () => {
        await editor.page.keyboard.press("Control+Space");
        const shown = async () =>
          (await texts(offered)).some((text) => text.includes("mshare: Debug the open scenario"));
        return eventually("", shown, 5000).catch(() => false);
      });
      await editor.page.keyboard.press("Escape");
    });
    await check("a scenario that means nothing: one message that says where", async () => {
      await editor.openFile(broken);
      await editor.command("mshare: Debug Scenario");
      const messages = await eventually("a message shows", async () => {
        const shown = (await editor.debugConsole()).join("\n");
        return shown.includes("broken.mshare:1:1: ") && shown;
      });
      assert.match(messages, /error/);
      await eventually("nothing is left running", async () => !(await debug.isDebugging()));
    });
  });
});
