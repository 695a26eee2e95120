// What a person changes by hand: bytes of memory, variables, watched expressions; and what then becomes of the recorded future.
import assert from "node:assert/strict";
import { keys } from "./debugging.ts";
import { desktop } from "./desktop.ts";
import { eventually } from "./eventually.ts";
import { session } from "./sessions.ts";

const scenario = `kernel linux
machine { cpus: 1, memory: 64MiB }
process a

a: p = mmap(2TiB, 8KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
a: store(p, 42)
a: x = load(p)
a: store(p + 8, 7)
a: load(p + x - 42) == 42
`;
const files = { "hand.mshare": scenario };
const lineOf = (text: string) => scenario.split("\n").findIndex((line) => line.includes(text)) + 1;

desktop("changing by hand", "trusts every folder", (newWindow) => {
  session("memory, variables and a new future", newWindow("hand.mshare", files), async ({ editor, debug, check }) => {
    const { page } = editor;
    const x = () => debug.value("Task", "x");
    await check("memory that nothing has touched has no bytes; when it has, the open view shows them", async () => {
      await editor.extensionRuns();
      await debug.start();
      await debug.press(keys.over);
      await debug.show("Variables");
      await debug.viewMemory(await debug.variable("Task", "p"));
      await debug.memory(/^$/);
      assert.equal((await debug.press(keys.over)).line, lineOf("x = load"));
      await debug.memory(/^2a( 00){63}$/);
    });
    await check("a byte typed over is what the process reads", async () => {
      await debug.setByte(0, "2b");
      await debug.press(keys.over);
      await eventually("x is 43", async () => (await x()) === "43");
    });
    await check("the view follows the run, back too", async () => {
      await debug.press(keys.over);
      await debug.memory(/^2b( 00){7} 07 00/);
      await debug.tool("step-back");
      await debug.memory(/^2b( 00){7} 00 00/);
    });
    await check("a value that is none: a message says why, and nothing has changed", async () => {
      await debug.setVariable("Task", "x", "one");
      await eventually("a message", async () => (await editor.notifications()).some((text) => /\bone\b/.test(text)));
      assert.equal(await x(), "43");
      await editor.command("Notifications: Clear All Notifications");
    });
    await check(
      "a variable, by a double click: the future that was recorded is forgotten, and it says so",
      async () => {
        await debug.setVariable("Task", "x", "40 + 2");
        await eventually("x is 42", async () => (await x()) === "42");
        await eventually("the console says so", async () => {
          const said = (await editor.debugConsole()).join("\n");
          const [, at, from] = /A new future starts at step (\d+); steps (\d+) to \d+ are forgotten/.exec(said) ?? [];
          return at !== undefined && Number(from) === Number(at) + 1;
        });
        await eventually("this is no past any more", async () => {
          return !(await editor.statusBar()).some((text) => /^step [\d,]+ of /.test(text));
        });
        assert.equal((await debug.press(keys.over)).line, lineOf("== 42"));
      },
    );
    await check("a page table, in the entries' real encoding", async () => {
      await page.locator(".tab").filter({ hasText: "memory.bin" }).locator('[aria-label^="Close"]').first().click();
      await debug.viewMemory(await debug.variable("Page tables", "mm of a"));
      // Entry 4, of 2 TiB: a table that user code may write through, accessed.
      await debug.memory(/^(00 ){32}67 .0 .. 00 00 00 00 00( 00){24}$/);
    });
    await check("a watched variable, from its menu", async () => {
      const row = await debug.watch("a.x");
      await editor.chooseFromMenu(row, "Set Value");
      await row.locator("input").first().fill("50");
      await page.keyboard.press("Enter");
      await eventually("it is 50", async () => /50 \(0x32\)$/.test((await row.textContent()) ?? ""));
      await debug.ask("a.x", /^50 \(0x32\)$/m);
    });
  });
});
