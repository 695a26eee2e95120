// Debugging in the workbench as a person does it: breakpoints, keys, views and hovers.
import { type Editor, textArea, texts } from "./editor.ts";
import { eventually } from "./eventually.ts";
import type { FrameLocator, Locator } from "./playwright.ts";
import type { Message } from "./wire.ts";

export interface Stop {
  reason: string;
  /** What stands beside the thread, and in full. */
  description: string | undefined;
  text: string | undefined;
  /** The highlighted line, and the file whose tab is active. */
  line: number;
  file: string;
}

export interface Variable {
  /** 1 for scopes, 2 for what is in them, … */
  level: number;
  name: string;
  value: string;
}

export const keys = { start: "F5", continue: "F5", over: "F10", into: "F11", out: "Shift+F11", end: "Shift+F5" };

export class Debugging {
  constructor(private readonly editor: Editor) {}

  async setBreakpoint(line: number): Promise<void> {
    const glyph = this.editor.page.locator(`${textArea} .glyph-margin-widgets .codicon-debug-breakpoint`);
    await eventually(`a breakpoint at line ${line}`, async () => {
      await this.editor.goToLine(line);
      const top = (await this.editor.lines()).get(line);
      const isThere = () =>
        glyph.evaluateAll((all) => all.map(({ style }) => style.top)).then((at) => at.includes(top!));
      if (await isThere()) return true;
      await this.editor.page.keyboard.press("F9");
      return eventually("", isThere, 5000).catch(() => false);
    });
  }

  /** Through the Breakpoints view's own button; the view is open. The input is the list's last row, below a check box for each bug kind. */
  async addFunctionBreakpoint(text: string): Promise<void> {
    const { page } = this.editor;
    const view = page.locator(".pane:has(.debug-breakpoints)");
    await view.locator(".pane-header").hover();
    await view.locator('[aria-label="Add Function Breakpoint"]').click();
    const input = view.locator('input[aria-label="Type function breakpoint."]');
    await this.scrollTo(view.locator(".debug-breakpoints"), input);
    await input.fill(text);
    await page.keyboard.press("Enter");
    await this.told(text);
  }

  /** Waits until the adapter knows a function breakpoint and what it means. */
  async told(text: string): Promise<void> {
    await eventually(`the adapter knows “${text}”`, async () => this.functionBreakpoints().has(text));
  }

  /** Lists hold only the rows that show. */
  private async scrollTo(list: Locator, row: Locator, milliseconds?: number): Promise<void> {
    const { mouse } = this.editor.page;
    if ((await row.count()) > 0) return;
    await list.hover();
    await mouse.wheel(0, -100_000);
    const isThere = async () => {
      if ((await row.count()) > 0) return true;
      await mouse.wheel(0, 60);
      return false;
    };
    await eventually("the row scrolls into view", isThere, milliseconds);
  }

  /** F5 where nothing is being debugged. A key that comes while the last session is still on its way out starts nothing. */
  start(): Promise<Stop> {
    const before = this.editor.wire.length;
    const launched = () => this.editor.wire.slice(before).some(({ command }) => command === "launch");
    return this.untilStopped(() =>
      eventually("a session is launched", async () => {
        await this.editor.page.keyboard.press(keys.start);
        return eventually("", async () => launched(), 20_000).catch(() => false);
      }),
    );
  }

  /** Presses a key and waits until the debugger has stopped again and the views show it. */
  async press(keys: string): Promise<Stop> {
    await this.ready();
    return this.untilStopped(() => this.editor.page.keyboard.press(keys));
  }

  /** The toolbar's buttons that have no key: `step-back`, `reverse-continue`. */
  async tool(name: string): Promise<Stop> {
    await this.ready();
    const button = this.editor.page.locator(`.action-label.codicon-debug-${name}`).first();
    return this.untilStopped(() => button.click());
  }

  /** Keys mean nothing until the editor knows that the run has stopped. */
  private async ready(): Promise<void> {
    await this.editor.page.locator(".action-label.codicon-debug-step-over:not(.disabled)").first().waitFor();
  }

  async untilStopped(act: () => Promise<unknown>): Promise<Stop> {
    const before = this.editor.wire.length;
    await act();
    const since = () => this.editor.wire.slice(before);
    const stopped = await eventually("the debugger stops", async () =>
      since().find(({ event }) => event === "stopped"),
    );
    // The views follow: first the stack, then the scopes if they are looked at.
    const looksAtVariables = (await this.editor.page.locator(".debug-variables").count()) > 0;
    const followed = looksAtVariables ? ["stackTrace", "scopes"] : ["stackTrace"];
    await eventually("the views are filled", async () => followed.every((request) => isAnswered(since(), request)));
    const line = await this.standing();
    const { reason, description, text } = stopped.body as { reason: string; description?: string; text?: string };
    return { reason, description, text, line, file: await this.activeFile() };
  }

  /** The line at which the run stands: the editor shows it once it is the one that the adapter named. */
  standing(): Promise<number> {
    return eventually("the line is highlighted at which the run stands", async () => {
      const { line, file } = this.topOfStack();
      const [active, lines] = [await this.activeFile(), await this.highlightedLines()];
      if (active === file && lines.includes(line)) return line;
      throw new Error(`it is ${file}:${line}, and ${active}:${lines.join()} shows`);
    });
  }

  /** What the adapter answered last about the thread that stopped last. */
  private topOfStack(): { line: number; file: string } {
    // Sessions number their requests from 1 each: only what has been said since then.
    const { wire } = this.editor;
    const since = wire.slice(wire.findLastIndex(({ event }) => event === "stopped"));
    const { threadId } = since[0]!.body as { threadId: number };
    const isAsked = ({ type, command, arguments: asked }: Message) => {
      if (type !== "request" || command !== "stackTrace") return false;
      const { threadId: thread, startFrame } = asked as { threadId: number; startFrame?: number };
      return thread === threadId && (startFrame ?? 0) === 0;
    };
    const asked = since.filter(isAsked).map(({ seq }) => seq);
    const answer = since.findLast(({ type, request_seq }) => type === "response" && asked.includes(request_seq))!;
    const [{ line, source }] = (answer.body as { stackFrames: [{ line: number; source: { name: string } }] })
      .stackFrames;
    return { line, file: source.name.replace(/^untitled:/, "") };
  }

  async end(): Promise<void> {
    const isOver = async () => !(await this.isDebugging());
    await eventually("the session ends", async () => {
      await this.editor.page.keyboard.press(keys.end);
      return eventually("", isOver, 5000).catch(() => false);
    });
  }

  /** Where the toolbar has a button to stop. */
  async isDebugging(): Promise<boolean> {
    return (await this.editor.page.locator(".action-label.codicon-debug-stop").count()) > 0;
  }

  /** Opens these views of the side bar and closes all others, to make room: lists hold only the rows that show. */
  async show(...views: string[]): Promise<void> {
    const { page } = this.editor;
    const headers = page.locator(".part.sidebar .pane-header:not(.hidden)");
    await eventually(`${views.join(", ")} and no other view`, async () => {
      // What the mouse rests on may show a hover over headers and rows.
      await page.mouse.move(5, 500);
      const shown = await headers.evaluateAll((all) =>
        all.map((header) => [
          header.querySelector("h3.title")?.textContent ?? "",
          header.getAttribute("aria-expanded"),
        ]),
      );
      const wrong = shown.find(([title, open]) => views.includes(title!) !== (open === "true"));
      if (!wrong) return views.every((view) => shown.some(([title]) => title === view));
      await headers
        .filter({ has: page.locator(`h3.title:text-is("${wrong[0]}")`) })
        .first()
        .click({ position: { x: 30, y: 10 }, timeout: 5000 }); // in its middle a header may have buttons
      return false;
    });
  }

  /** One of the extension's own views, alone. */
  async openView(name: string): Promise<Locator> {
    await this.show(name);
    return this.editor.page.locator(`.pane:has(.pane-header h3.title:text-is("${name}"))`).first();
  }

  /** A row of such a view by its name. */
  rowOf(pane: Locator, name: string): Locator {
    return pane.locator(`.monaco-list-row[aria-label^="${name}: "]`).first();
  }

  /** What a row of such a view says beside its name. */
  async besideRow(pane: Locator, name: string): Promise<string> {
    return (await this.rowOf(pane, name).locator(".label-description").textContent()) ?? "";
  }

  /** Opens a row of such a view; does nothing when it is open. */
  async expandRow(pane: Locator, name: string): Promise<void> {
    const row = this.rowOf(pane, name);
    await row.waitFor();
    await this.openRow(row, name);
  }

  /** The Variables view as it shows; scopes are at level 1. */
  async variables(): Promise<Variable[]> {
    return (await this.rows(".debug-variables")).map(({ level, text, name, value }) => ({
      level,
      name: name || text,
      value,
    }));
  }

  /** Views draw their rows anew soon after a stop, and forget clicks that come just then. */
  private async openRow(row: Locator, name: string): Promise<void> {
    const isOpen = async () => (await row.getAttribute("aria-expanded")) === "true";
    await eventually(`${name} is open`, async () => {
      if (await isOpen()) return true;
      await row.locator(".monaco-tl-twistie").click({ timeout: 5000 });
      return eventually("", isOpen, 3000).catch(() => false);
    });
  }

  /** A row of the Variables view, scrolled to, within another, which is opened: some time after a stop the view draws all anew, closed. */
  async variable(within: string, name: string): Promise<Locator> {
    const view = this.editor.page.locator(".debug-variables");
    const outer = view.locator(`.monaco-list-row:has(:text-is("${within}"))`).first();
    const row = view.locator(".monaco-list-row").filter({ hasText: new RegExp(`^\\s*${name} =`) });
    await eventually(`${name} in ${within}`, async () => {
      if ((await row.count()) > 0) return true;
      await this.scrollTo(view, outer, 10_000);
      await this.openRow(outer, within);
      await this.scrollTo(view, row, 10_000);
      return true;
    });
    return row.first();
  }

  /** What it shows as its value. */
  async value(within: string, name: string): Promise<string> {
    const row = await this.variable(within, name);
    return (await row.locator(".value").textContent()) ?? "";
  }

  /** A row's context menu in the Variables view. */
  async chooseFromMenu(within: string, variable: string, item: string): Promise<void> {
    await this.editor.chooseFromMenu(await this.variable(within, variable), item);
  }

  /** A double click on the value of a variable, and another one typed over it. */
  async setVariable(within: string, name: string, value: string): Promise<void> {
    const row = await this.variable(within, name);
    const input = row.locator("input").first();
    await eventually(`the value of ${name} can be typed over`, async () => {
      await row.locator(".value").click({ clickCount: 2, timeout: 5000 });
      await input.fill(value, { timeout: 3000 });
      return true;
    });
    await this.editor.page.keyboard.press("Enter");
  }

  /** *View Binary Data* of a row of the Variables view. */
  async viewMemory(row: Locator): Promise<void> {
    await row.hover();
    await row.locator('[aria-label="View Binary Data"]').click();
    await this.memoryPage().locator("body").waitFor({ state: "attached" });
  }

  /** The bytes that the editor for memory shows, in hexadecimal, once they are as `wanted`. */
  async memory(wanted: RegExp): Promise<string> {
    const bytes = this.memoryPage().locator("input");
    return eventually(`memory is ${wanted}`, async () => {
      const shown = (await bytes.evaluateAll((all) => all.map((input) => input.value))).join(" ");
      return wanted.test(shown) && shown;
    });
  }

  /** Types over a byte in the editor for memory, and waits until it is written. */
  async setByte(at: number, hex: string): Promise<void> {
    const before = this.editor.wire.length;
    await this.memoryPage().locator(`input[aria-label="byte ${at}"]`).fill(hex);
    await this.editor.page.keyboard.press("Enter");
    await this.answered("writeMemory", before);
  }

  private memoryPage(): FrameLocator {
    return this.editor.page.frameLocator("iframe.webview.ready").frameLocator("#active-frame");
  }

  /** One more expression in the Watch view, which shows alone; gives its row. */
  async watch(expression: string): Promise<Locator> {
    const pane = await this.openView("Watch");
    await pane.locator(".pane-header").hover();
    await pane.locator('[aria-label="Add Expression"]').first().click();
    await pane.locator("input").first().fill(expression);
    await this.editor.page.keyboard.press("Enter");
    const row = pane.locator(".monaco-list-row").filter({ hasText: expression }).first();
    await row.waitFor();
    return row;
  }

  /** A row's context menu in the Call Stack view. */
  async chooseFromFrameMenu(frame: string, item: string): Promise<void> {
    const row = this.editor.page.locator(".debug-call-stack .monaco-list-row").filter({ hasText: frame });
    await this.editor.chooseFromMenu(row.first(), item);
  }

  /** A row of the Breakpoints view, scrolled to. */
  async breakpoint(text: string | RegExp): Promise<Locator> {
    const view = this.editor.page.locator(".debug-breakpoints");
    const row = view.locator(".monaco-list-row").filter({ hasText: text });
    await this.scrollTo(view, row);
    return row.first();
  }

  /** Asks in the debug console; gives all lines that it shows when `wanted` is among them. */
  async ask(text: string, wanted: RegExp): Promise<string> {
    const { page } = this.editor;
    const input = page.locator(".repl-input-wrapper .monaco-editor").first();
    await eventually("the debug console is open", async () => {
      if (await input.isVisible()) return true;
      await this.editor.command("Debug Console: Focus on Debug Console View");
      return eventually("", () => input.isVisible(), 5000).catch(() => false);
    });
    await input.click();
    await page.keyboard.insertText(text);
    await page.keyboard.press("Escape"); // the offers: Enter is to send the line
    await page.keyboard.press("Enter");
    return eventually(`an answer to “${text}”`, async () => {
      const shown = (await this.editor.debugConsole()).join("\n");
      return wanted.test(shown) && shown;
    });
  }

  /** Waits until the adapter has answered a request of this kind, and all of them, since the wire had so many messages. */
  async answered(command: string, since: number): Promise<void> {
    await eventually(`${command} is answered`, async () => isAnswered(this.editor.wire.slice(since), command));
  }

  /** What requests of this kind have asked since the wire had so many messages. */
  asked(command: string, since = 0): unknown[] {
    const messages = this.editor.wire.slice(since);
    return messages
      .filter((message) => message.type === "request" && message.command === command)
      .map((message) => message.arguments);
  }

  callStack(): Promise<string[]> {
    return texts(this.editor.page.locator(".debug-call-stack .monaco-list-row"));
  }

  /** VS Code asks for the first function, and half a second later for those below it. */
  async wholeCallStack(): Promise<void> {
    const more = this.editor.page.locator(".debug-call-stack .load-all");
    await more.waitFor({ state: "hidden" });
  }

  /** Clicks on a row of the Call Stack view and waits until that line is looked at. */
  async selectFrame(text: string): Promise<void> {
    const row = this.editor.page.locator(".debug-call-stack .monaco-list-row");
    await row.filter({ hasText: text }).first().click();
    await this.editor.page.locator(`${textArea} .debug-focused-stack-frame-line`).first().waitFor();
  }

  /** What the adapter made of the function breakpoints when it was last told them, by their names. */
  functionBreakpoints(): Map<string, boolean> {
    const all = this.editor.wire.filter(({ command }) => command === "setFunctionBreakpoints");
    const last = (type: Message["type"]) => all.findLast((message) => message.type === type);
    if (!isAnswered(all, "setFunctionBreakpoints")) return new Map();
    const asked = (last("request")?.arguments ?? { breakpoints: [] }) as { breakpoints: { name: string }[] };
    const answered = (last("response")?.body ?? { breakpoints: [] }) as { breakpoints: { verified: boolean }[] };
    return new Map(asked.breakpoints.map(({ name }, index) => [name, answered.breakpoints[index]?.verified]));
  }

  breakpoints(): Promise<string[]> {
    return texts(this.editor.page.locator(".debug-breakpoints .monaco-list-row"));
  }

  /** The text of what stopped the run as an exception. */
  async report(): Promise<string> {
    const widget = this.editor.page.locator(`${textArea} .exception-widget`).first();
    await widget.waitFor();
    return (await widget.textContent()) ?? "";
  }

  /** What the debugger says about `text` in that line: the value, and below it what is in it, row by row, as `wanted` has it. */
  async hover(line: number, text: string, wanted: RegExp): Promise<string> {
    const { page } = this.editor;
    const widget = page.locator('.debug-hover-widget[monaco-visible-content-widget="true"]');
    return eventually(`a hover on “${text}”`, async () => {
      const { x, y, width, height } = await this.editor.placeOf(line, text);
      // A hover begins with a move onto the text; one that came while the editor was busy is made again.
      await page.mouse.move(x + width / 2, y - 3 * height);
      await page.mouse.move(x + width / 2, y + height / 2, { steps: 4 });
      await widget.first().waitFor({ timeout: 3000 });
      const parts = await texts(widget.locator(".title, .value:not(.monaco-list-row *), .monaco-list-row"));
      const shown = parts.join("\n");
      return wanted.test(shown) && shown;
    });
  }

  /** Of every thread that stands in this file. */
  private async highlightedLines(): Promise<number[]> {
    const rows = this.editor.page.locator(`${textArea} .view-overlays > div`);
    const tops = await rows.evaluateAll((elements) =>
      elements.filter((row) => row.querySelector(".debug-top-stack-frame-line")).map((row) => row.style.top),
    );
    const lines = [...(await this.editor.lines())];
    return lines.filter(([, top]) => tops.includes(top)).map(([line]) => line);
  }

  /** The name in the active tab. */
  async activeFile(): Promise<string> {
    return (await this.editor.page.locator(".tab.active").first().getAttribute("data-resource-name")) ?? "";
  }

  private async rows(view: string) {
    const rows: Locator = this.editor.page.locator(`${view} .monaco-list-row`);
    return rows.evaluateAll((elements) =>
      elements.map((row) => ({
        level: Number(row.getAttribute("aria-level")),
        text: (row.textContent ?? "").trim(),
        name: (row.querySelector(".name")?.textContent ?? "").replace(/\s*[=:]?\s*$/, ""),
        value: row.querySelector(".value")?.textContent ?? "",
      })),
    );
  }
}

/** Whether there was such a request and every one has its answer. */
function isAnswered(messages: readonly Message[], command: string): boolean {
  const of = (type: Message["type"]) =>
    messages.filter((message) => message.type === type && message.command === command);
  return of("response").length > 0 && of("response").length >= of("request").length;
}
