// Tests in the desktop's VS Code: a server for all sessions of a file, and for each session a window on a workspace of its own.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packed } from "./packed.ts";
import { type Server, startServer, type Trust } from "./server.ts";
import { skipWithoutEditor } from "./sessions.ts";

/** The URL of a window on a new workspace, with a file of it open. In it are the examples, `broken.mshare` and `files` by path. */
export type NewWindow = (file?: string, files?: Readonly<Record<string, string>>) => () => string;

export const broken = "broken.mshare";

export function desktop(title: string, trust: Trust, sessions: (newWindow: NewWindow) => void): void {
  describe(title, function () {
    this.timeout(600_000);
    const folder = mkdtempSync(join(tmpdir(), "mshare-e2e-"));
    let server: Server | undefined;
    let workspaces = 0;

    before(async function () {
      skipWithoutEditor(this);
      server = await startServer(packed(), trust);
    });

    after(async () => {
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    sessions((file, files = {}) => () => {
      const workspace = join(folder, `workspace${workspaces++}`);
      cpSync("examples", join(workspace, "examples"), { recursive: true });
      for (const [path, text] of Object.entries({ [broken]: "this is no scenario\n", ...files })) {
        mkdirSync(dirname(join(workspace, path)), { recursive: true });
        writeFileSync(join(workspace, path), text);
      }
      return server!.urlOf(workspace, file);
    });
  });
}

/** Statements by what stands in them. */
export function linesOf(example: string): (text: string) => number {
  const lines = readFileSync(join("examples", example), "utf8").split("\n");
  return (text) => {
    const index = lines.findIndex((line) => line.includes(text));
    if (index < 0) throw new Error(`no line of ${example} contains ${text}`);
    return index + 1;
  };
}
