// code-server with our extension in it, on a free port of this machine only, with a home folder that is thrown away.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { eventually } from "./eventually.ts";
import { installed } from "./installed.ts";

export interface Server {
  /** Where the workbench is, with this folder open, and a file of it by its path in there. */
  urlOf(folder: string, file?: string): string;
  stop(): Promise<void>;
}

/** Whether the editor asks if a folder is trusted, and restricts itself until it is. */
export type Trust = "trusts every folder" | "asks for trust";

/** Quiet, and with nothing that covers what the tests look at. */
export const settings = {
  "breadcrumbs.enabled": false,
  "chat.disableAIFeatures": true,
  "debug.openDebug": "openOnSessionStart",
  "debug.toolBarLocation": "docked",
  "editor.minimap.enabled": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "remote.autoForwardPorts": false, // adapters and tests beside listen on some, which would be announced
  "terminal.integrated.gpuAcceleration": "off", // drawn as text, which tests can read
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.menuBarVisibility": "compact",
  "workbench.colorTheme": "Default Light Modern",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export const trustSettings = {
  "trusts every folder": { "security.workspace.trust.enabled": false },
  "asks for trust": { "security.workspace.trust.startupPrompt": "never" },
};

export async function startServer(vsix: string, trust: Trust): Promise<Server> {
  const home = mkdtempSync(join(tmpdir(), "mshare-editor-"));
  const userData = join(home, "data");
  mkdirSync(join(userData, "User"), { recursive: true });
  writeFileSync(join(userData, "User/settings.json"), JSON.stringify({ ...settings, ...trustSettings[trust] }));
  virtualWorkspace(join(home, "extensions/mshare-tests.memory-workspace-0.0.1"));
  // What VS Code opens memory in, for *View Binary Data*. Folders that are there before the first start count as installed.
  cpSync("test/e2e/hexeditor", join(home, "extensions/ms-vscode.hexeditor-0.0.1"), { recursive: true });
  const folders = ["--user-data-dir", userData, "--extensions-dir", join(home, "extensions")];
  run(home, [...folders, "--install-extension", vsix]);

  const port = await freePort();
  const config = join(home, "config.yaml");
  writeFileSync(config, "");
  const quiet = ["--auth", "none", "--disable-telemetry", "--disable-update-check"];
  if (trust === "trusts every folder") quiet.push("--disable-workspace-trust");
  const address = ["--config", config, "--bind-addr", `127.0.0.1:${port}`];
  const child = start(home, [...folders, ...quiet, ...address]);
  await eventually("code-server answers", async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, 60_000);
  return {
    urlOf(folder, file) {
      const query = new URLSearchParams({ folder });
      if (file) {
        const opened = `vscode-remote://127.0.0.1:${port}${folder}/${file}`;
        query.set("payload", JSON.stringify([["openFile", opened]]));
      }
      return `http://127.0.0.1:${port}/?${query}`;
    },
    async stop() {
      await end(child);
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** An extension that holds the examples in memory, as `memory:/examples`. It is installed when it is there before the first start. */
function virtualWorkspace(folder: string): void {
  cpSync("test/e2e/web", folder, { recursive: true });
  const files = readdirSync("examples").map((name) => [
    `/examples/${name}`,
    readFileSync(join("examples", name), "utf8"),
  ]);
  writeFileSync(join(folder, "files.json"), JSON.stringify(Object.fromEntries(files)));
}

function environment(home: string): NodeJS.ProcessEnv {
  const { PATH, LANG, TMPDIR } = process.env;
  return { HOME: home, LANG, TMPDIR, PATH: [installed.nodeFolder, PATH].join(delimiter) };
}

function run(home: string, args: string[]): void {
  const node = join(installed.nodeFolder, "node");
  const ran = spawnSync(node, [installed.codeServer, ...args], { env: environment(home), encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`code-server ${args.join(" ")}:\n${ran.stdout}${ran.stderr}`);
}

/** In a process group of its own, so that what code-server starts (extension host, adapters) ends with it. */
function start(home: string, args: string[]): ChildProcess {
  const node = join(installed.nodeFolder, "node");
  return spawn(node, [installed.codeServer, ...args], { env: environment(home), stdio: "ignore", detached: true });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGTERM");
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
