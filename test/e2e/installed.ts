// Where the real editor is, or what is missing and how to get it.
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const cache = resolve(process.cwd(), ".cache/editor");
const node24 = `node/node_modules/node/node_modules/node-${process.platform}-${process.arch}/bin`;

export const installed = {
  /** Folder of the Node that code-server needs. */
  nodeFolder: join(cache, node24),
  codeServer: join(cache, "code-server/node_modules/code-server/out/node/entry.js"),
  /** A path in the folder from which playwright-core can be required. */
  playwright: join(cache, "playwright/package.json"),
  chromium: onPath("chromium") ?? onPath("chromium-browser") ?? onPath("google-chrome"),
};

/** One line for the person who wants these tests to run; undefined when all is there. */
export function whatIsMissing(): string | undefined {
  const complete = ["node", "playwright", "code-server"].every((part) => existsSync(join(cache, part, "installed")));
  if (!complete) return "no VS Code to drive: `npm run editor` installs one into .cache/editor";
  if (!installed.chromium) return "no Chromium to drive: `apt-get install chromium fonts-dejavu-core`";
  return undefined;
}

function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}
