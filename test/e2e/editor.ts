// The workbench as a person uses it: files, commands, lines, typing, problems. How to debug in it: debugging.ts.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./eventually.ts";
import { installed } from "./installed.ts";
import { type Box, type Browser, type Locator, launchChromium, type Page, type PageElement } from "./playwright.ts";
import { withPalette } from "./png.ts";
import { listen, type Message } from "./wire.ts";

export const textArea = ".editor-group-container.active .editor-instance .monaco-editor";

export class Editor {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    /** What the editor and the debug adapters have said to each other so far. */
    readonly wire: readonly Message[],
  ) {}

  /** `userAgent`: what the browser says it is, if not itself. */
  static async open(url: string, userAgent?: string): Promise<Editor> {
    const browser = await launchChromium(installed.playwright, installed.chromium!);
    try {
      const page = await browser.newPage({ viewport: { width: 1360, height: 960 }, ...(userAgent && { userAgent }) });
      page.setDefaultTimeout(60_000);
      const wire = await listen(page);
      await page.goto(url);
      await page
        .locator(".monaco-workbench .explorer-folders-view .monaco-list-row")
        .first()
        .waitFor({ timeout: 180_000 });
      return new Editor(browser, page, wire);
    } catch (problem) {
      await browser.close();
      throw problem;
    }
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  /** A picture of the window, or of a part of it, for a file of the project. */
  async screenshot(path: string, part?: Box): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    const png = await this.page.screenshot({ ...(part && { clip: part }) });
    writeFileSync(path, withPalette(png));
  }

  /** All text that the page shows, for messages about what went wrong. */
  async text(): Promise<string> {
    const all = await this.page.locator(".monaco-workbench").first().evaluate(visibleText);
    return plain(all).replace(/\n\s*\n+/g, "\n");
  }

  /** Opens a file of the workspace by its name. */
  async openFile(name: string): Promise<void> {
    await this.quickOpen(name, name);
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.page.locator(`${textArea} .view-line`).first().waitFor();
  }

  /** Types into the list that Ctrl+P opens, and takes the first entry, which is to be `wanted`. `debug NAME` starts a configuration. */
  async quickOpen(typed: string, wanted: string): Promise<void> {
    await this.page.keyboard.press("Control+p");
    await this.chooseFrom(typed, wanted);
  }

  /** Opens a file of the workspace's top folder in the Explorer: a virtual workspace may have no search. */
  async openFromExplorer(name: string): Promise<void> {
    await this.page.keyboard.press("Control+Shift+e");
    const row = this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`).first();
    await row.click({ clickCount: 2 });
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.page.locator(`${textArea} .view-line`).first().waitFor();
  }

  /** A command of the palette by its full title, `Category: Title`. */
  async command(title: string): Promise<void> {
    await this.palette(title);
    await this.page.keyboard.press("Enter");
  }

  /** Waits for the words above a scenario. Before the extension runs, F5 starts nothing. */
  async extensionRuns(): Promise<void> {
    await this.page.locator(`${textArea} .codelens-decoration a`).first().waitFor();
  }

  /** A command that asks for a text. */
  async commandWith(title: string, text: string): Promise<void> {
    await this.command(title);
    await this.titled(/\w/);
    await this.answer(text);
  }
  /** The same of a command that asks twice: what it lists then is titled by the answer. */
  async commandWithChoice(title: string, text: string, row: string): Promise<void> {
    await this.command(title);
    await this.titled(/\w/);
    await this.fill(text, 60_000);
    await this.page.keyboard.press("Enter");
    await this.titled(`${text}: `);
    await this.choose(row);
  }
  private async titled(text: string | RegExp): Promise<void> {
    await this.page.locator(".quick-input-titlebar .quick-input-title").filter({ hasText: text }).first().waitFor();
  }

  /** Types into the input that has just opened and confirms it. */
  async answer(text: string, timeout = 60_000): Promise<void> {
    await this.fill(text, timeout);
    await this.page.keyboard.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden", timeout });
  }

  /** A command that shows a list, and a row of it. A list goes when something else takes the focus, as an editor that opens late. */
  async commandAndChoose(title: string, text: string): Promise<void> {
    await eventually(`“${text}” of “${title}” is chosen`, async () => {
      await this.command(title);
      await this.choose(text, 10_000);
      return true;
    });
  }

  /** Chooses from the list that is open. */
  async choose(text: string, timeout = 60_000): Promise<void> {
    // The palette itself is a list, too, until it gives way.
    const row = this.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: text }).first();
    const input = this.page.locator(".quick-input-widget:not(.hidden) .quick-input-box input").first();
    const isThere = async () => {
      await input.fill(text, { timeout: 5000 });
      return row.isVisible();
    };
    await eventually(`“${text}” is there to choose`, isThere, timeout);
    await this.page.keyboard.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** Chooses from a list, then from the one that comes in its place, and so on. */
  async chooseInTurn(...rows: (string | RegExp)[]): Promise<void> {
    await this.chooseOnTheWay(...rows);
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** The same where more may be asked after the last one. */
  async chooseOnTheWay(...rows: (string | RegExp)[]): Promise<void> {
    for (const text of rows) {
      const row = this.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: text }).first();
      await eventually(`“${text}” is there to choose`, async () => {
        await row.click({ timeout: 3000 });
        return true;
      });
    }
  }

  /** Waits until what was copied last is as `wanted`: it is pasted into an input that is left again. */
  async copied(wanted: RegExp): Promise<void> {
    const input = this.page.locator(".quick-input-widget:not(.hidden) .quick-input-box input").first();
    await eventually(`${wanted} is copied`, async () => {
      await this.page.keyboard.press("Control+p");
      await input.fill("", { timeout: 5000 });
      await this.page.keyboard.press("Control+v");
      const pasted = await input.inputValue();
      await this.page.keyboard.press("Escape");
      if (wanted.test(pasted)) return true;
      throw new Error(`“${pasted}” is`);
    });
  }

  /** A row's context menu, of whatever view. A view that draws its rows anew closes a menu, or has put another row there meanwhile. */
  async chooseFromMenu(row: Locator, item: string): Promise<void> {
    await eventually(`“${item}” is chosen`, async () => {
      await row.click({ button: "right", timeout: 5000 });
      if ((await row.getAttribute("class"))?.split(" ").includes("focused")) return this.chooseFromOpenMenu(item);
      await this.page.keyboard.press("Escape");
      return false;
    });
  }

  /** Whether the item was chosen: the menu may close by itself. A menu ignores the click that may still belong to its opening. */
  async chooseFromOpenMenu(item: string): Promise<boolean> {
    const entry = this.page.locator(".monaco-menu .action-label").filter({ hasText: item }).first();
    const isGone = async () => !(await entry.isVisible());
    await entry.waitFor({ timeout: 10_000 });
    for (let clicks = 0; ; clicks++) {
      await sleep(300);
      const clicked = await entry.click({ timeout: 5000 }).then(
        () => true,
        () => false,
      );
      if (!clicked && (await isGone())) return clicks > 0;
      if (await eventually("", isGone, 2000).catch(() => false)) return true;
    }
  }

  /** The tooltips and messages in the corner. */
  notifications(): Promise<string[]> {
    return texts(this.page.locator(".notification-list-item-message"));
  }

  async goToLine(line: number): Promise<void> {
    await eventually(`the cursor is in line ${line}`, async () => {
      await this.page.keyboard.press("Control+1"); // from wherever the keys go now to the editor
      await this.page.keyboard.press("Control+g");
      await this.page.locator(".quick-input-widget:not(.hidden)").first().waitFor({ timeout: 5000 });
      await this.answer(`:${line}`, 5000);
      const isThere = async () => (await this.statusBar()).some((text) => text.startsWith(`Ln ${line}, `));
      return eventually("", isThere, 5000).catch(() => false);
    });
  }

  /** A new line below `line`. The editor closes brackets and checks as for typed text; keys one by one get lost when it is busy. */
  async typeBelow(line: number, text: string): Promise<void> {
    // Hints stand between arguments.
    const begin = /^[^(]*/.exec(text)![0];
    await eventually(`“${text}” stands in line ${line + 1}`, async () => {
      await this.goToLine(line);
      await this.page.keyboard.press("End");
      await this.page.keyboard.insertText(`\n${text}`);
      const stands = async () => (await this.textOfLines()).get(line + 1)?.startsWith(begin);
      if (await eventually("", stands, 10_000).catch(() => false)) return true;
      await this.page.keyboard.press("Control+z");
      return false;
    });
  }

  /** Writes at the cursor of the active editor. */
  async type(text: string): Promise<void> {
    await this.page.keyboard.press("Control+1"); // from wherever the keys go now to the editor
    await this.page.keyboard.insertText(text);
  }

  /** What stands in the Problems view, one text a problem. */
  async problems(): Promise<string[]> {
    const rows = this.page.locator(".markers-panel .tree-container .monaco-list-row");
    if ((await rows.count()) === 0) await this.command("Problems: Focus on Problems View");
    return texts(rows);
  }

  /** The words above a scenario that run it. They come with the language server, and are drawn anew when it has looked again. */
  async pressLens(title: string): Promise<void> {
    const lens = this.page.locator(`${textArea} .codelens-decoration a`).filter({ hasText: title }).first();
    await eventually(`“${title}” is pressed`, async () => {
      await lens.click({ timeout: 5000 });
      return true;
    });
  }

  /** The lines of the terminal that shows. */
  async terminal(): Promise<string[]> {
    return texts(this.page.locator(".terminal-wrapper.active .xterm-rows > div"));
  }

  debugConsole(): Promise<string[]> {
    return texts(this.page.locator(".repl .monaco-list-row"));
  }

  async statusBar(): Promise<string[]> {
    return texts(this.page.locator(".statusbar-item:not(.hidden) .statusbar-item-label"));
  }

  /** The lines that show: their number and where they are. */
  async lines(): Promise<Map<number, string>> {
    const margin = this.page.locator(`${textArea} .margin-view-overlays > div`);
    const found = await margin.evaluateAll((rows) =>
      rows.map((row) => [Number(row.querySelector(".line-numbers")?.textContent), row.style.top] as const),
    );
    return new Map(found.filter(([line]) => line > 0));
  }

  /** The lines that show, as they show: with what the debugger has written beside them. */
  async textOfLines(): Promise<Map<number, string>> {
    const rows = this.page.locator(`${textArea} .view-lines > .view-line`);
    const shown = await rows.evaluateAll((lines) =>
      lines.map((line) => [line.style.top, line.textContent ?? ""] as const),
    );
    const byTop = new Map(shown);
    const numbered = [...(await this.lines())].map(([line, top]) => [line, plain(byTop.get(top) ?? "")] as const);
    return new Map(numbered);
  }

  /** What an extension's decoration has put behind the text of a line: style, and no text of the page. */
  async besideLine(line: number): Promise<string> {
    return plain(await this.inLine(line, textBehind));
  }

  /** Where on the screen `text` stands in a line that shows. */
  async placeOf(line: number, text: string): Promise<Box> {
    return (await this.inLine(line, boxOfText, text)) ?? fail(`“${text}” does not stand in line ${line}`);
  }

  /** Runs a script on a line that shows. Lines move when something comes to stand above one. */
  private async inLine<Result, Argument>(
    line: number,
    script: (element: PageElement, argument: Argument) => Result,
    argument?: Argument,
  ): Promise<Result> {
    const rows = this.page.locator(`${textArea} .view-lines > .view-line`);
    const [result] = await eventually(`line ${line} shows`, async () => {
      const top = (await this.lines()).get(line);
      // Not by a selector: the editor writes the same style in two ways.
      const index = (await rows.evaluateAll((all) => all.map(({ style }) => style.top))).indexOf(top ?? "");
      return index >= 0 && [await rows.nth(index).evaluate(script, argument)];
    });
    return result;
  }

  /** The palette offers what it knew when it was opened; extensions come a moment after the window. */
  private async palette(title: string): Promise<void> {
    await eventually(
      `“${title}” is offered`,
      async () => {
        await this.page.keyboard.press("F1");
        await this.fill(`>${title}`, 5000); // a key that was not heard is pressed again
        const first = this.page.locator(".quick-input-list .monaco-list-row").first();
        const offered = await eventually("", async () => (await first.textContent())?.includes(title), 5000).catch(
          () => false,
        );
        if (!offered) await this.page.keyboard.press("Escape");
        return offered;
      },
      40_000,
    );
  }

  private async chooseFrom(typed: string, wanted: string): Promise<void> {
    await this.offered(typed, wanted);
    await this.page.keyboard.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  private async offered(typed: string, wanted: string): Promise<void> {
    await this.fill(typed);
    const first = this.page.locator(".quick-input-list .monaco-list-row").first();
    await eventually(`“${wanted}” is offered`, async () => (await first.textContent())?.includes(wanted));
  }

  private async fill(text: string, timeout = 60_000): Promise<void> {
    await this.page.locator(".quick-input-widget:not(.hidden) .quick-input-box input").first().fill(text, { timeout });
  }
}

export async function texts(rows: Locator): Promise<string[]> {
  const found = await rows.evaluateAll((elements) => elements.map(({ textContent }) => textContent ?? ""));
  return found.map((text) => plain(text).trim());
}

/** The editor writes spaces that do not break. */
function plain(text: string): string {
  return text.replaceAll("\u00a0", " ");
}

/** Runs in the page. */
function visibleText(workbench: PageElement): string {
  // biome-ignore lint/performance/useDomNodeTextContent: only what is seen is meant
  return workbench.innerText;
}

/** Runs in the page. */
function textBehind(line: PageElement): string {
  const view = line.ownerDocument.defaultView;
  return [...line.querySelectorAll("span")].map((span) => view.getComputedStyle(span, "::after").content).join("");
}

/** Runs in the page. A line is a row of spans, each with one text. */
function boxOfText(line: PageElement, text: string): Box | undefined {
  const leaves = (node: PageElement): PageElement[] => {
    const children = [...node.childNodes];
    return children.length === 0 ? [node] : children.flatMap(leaves);
  };
  const shown = (node: PageElement) => (node.textContent ?? "").replaceAll("\u00a0", " ");
  const parts = leaves(line);
  const start = parts.map(shown).join("").indexOf(text);
  if (start < 0) return undefined;
  const range = line.ownerDocument.createRange();
  let offset = 0;
  for (const part of parts) {
    const end = offset + shown(part).length;
    if (start >= offset && start < end) range.setStart(part, start - offset);
    if (start + text.length > offset && start + text.length <= end) range.setEnd(part, start + text.length - offset);
    offset = end;
  }
  const { x, y, width, height } = range.getBoundingClientRect();
  return { x, y, width, height };
}

function fail(message: string): never {
  throw new Error(message);
}
