// A folder that nobody has said to trust: what is written there is checked; before anything runs VS Code itself asks.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop, linesOf } from "./desktop.ts";
import { eventually } from "./eventually.ts";
import { session } from "./sessions.ts";

const example = "msharefs-basics.mshare";
const lineOf = linesOf(example);

desktop("the extension in a folder that nobody trusts", "asks for trust", (newWindow) => {
  const window = newWindow(`examples/${example}`);

  session("edits; for debugging the editor itself asks first", window, async ({ editor, debug, check }) => {
    const { page } = editor;
    await check("restricted mode", async () => {
      await eventually("the editor says so", async () => (await editor.statusBar()).includes("Restricted Mode"));
      await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
    });
    await check("the language server", async () => {
      await editor.typeBelow(lineOf("O_EXCL"), "writer: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 3KiB })");
      await eventually("the problem shows", async () => {
        return (await editor.problems()).some((text) => /EINVAL: the size is not a multiple/.test(text));
      });
    });
    await check("debugging, once the editor's question is answered", async () => {
      await editor.goToLine(1);
      const dialog = page.locator(".monaco-dialog-box");
      await eventually("the editor asks", async () => {
        await page.keyboard.press(keys.start);
        return eventually("", () => dialog.isVisible(), 10_000).catch(() => false);
      });
      const stop = await debug.untilStopped(() =>
        dialog.locator(".monaco-button").filter({ hasText: /Trust/ }).first().click(),
      );
      assert.deepEqual([stop.reason, stop.file], ["entry", example]);
    });
  });
});
