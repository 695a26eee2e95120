// Tests in a real editor come as whole sessions: each begins in a window of its own with nothing kept from before, so that
// it can be run alone, and again. A real browser on a busy machine loses a click now and then; what fails three times is broken.
import { setTimeout as sleep } from "node:timers/promises";
import { Debugging } from "./debugging.ts";
import { Editor } from "./editor.ts";
import { eventually } from "./eventually.ts";
import { whatIsMissing } from "./installed.ts";
import type { Box, Point } from "./playwright.ts";

export interface Window {
  readonly editor: Editor;
  readonly debug: Debugging;
  /** Says what is being tried; a failure then names it. */
  check(what: string, act: () => Promise<void>): Promise<void>;
}

/** A session in a window on `url`, which is asked for at each attempt. `userAgent`: what the browser says it is, if not itself. */
export function session(
  title: string,
  url: () => string | Promise<string>,
  walk: (window: Window) => Promise<void>,
  userAgent?: string,
): void {
  let attempts = 0;
  it(title, async function () {
    this.timeout(600_000);
    this.retries(Number(process.env["MSHARE_RETRIES"] ?? 2));
    attempts++;
    let trying = "";
    const check: Window["check"] = async (what, act) => {
      trying = what;
      const start = Date.now();
      await act();
      if (process.env["MSHARE_TIMES"] === "1") console.log(`      ${Date.now() - start} ms: ${what}`);
    };
    let opened: Editor | undefined;
    try {
      await check("a window opens", async () => {
        opened = await Editor.open(await url(), userAgent);
      });
      const editor = opened!;
      await walk({ editor, debug: new Debugging(editor), check });
    } catch (problem) {
      const file = `out/e2e/${title}.png`;
      await opened?.screenshot(file).catch(() => undefined);
      const shown = (await opened?.text().catch(() => "")) ?? "";
      const why = problem instanceof Error && problem.cause instanceof Error ? ` (${problem.cause.message})` : "";
      console.log(`      attempt ${attempts}: ${trying}: ${problem}${why}\n${shown}`);
      throw new Error(`it did not work: ${trying} (${file})\n${shown}`, { cause: problem });
    } finally {
      await opened?.close();
    }
  });
}

/** For `before`: skips, with a line for the person who wants these tests to run. */
export function skipWithoutEditor(context: Mocha.Context): void {
  const missing = whatIsMissing();
  if (!missing) return;
  console.log(`      skipped: ${missing}`);
  context.skip();
}

const areRenewed = process.env["MSHARE_PICTURES"] === "1";

/** `MSHARE_PICTURES=1 npm test` also renews the pictures of the documentation. */
export async function picture(editor: Editor, name: string): Promise<void> {
  if (!areRenewed) return;
  await editor.page.mouse.move(5, 500); // what the mouse rests on may show a hover
  await settled(editor);
  await pictureWithHover(editor, name);
}

/** Colours come last. */
async function settled(editor: Editor): Promise<void> {
  await sleep(1000);
  const busy = editor.page.locator(".statusbar .codicon-modifier-spin");
  await eventually("nothing goes on in the status bar", async () => (await busy.count()) === 0);
}

/** The same with what the mouse has opened. */
export async function pictureWithHover(editor: Editor, name: string): Promise<void> {
  if (areRenewed) await editor.screenshot(`docs/images/${name}.png`);
}

/** The part of a window that matters: walkthroughs show pictures a third as wide as a window. */
export async function walkthroughPicture(editor: Editor, name: string, part: Box): Promise<void> {
  if (!areRenewed) return;
  await settled(editor);
  await editor.screenshot(`extension/walkthrough/${name}.png`, part);
}

/** A side bar in which rows are read to their ends, or most of them. */
export async function widerForPictures(editor: Editor, pixels: number): Promise<void> {
  if (!areRenewed) return;
  const { x, width } = (await editor.page.locator(".part.sidebar").first().boundingBox())!;
  await drag(editor, { x: x + width + 2, y: 500 }, { x: x + width + 2 + pixels, y: 500 });
}

/** Moves the upper edge of a view of the side bar down, or up: those above and below then show their rows whole. */
export async function moveEdgeForPictures(editor: Editor, view: string, pixels: number): Promise<void> {
  if (!areRenewed) return;
  const header = editor.page.locator(`.part.sidebar .pane-header:has(h3.title:text-is("${view}"))`).first();
  const { x, y } = (await header.boundingBox())!;
  await drag(editor, { x: x + 150, y }, { x: x + 150, y: y + pixels });
}

async function drag({ page: { mouse } }: Editor, from: Point, to: Point): Promise<void> {
  await mouse.move(from.x, from.y);
  await sleep(500); // an edge is one only after the mouse has rested on it
  await mouse.down();
  await mouse.move(to.x, to.y, { steps: 5 });
  await mouse.up();
}

/** Parts of a window of the size that tests open. */
export const parts = {
  /** The editor and the debug side bar beside it, down to the panel. */
  debugging: { x: 46, y: 36, width: 884, height: 580 },
  editor: { x: 352, y: 36, width: 700, height: 480 },
  sideBar: { x: 46, y: 36, width: 620, height: 890 },
};
