// The language server in the editor, a feature after the other: what an editor draws and offers from its answers.
import assert from "node:assert/strict";
import { desktop } from "./desktop.ts";
import { type Editor, textArea, texts } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { session } from "./sessions.ts";

const scenario = `include "machine.mshare"

process parent on cpu 0
process child  on cpu 1

parent: p = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
parent: fork(child) == 2
parallel {
  parent: load(p) == 0
  child: store(p, 2)
}
parent:   load( p )==0
`;
const files = {
  ".vscode/settings.json": '{ "mshare.trace.server": "verbose" }',
  "words.mshare": scenario,
  "machine.mshare": "kernel linux\nmachine { cpus: 2, memory: 64MiB }\n",
};
const lineOf = (text: string) => scenario.split("\n").findIndex((line) => line.includes(text)) + 1;

desktop("the language server in the editor", "trusts every folder", (newWindow) => {
  session("explains, offers, finds and changes", newWindow("words.mshare", files), async ({ editor, check }) => {
    const { page } = editor;
    const { keyboard } = page;
    const shownLines = async () => [...(await editor.textOfLines()).values()];

    await check("hints: names of arguments", async () => {
      await eventually("they show", async () => {
        return /mmap\(addr: ?0, length: ?2MiB/.test((await editor.textOfLines()).get(lineOf("mmap(")) ?? "");
      });
    });
    await check("a hover on a call and on a constant: what Linux does", async () => {
      await hover(editor, lineOf("mmap("), "mmap", /mmap\(addr, length, prot, flags, fd, offset\)/);
      await hover(editor, lineOf("mmap("), "MAP_PRIVATE", /MAP_PRIVATE[\s\S]*0x2/);
    });
    await check("colours by the grammar, and by meaning: a process is one wherever it is named", async () => {
      await editor.goToLine(lineOf("fork(child)"));
      await editor.command("Developer: Inspect Editor Tokens and Scopes");
      const widget = page.locator(".token-inspect-widget").first();
      await eventually("the token has its meaning", async () => {
        const said = (await widget.textContent()) ?? "";
        return /semantic token type\s*class/.test(said) && /source\.mshare/.test(said);
      });
      await keyboard.press("Escape");
    });
    await check("a link from an include to the file", async () => {
      await editor.goToLine(1);
      await page.locator(`${textArea} .detected-link`).first().waitFor();
    });
    await check("the definition of a process, and all places that name it", async () => {
      await cursorIn(editor, lineOf("child: store"), "child");
      await eventually("its mentions are marked", async () => {
        return (await page.locator(`${textArea} .wordHighlight, ${textArea} .wordHighlightStrong`).count()) >= 3;
      });
      await keyboard.press("F12");
      await standsInLine(editor, lineOf("process child"));
      await cursorIn(editor, lineOf("child: store"), "child");
      await keyboard.press("Shift+F12");
      const peek = page.locator(".zone-widget .ref-tree .monaco-list-row").filter({ hasText: "store(p, 2)" }).first();
      await peek.waitFor();
      await keyboard.press("Escape");
      await peek.waitFor({ state: "hidden" });
    });
    await check("symbols of the file", async () => {
      await keyboard.press("Control+Shift+o");
      const rows = page.locator(".quick-input-list .monaco-list-row");
      await eventually("processes and variables are listed", async () => {
        const listed = (await texts(rows)).join("\n");
        return /parent/.test(listed) && /parent\.p/.test(listed) && /child/.test(listed);
      });
      await keyboard.press("Escape");
    });
    await check("a growing selection", async () => {
      await cursorIn(editor, lineOf("mmap("), "MAP_PRIVATE");
      const selected = async () => {
        const text = (await editor.statusBar()).find((item) => item.includes("selected")) ?? "";
        return Number(/\((\d+) selected/.exec(text)?.[1] ?? 0);
      };
      const grown: number[] = [];
      await eventually("all flags", async () => {
        await keyboard.press("Shift+Alt+ArrowRight");
        grown.push(await eventually("", async () => (await selected()) > (grown.at(-1) ?? 0) && (await selected())));
        return grown.at(-1) === "MAP_PRIVATE|MAP_ANONYMOUS".length;
      });
      assert.ok(grown.includes("MAP_PRIVATE".length), `by steps, the name among them: ${grown}`);
      await keyboard.press("Escape");
    });
    await check("a block that folds", async () => {
      await editor.goToLine(lineOf("parallel {"));
      await keyboard.press("Control+Shift+BracketLeft");
      await eventually(
        "what is in it is hidden",
        async () => !(await shownLines()).some((text) => /store\(p/.test(text)),
      );
      await keyboard.press("Control+Shift+BracketRight");
      await eventually("it is there again", async () => (await shownLines()).some((text) => /store\(p/.test(text)));
    });
    await check("the document set in order", async () => {
      await editor.command("Format Document");
      await eventually("blanks are where they belong", async () => {
        return (await editor.textOfLines()).get(lineOf("load( p )"))?.startsWith("parent: load(p) == 0");
      });
    });
    await check("another name for a variable, everywhere", async () => {
      await cursorIn(editor, lineOf("parent: p ="), "p =");
      await keyboard.press("F2");
      const input = page.locator(".rename-box input").first();
      await input.fill("area");
      await keyboard.press("Enter");
      await eventually("all places have it", async () => {
        const text = (await shownLines()).join("\n");
        return /parent: area = mmap/.test(text) && /parent: load\(area\)/.test(text) && !/load\(p\)/.test(text);
      });
    });
    await check("calls to choose from, with what they do, and their arguments as one types", async () => {
      await editor.typeBelow(lineOf("load( p )"), "child: muna");
      await offered(editor, "munmap", "munmap(addr, length)");
      await keyboard.press("Escape");
      await page.keyboard.press("Control+z");
      await editor.typeBelow(lineOf("load( p )"), "child: munmap");
      await keyboard.type("(", { delay: 50 });
      const help = page.locator(".parameter-hints-widget.visible").first();
      await eventually("the parameter shows", async () => /addr/.test((await help.textContent()) ?? ""));
      await keyboard.press("Escape");
      await keyboard.press("Control+z");
    });
    await check("lines that become comments, and are none again", async () => {
      const line = lineOf("fork(child)");
      await editor.goToLine(line);
      await keyboard.press("Control+Slash");
      await eventually("it is a comment", async () =>
        /^\/\/ parent: fork/.test((await editor.textOfLines()).get(line)!),
      );
      await keyboard.press("Control+Slash");
      await eventually("it is none", async () => /^parent: fork/.test((await editor.textOfLines()).get(line)!));
    });
    await check("what editor and server say to each other, as much as the setting asks for", async () => {
      await editor.command("Output: Show Output Channels...");
      await editor.choose("mshare Language Server");
      await editor.command("Developer: Set Log Level...");
      await editor.chooseInTurn("mshare Language Server", "Trace");
      await hover(editor, lineOf("mmap("), "mmap", /mmap\(addr/);
      const output = page.locator(".output-view .view-lines");
      await eventually("messages with what is in them are listed", async () => {
        return /"range":\s*\{/.test((await output.textContent()) ?? "");
      });
    });
    await check("a snippet, and what it writes", async () => {
      await editor.typeBelow(lineOf("load( p )"), "anon");
      await offered(editor, "anon", "Maps private anonymous memory");
      await keyboard.press("Enter");
      await eventually("the call is there", async () => (await shownLines()).some((text) => /^x = mmap\(/.test(text)));
    });
  });
});

/** The cursor into the first place of a line where `text` stands. */
async function cursorIn(editor: Editor, line: number, text: string): Promise<void> {
  await editor.goToLine(line);
  const { x, y, height } = await editor.placeOf(line, text);
  await editor.page.mouse.move(x + 3, y + height / 2);
  await editor.page.mouse.down();
  await editor.page.mouse.up();
}

function standsInLine(editor: Editor, line: number): Promise<unknown> {
  return eventually(`the cursor stands in line ${line}`, async () => {
    return (await editor.statusBar()).some((text) => text.startsWith(`Ln ${line}, `));
  });
}

/** What the language server says about `text` in that line. */
async function hover(editor: Editor, line: number, text: string, wanted: RegExp): Promise<void> {
  const { page } = editor;
  const widget = page.locator(".monaco-hover:not(.hidden) .hover-contents");
  await eventually(`a hover on “${text}”`, async () => {
    const { x, y, width, height } = await editor.placeOf(line, text);
    await page.mouse.move(x + width / 2, y - 3 * height);
    await page.mouse.move(x + width / 2, y + height / 2, { steps: 4 });
    await widget.first().waitFor({ timeout: 3000 });
    return wanted.test((await texts(widget)).join("\n"));
  });
}

/** The list that opens while one types, at the entry `name`, with what is said about it beside the list. */
async function offered(editor: Editor, name: string, said: string): Promise<void> {
  const { page } = editor;
  const list = page.locator(".suggest-widget.visible");
  const details = page.locator(".suggest-details-container");
  await eventually(`“${name}” is offered, with “${said}”`, async () => {
    if (!(await list.first().isVisible())) await page.keyboard.press("Control+Space");
    const first = list.locator(".monaco-list-row.focused").filter({ hasText: name }).first();
    await first.waitFor({ timeout: 3000 });
    if (!(await details.first().isVisible())) await page.keyboard.press("Control+Space");
    const text = `${await first.textContent()}${(await texts(details)).join("")}`;
    return text.replaceAll("\u00a0", " ").includes(said);
  });
}
