// The part of playwright-core that the driver uses. It is installed in the editor's cache (tools/editor.mjs), not in the
// project, so its types are not there to import.
import { createRequire } from "node:module";

export interface Locator {
  locator(selector: string): Locator;
  filter(options: { hasText?: string | RegExp; has?: Locator }): Locator;
  first(): Locator;
  nth(index: number): Locator;
  all(): Promise<Locator[]>;
  count(): Promise<number>;
  click(options?: {
    button?: "left" | "right";
    clickCount?: number;
    position?: Point;
    timeout?: number;
  }): Promise<void>;
  hover(options?: { position?: Point; force?: boolean }): Promise<void>;
  fill(text: string, options?: { timeout?: number }): Promise<void>;
  inputValue(): Promise<string>;
  textContent(): Promise<string | null>;
  getAttribute(name: string): Promise<string | null>;
  isVisible(): Promise<boolean>;
  boundingBox(): Promise<Box | null>;
  waitFor(options?: { state?: "visible" | "hidden" | "attached"; timeout?: number }): Promise<void>;
  /** Runs in the page; the function must not use anything from outside but `argument`. */
  evaluate<Result, Argument>(
    script: (element: PageElement, argument: Argument) => Result,
    argument?: Argument,
  ): Promise<Result>;
  evaluateAll<Result>(script: (elements: PageElement[]) => Result): Promise<Result>;
}

export interface FrameLocator {
  frameLocator(selector: string): FrameLocator;
  locator(selector: string): Locator;
}

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

/** What scripts that run in the page use of the DOM. */
export interface PageElement {
  textContent: string | null;
  innerText: string;
  /** Of an input. */
  value: string;
  style: { top: string };
  childNodes: Iterable<PageElement>;
  ownerDocument: {
    createRange(): PageRange;
    defaultView: { getComputedStyle(element: PageElement, pseudo: string): { content: string } };
  };
  getAttribute(name: string): string | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

export interface PageRange {
  setStart(node: PageElement, offset: number): void;
  setEnd(node: PageElement, offset: number): void;
  getBoundingClientRect(): Box;
}

export interface WebSocket {
  on(event: "framesent" | "framereceived", listener: (frame: { payload: string | Buffer }) => void): void;
}

export interface Page {
  on(event: "websocket", listener: (socket: WebSocket) => void): void;
  goto(url: string): Promise<unknown>;
  /** Before any script of the page runs; the function must not use anything from outside but `argument`. */
  addInitScript<Argument>(script: (argument: Argument) => void, argument: Argument): Promise<unknown>;
  /** Makes a function that the page's scripts can call. */
  exposeFunction<Argument>(name: string, called: (argument: Argument) => void): Promise<unknown>;
  locator(selector: string): Locator;
  frameLocator(selector: string): FrameLocator;
  /** As a PNG. */
  screenshot(options: { clip?: Box }): Promise<Buffer>;
  keyboard: {
    press(keys: string): Promise<void>;
    type(text: string, options?: { delay?: number }): Promise<void>;
    insertText(text: string): Promise<void>;
  };
  mouse: {
    move(x: number, y: number, options?: { steps?: number }): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
    wheel(deltaX: number, deltaY: number): Promise<void>;
  };
  setDefaultTimeout(milliseconds: number): void;
}

export interface PageOptions {
  viewport: { width: number; height: number };
  deviceScaleFactor?: number;
  userAgent?: string;
}

export interface Browser {
  newPage(options: PageOptions): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  chromium: { launch(options: { executablePath: string; headless: boolean; args: string[] }): Promise<Browser> };
}

/** Loads playwright-core from the folder it is installed in, and starts Chromium with nothing of its own going on. */
export async function launchChromium(playwrightFolder: string, executablePath: string): Promise<Browser> {
  const { chromium } = createRequire(playwrightFolder)("playwright-core") as Playwright;
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  const args = ["--no-sandbox", "--disable-component-update", "--disable-sync", ...quiet];
  return chromium.launch({ executablePath, headless: true, args });
}
