// The packed extension in the web version of VS Code: the browser's own extension host, the debug adapter and the language
// server in web workers, and a workspace that is nowhere on disk.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { keys } from "./debugging.ts";
import { texts } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { packed } from "./packed.ts";
import { moveEdgeForPictures, picture, session, skipWithoutEditor, widerForPictures } from "./sessions.ts";
import { startWebServer, type WebServer } from "./web-server.ts";

/** The example in two files, so that an include has to be read, too. */
const example = readFileSync("examples/copy-on-write.mshare", "utf8");
const declarations = /^kernel.*\n^machine.*\n/m.exec(example)![0];
const files = {
  "machine.mshare": declarations,
  "main.mshare": example.replace(declarations, 'include "machine.mshare"\n\n'),
};
const variable = (name: string) => `\${${name}}`;
const configurations = Object.entries({
  folder: `${variable("workspaceFolder")}/main.mshare`,
  editor: variable("file"),
  relative: "main.mshare",
}).map(([name, program]) => ({ name, type: "mshare", request: "launch", stopOnEntry: true, program }));
const configured = { ...files, ".vscode/launch.json": JSON.stringify({ configurations }) };
const source = files["main.mshare"].split("\n");
const lineOf = (text: string) => source.findIndex((line) => line.includes(text)) + 1;

/** VS Code trusts every virtual workspace but what is read from the network: repositories. */
const repository = "vscode-vfs://github/workspace";

describe("the web version of the extension", function () {
  this.timeout(300_000);
  let server: WebServer;

  before(async function () {
    skipWithoutEditor(this);
    server = await startWebServer(packed(), { workspace: files, configured });
  });

  after(() => server?.stop());

  session(
    "debugs in a browser alone",
    () => server.urlOf("memory:/workspace", "trusts every folder"),
    async ({ editor, debug, check }) => {
      await check("opening a scenario with nothing to complain about", async () => {
        await editor.openFromExplorer("main.mshare");
        await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
        assert.deepEqual(await editor.problems(), []);
      });
      await check("F5 without a launch.json", async () => {
        const stop = await debug.start();
        assert.deepEqual([stop.reason, stop.line, stop.file], ["entry", lineOf("parent: p = mmap"), "main.mshare"]);
      });
      await check("a breakpoint, and variables", async () => {
        await debug.setBreakpoint(lineOf("child: store(p, 2)"));
        const stop = await debug.press(keys.continue);
        assert.deepEqual([stop.reason, stop.line], ["breakpoint", lineOf("child: store(p, 2)")]);
        await debug.show("Variables", "Call Stack");
        assert.match(await debug.value("Task", "p"), /^0x[0-9a-f]+$/);
      });
      await check("an event in words, in the kernel's own files", async () => {
        await editor.commandWith("mshare: Break on Event…", "page fault");
        const stop = await debug.press(keys.continue);
        assert.equal(stop.reason, "function breakpoint");
        assert.match(stop.file, /\.ts$/);
        const statement = new RegExp(`user_access[\\s\\S]*childmain.mshare${lineOf("child: store(p, 2)")}`);
        await eventually("the kernel's functions stand over the statement", async () => {
          return statement.test((await debug.callStack()).join("\n"));
        });
        await debug.wholeCallStack();
        await widerForPictures(editor, 110);
        await moveEdgeForPictures(editor, "Call Stack", 100);
        await picture(editor, "web");
      });
      await check("the kernel's steps in the disassembly view, and no row without one", async () => {
        await editor.command("Open Disassembly View");
        const rows = editor.page.locator(".disassembly-view .monaco-list-row");
        await rows.first().waitFor();
        await eventually("every row says what happened", async () => {
          const shown = await texts(rows);
          return shown.length > 5 && shown.every((row) => /\d.*\w: \w/.test(row));
        });
        await editor.page.locator(`.tab.active [aria-label^="Close"]`).first().click();
      });
      await check("stepping back", async () => {
        await debug.tool("step-back");
        await eventually("it says that this is the past", async () => {
          return (await editor.statusBar()).some((text) => /step [\d,]+ of [\d,]+/.test(text));
        });
      });
      await check("the end", () => debug.end());
      await check("running without stopping: the report comes to the debug console", async () => {
        await editor.openFromExplorer("main.mshare");
        await editor.command("mshare: Run Scenario");
        await eventually("the report shows", async () =>
          (await editor.debugConsole()).some((line) => /PASS/.test(line)),
        );
      });
      await check("a diagnostic of the language server, as soon as it is typed", async () => {
        await editor.openFromExplorer("main.mshare");
        await editor.typeBelow(lineOf("parent: store(p, 3)"), "parent: mmap(0, 3, 4)");
        await eventually("the problem shows", async () => {
          return (await editor.problems()).some((text) => /mmap.* takes/.test(text));
        });
      });
    },
  );

  session(
    "edits a repository that nobody trusts; debugs it when it is trusted",
    () => server.urlOf(repository, "asks for trust"),
    async ({ editor, debug, check }) => {
      const { page } = editor;
      const dialog = page.locator(".monaco-dialog-box");
      /** Presses F5 until the editor asks, and answers. */
      const askedToStart = async (answer: string) => {
        await eventually("the editor asks", async () => {
          await page.keyboard.press(keys.start);
          return eventually("", () => dialog.isVisible(), 10_000).catch(() => false);
        });
        await dialog.locator(".monaco-button").filter({ hasText: answer }).first().click();
      };

      await check("restricted mode", async () => {
        await eventually("the editor says so", async () => (await editor.statusBar()).includes("Restricted Mode"));
        await editor.openFromExplorer("main.mshare");
        await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
        await editor.extensionRuns();
        assert.deepEqual(await editor.problems(), []);
      });
      await check("a diagnostic of the language server, which reads the included file", async () => {
        await editor.typeBelow(lineOf("parent: store(p, 3)"), "parent: mmap(0, 3, 4)");
        await eventually("the problem shows", async () => {
          return (await editor.problems()).some((text) => /mmap.* takes/.test(text));
        });
        await editor.goToLine(lineOf("parent: store(p, 3)") + 1);
        await page.keyboard.press("Control+Shift+k");
        await eventually("the problem is gone", async () => (await editor.problems()).length === 0);
      });
      await check("a breakpoint", () => debug.setBreakpoint(lineOf("child: store(p, 2)")));
      await check("debugging is declined, and nothing starts", async () => {
        await askedToStart("Cancel");
        await dialog.waitFor({ state: "hidden" });
        assert.deepEqual(debug.asked("launch"), []);
        assert.ok((await editor.statusBar()).includes("Restricted Mode"));
      });
      await check("debugging, once the repository is trusted", async () => {
        const stop = await debug.untilStopped(() => askedToStart("Trust"));
        const expected = ["breakpoint", lineOf("child: store(p, 2)"), "main.mshare"];
        assert.deepEqual([stop.reason, stop.line, stop.file], expected);
        assert.ok(!(await editor.statusBar()).includes("Restricted Mode"));
        assert.equal(debug.asked("launch").length, 1);
      });
      await check("into the kernel, and back", async () => {
        const stop = await debug.press(keys.into);
        assert.match(stop.file, /\.ts$/);
        const back = await debug.tool("step-back");
        assert.deepEqual([back.file, back.line], ["main.mshare", lineOf("child: store(p, 2)")]);
      });
      await check("variables", async () => {
        await debug.show("Variables", "Call Stack");
        assert.match(await debug.value("Task", "p"), /^0x[0-9a-f]+$/);
      });
      await check("to the end", async () => {
        await page.keyboard.press(keys.continue);
        await eventually("the session ends", async () => !(await debug.isDebugging()));
        await eventually("the report shows", async () =>
          (await editor.debugConsole()).some((line) => /PASS/.test(line)),
        );
      });
    },
  );

  for (const [system, userAgent] of [
    ["Linux"],
    ["Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0"],
  ])
    session(
      `starts what a launch.json names, in a browser on ${system}`,
      () => server.urlOf("memory:/configured", "trusts every folder"),
      async ({ editor, debug, check }) => {
        for (const { name, program } of configurations)
          await check(program, async () => {
            await editor.openFromExplorer("main.mshare");
            await editor.extensionRuns();
            const stop = await debug.untilStopped(() => editor.quickOpen(`debug ${name}`, name));
            assert.deepEqual([stop.reason, stop.line, stop.file], ["entry", lineOf("parent: p = mmap"), "main.mshare"]);
            await debug.end();
          });
      },
      userAgent,
    );
});
