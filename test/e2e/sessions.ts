// Tests in a real editor come as whole sessions: each begins in a window of its own with nothing kept from before, so that
// it can be run alone, and again. A real browser on a busy machine loses a click now and then; what fails three times is broken.
import { Debugging } from "./debugging.ts";
import { Editor } from "./editor.ts";
import { whatIsMissing } from "./installed.ts";
import type { Box } from "./playwright.ts";

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
    let trying = "a window opens";
    const start = Date.now();
    const editor = await Editor.open(await url(), userAgent);
    if (process.env["MSHARE_TIMES"] === "1") console.log(`      ${Date.now() - start} ms: ${trying}`);
    const check: Window["check"] = async (what, act) => {
      trying = what;
      const start = Date.now();
      await act();
      if (process.env["MSHARE_TIMES"] === "1") console.log(`      ${Date.now() - start} ms: ${what}`);
    };
    try {
      await walk({ editor, debug: new Debugging(editor), check });
    } catch (problem) {
      const file = `out/e2e/${title}.png`;
      await editor.screenshot(file).catch(() => undefined);
      const shown = await editor.text().catch(() => "");
      console.log(`      attempt ${attempts}: ${trying}: ${problem}\n${shown}`);
      throw new Error(`it did not work: ${trying} (${file})\n${shown}`, { cause: problem });
    } finally {
      await editor.close();
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

/** `MSHARE_PICTURES=1 npm test` also renews the pictures of the documentation. */
export async function picture(editor: Editor, name: string, part?: Box): Promise<void> {
  if (process.env["MSHARE_PICTURES"] === "1") await editor.screenshot(`docs/images/${name}.png`, part);
}

/** The part of a window that matters: walkthroughs show pictures a third as wide as a window. */
export async function walkthroughPicture(editor: Editor, name: string, part: Box): Promise<void> {
  if (process.env["MSHARE_PICTURES"] === "1") await editor.screenshot(`extension/walkthrough/${name}.png`, part);
}

/** A side bar in which rows are read to their ends. */
export async function widerForPictures(editor: Editor): Promise<void> {
  if (process.env["MSHARE_PICTURES"] !== "1") return;
  const { x, width } = (await editor.page.locator(".part.sidebar").first().boundingBox())!;
  const { mouse } = editor.page;
  await mouse.move(x + width + 2, 500);
  await mouse.down();
  await mouse.move(x + width + 190, 500, { steps: 5 });
  await mouse.up();
}

/** Parts of a window of the size that tests open. */
export const parts = {
  /** The editor and the debug side bar beside it, down to the panel. */
  debugging: { x: 46, y: 36, width: 884, height: 580 },
  editor: { x: 352, y: 36, width: 700, height: 480 },
  sideBar: { x: 46, y: 36, width: 620, height: 890 },
};
