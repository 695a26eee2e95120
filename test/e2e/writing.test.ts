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
    await check("the editor's title: debug, run and explore", async () => {
      const { page } = editor;
      const arrow = page.locator('.editor-actions [aria-label^="Run or Debug"]').first();
      await arrow.click();
      const entries = page.locator(".monaco-menu .action-label");
      await entries.filter({ hasText: "Explore Interleavings" }).first().waitFor();
      await entries.filter({ hasText: "Run Scenario" }).first().waitFor();
      const stop = await debug.untilStopped(() => editor.chooseFromOpenMenu("Debug Scenario"));
      assert.equal(stop.file, example);
      await debug.end();
    });
    await check("a file's menu in the Explorer: debug and run", async () => {
      const { page } = editor;
      const file = page.locator('.explorer-folders-view .monaco-list-row[aria-label^="copy-on-write.mshare"]').first();
      const shown = async () => {
        await page.keyboard.press("Control+Shift+e");
        return eventually("", () => file.isVisible(), 5000).catch(() => false);
      };
      await eventually("the file is in the list", shown);
      const stop = await debug.untilStopped(() => editor.chooseFromMenu(file, "Debug Scenario"));
      assert.equal(stop.file, "copy-on-write.mshare");
      await debug.end();
      await editor.command("Terminal: Kill All Terminals");
      await eventually("no terminal is left", async () => (await editor.terminal()).length === 0);
      await eventually("the file is in the list", shown);
      await editor.chooseFromMenu(file, "Run Scenario");
      await eventually("the program ends", async () =>
        /ended with status 0/.test((await editor.terminal()).join("\n")),
      );
      await editor.openFile(example);
    });
    await check("configurations that need no launch.json", async () => {
      await editor.command("Debug: Select and Start Debugging");
      await editor.chooseInTurn("mshare scenario", "with every fix of the design");
      await eventually("it is launched with the fixes", async () => {
        return debug.asked("launch").some((launch) => String((launch as { fixes?: string[] }).fixes) === "all");
      });
      await eventually("it stops", () => debug.isDebugging());
      await debug.end();
    });
    await check("the tasks that are offered for the open scenario", async () => {
      await editor.command("Terminal: Kill All Terminals");
      await editor.page.keyboard.press("F1");
      await editor.page
        .locator(".quick-input-widget:not(.hidden) .quick-input-box input")
        .first()
        .fill(">tasks: run task");
      await editor.chooseOnTheWay("Tasks: Run Task", /mshare(?!:)/, `run examples/${example}`);
      // VS Code asks whether to look for problems in the output, but not of tasks that it knows from before.
      const plain = editor.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: "Continue without" });
      await eventually("its report", async () => {
        if (await plain.first().isVisible()) await plain.first().click({ timeout: 3000 });
        return /PASS/.test((await editor.terminal()).join("\n"));
      });
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
    await check("a warning that is meant: the quick fix that silences it", async () => {
      const line = lineOf("writer: close(info)");
      await editor.typeBelow(line, "writer: load(4096)");
      const warned = async () => (await editor.problems()).some((text) => /unmapped-access/.test(text));
      await eventually("the problem shows", warned);
      await editor.goToLine(line + 1);
      await editor.command("Quick Fix...");
      const fixes = editor.page.locator(".action-widget .monaco-list-row.action");
      await fixes.filter({ hasText: "Ignore unmapped-access here" }).first().click();
      await eventually("a comment says that it is meant", async () => {
        return (await editor.textOfLines()).get(line + 1)?.startsWith("// mshare-ignore unmapped-access");
      });
      await eventually("and the problem is gone", async () => !(await warned()));
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
    await check("launch.json: our configurations are offered, and one is used", async () => {
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
      await offered.filter({ hasText: "mshare: Debug the open scenario" }).first().click();
      await editor.page.keyboard.press("Escape"); // out of the snippet's places
      await editor.page.keyboard.press("Control+s");
      await editor.openFile("copy-on-write.mshare");
      const row = editor.page
        .locator(".quick-input-list .monaco-list-row")
        .filter({ hasText: "Debug the open scenario" });
      // VS Code takes its time to hear of a file that was saved.
      const chosen = async () => {
        await editor.command("Debug: Select and Start Debugging");
        const clicked = await row
          .first()
          .click({ timeout: 5000 })
          .then(
            () => true,
            () => false,
          );
        if (!clicked) await editor.page.keyboard.press("Escape");
        return clicked;
      };
      const stop = await debug.untilStopped(() => eventually("it is offered", chosen));
      assert.deepEqual([stop.reason, stop.file], ["entry", "copy-on-write.mshare"]);
      assert.equal((debug.asked("launch").at(-1) as { name: string }).name, "Debug the open scenario");
      await debug.end();
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
