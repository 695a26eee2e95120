// A document that is in no file.
import assert from "node:assert/strict";
import { desktop } from "./desktop.ts";
import { eventually } from "./eventually.ts";
import { session } from "./sessions.ts";

desktop("documents in no file", "trusts every folder", (newWindow) => {
  session("are debugged as they are", newWindow("broken.mshare"), async ({ editor, debug, check }) => {
    await check("a document that was never saved is debugged with nothing asked about it", async () => {
      const untitled = editor.page.locator('.tab.active[data-resource-name^="Untitled"]');
      await eventually("a new document", async () => {
        await editor.page.keyboard.press("Control+Alt+n");
        return eventually("", () => untitled.isVisible(), 10_000).catch(() => false);
      });
      await editor.commandAndChoose("Change Language Mode", "mshare scenario");
      await eventually("the language is known", async () => (await editor.statusBar()).includes("mshare scenario"));
      await editor.type("process a\na: p = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n");
      await editor.extensionRuns();
      const stop = await debug.start();
      assert.deepEqual([stop.reason, stop.line], ["entry", 2]);
      await debug.end();
    });
  });
});
