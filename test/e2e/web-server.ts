// The web version of VS Code, as on a page of its own: no remote machine, extensions only in the browser's worker.
// The workbench is that of code-server, without the server.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, resolve } from "node:path";
import { installed } from "./installed.ts";
import { settings, type Trust, trustSettings } from "./server.ts";
import { unzip } from "./unzip.ts";

const workbench = "out/vs/code/browser/workbench/workbench.js";
const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

export interface WebServer {
  /** Where a window on this folder is. */
  urlOf(folder: string, trust: Trust): string;
  stop(): Promise<void>;
}

type Files = Readonly<Record<string, string>>;

/** `folders`: virtual workspaces by name, `memory:/NAME` or `vscode-vfs://…/NAME`, and the files in each, by their paths. */
export async function startWebServer(vsix: string, folders: Readonly<Record<string, Files>>): Promise<WebServer> {
  const vscode = resolve(dirname(installed.codeServer), "../../lib/vscode");
  const extension = unzip(readFileSync(vsix));
  const files = Object.entries(folders).flatMap(([folder, files]) =>
    Object.entries(files).map(([name, text]) => [`/${folder}/${name}`, text] as const),
  );

  const content = (path: string, query: URLSearchParams): Buffer | string | undefined => {
    const [, root, name] = /^\/(\w*)\/?(.*)$/.exec(path)!;
    if (root === "") return page(server.address() as AddressInfo, query);
    if (root === "mshare") return extension.get(`extension/${name}`);
    if (root === "memory")
      return name === "files.json" ? JSON.stringify(Object.fromEntries(files)) : file(resolve("test/e2e/web"), name);
    if (root !== "vscode") return undefined;
    return name === workbench ? withoutRemote(join(vscode, name)) : file(vscode, name);
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const found = content(decodeURIComponent(pathname), searchParams);
    const type = pathname === "/" ? types[".html"] : (types[extname(pathname)] ?? "application/octet-stream");
    response.writeHead(found === undefined ? 404 : 200, { "content-type": type }).end(found);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    urlOf(folder, trust) {
      const query = new URLSearchParams({ folder, trust });
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/?${query}`;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function file(root: string, name: string): Buffer | undefined {
  const path = resolve(root, name);
  if (!path.startsWith(`${root}/`)) return undefined;
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** What code-server has put into the workbench for its own sake: a server to connect to, and to keep the user's data. */
const serverParts: readonly (readonly [RegExp, string])[] = [
  [/remoteAuthority:location\.host/, "remoteAuthority:undefined"],
  [/(get userRoamingDataHome\(\)\{[^{}]*\{scheme:)[\w.]+/g, '$1"vscode-userdata"'],
];

function withoutRemote(path: string): string {
  return serverParts.reduce(
    (text, [part, instead]) => {
      if (!part.test(text)) throw new Error(`${path} is another workbench than this test knows: no ${part}`);
      return text.replace(part, instead);
    },
    readFileSync(path, "utf8"),
  );
}

function page({ port }: AddressInfo, query: URLSearchParams): string {
  const { protocol, host, pathname } = new URL(query.get("folder")!);
  const trust = query.get("trust") as Trust;
  const at = (path: string) => ({ scheme: "http", authority: `127.0.0.1:${port}`, path });
  const configuration = {
    additionalBuiltinExtensions: [at("/mshare"), at("/memory"), at("/vscode/extensions/theme-defaults")],
    folderUri: { scheme: protocol.slice(0, -1), authority: host, path: pathname },
    configurationDefaults: { ...settings, ...trustSettings[trust] },
    enableWorkspaceTrust: trust === "asks for trust",
    // code-server's workbench insists on these
    userDataPath: "/",
    isEnabledFileDownloads: false,
    isEnabledFileUploads: false,
    isEnabledCoderGettingStarted: false,
  };
  const settingsText = JSON.stringify(configuration).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<!DOCTYPE html>
<html>
  <head>
    <meta charset="utf-8">
    <meta id="vscode-workbench-web-configuration" data-settings="${settingsText}">
    <link rel="stylesheet" href="/vscode/out/vs/code/browser/workbench/workbench.css">
  </head>
  <body aria-label="">
    <script>globalThis._VSCODE_FILE_ROOT = new URL("/vscode/out/", location).toString();</script>
    <script type="module" src="/vscode/out/nls.messages.js"></script>
    <script type="module" src="/vscode/${workbench}"></script>
  </body>
</html>`;
}
