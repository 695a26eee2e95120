// Tests in a real editor come as whole sessions: each begins in a window of its own with nothing kept from before, so that
// it can be run alone, and again. A real browser on a busy machine loses a click now and then; what fails three times is broken.
import { Debugging } from "./debugging.ts";
import { Editor } from "./editor.ts";
import { whatIsMissing } from "./installed.ts";

export interface Window {
  readonly editor: Editor;
  readonly debug: Debugging;
  /** Says what is being tried; a failure then names it. */
  check(what: string, act: () => Promise<void>): Promise<void>;
}

/** A session in a window on `url`, which is asked for at each attempt. */
export function session(
  title: string,
  url: () => string | Promise<string>,
  walk: (window: Window) => Promise<void>,
): void {
  let attempts = 0;
  it(title, async function () {
    this.timeout(600_000);
    this.retries(Number(process.env["MSHARE_RETRIES"] ?? 2));
    attempts++;
    const editor = await Editor.open(await url());
    let trying = "begin";
    const check: Window["check"] = async (what, act) => {
      trying = what;
      await act();
    };
    try {
      await walk({ editor, debug: new Debugging(editor), check });
    } catch (problem) {
      await editor.screenshot(`out/e2e/${title}.png`).catch(() => undefined);
      console.log(`      attempt ${attempts}: ${trying}: ${problem}`);
      throw new Error(`it did not work: ${trying}`, { cause: problem });
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
export async function picture(editor: Editor, name: string): Promise<void> {
  if (process.env["MSHARE_PICTURES"] === "1") await editor.screenshot(`docs/images/${name}.png`);
}

/** A small one, since it is packed into the extension. */
export async function walkthroughPicture(editor: Editor, name: string): Promise<void> {
  if (process.env["MSHARE_PICTURES"] === "1") await editor.screenshot(`extension/walkthrough/${name}.jpg`);
}
