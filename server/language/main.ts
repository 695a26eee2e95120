// Entry of the language server under Node: `--stdio`, `--node-ipc` (what VS Code uses), or `--port N` on 127.0.0.1.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createConnection as createCommonConnection, type WatchDog } from "vscode-languageserver";
import {
  createConnection,
  createProtocolConnection,
  ProposedFeatures,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { readText } from "../text_file.node.ts";
import { vocabulary } from "./engine.ts";
import { type Platform, serve } from "./server.ts";
import { takenBack } from "./taken_back.ts";

const platform: Platform = {
  vocabulary: vocabulary(),
  readFile,
  findFiles,
  diagnosticsPage: diagnosticsPage(),
  bugPage: (design, id) => (pages ??= bugPages()).get(`${design} ${id}`),
  later(callback, milliseconds) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

function readFile(uri: string): string | undefined {
  try {
    return readText(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}

/** In a folder with more files than this nobody looks for symbols. */
const MOST_FILES = 20_000;

/** Scenarios below a folder; what is hidden or installed is passed by. */
function findFiles(folder: string): string[] {
  const found: string[] = [];
  let seen = 0;
  const search = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (++seen > MOST_FILES) return;
      const inside = join(path, entry.name);
      if (entry.isFile() && entry.name.endsWith(".mshare")) found.push(pathToFileURL(inside).href);
      else if (entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules") search(inside);
    }
  };
  try {
    search(fileURLToPath(folder));
  } catch {
    // A folder that cannot be read holds nothing for us.
  }
  return found;
}

/** The page that explains each code; it ships beside the bundle. */
function diagnosticsPage(): string | undefined {
  const path = resolve(__dirname, "../docs/diagnostics.md");
  return existsSync(path) ? pathToFileURL(path).href : undefined;
}

let pages: ReadonlyMap<string, string> | undefined;

/**
 * The pages of docs/bugs by design and fix, as their tables say; of several the one that bears the fix's name, else the
 * first. They ship beside the bundle.
 */
function bugPages(): Map<string, string> {
  const found = new Map<string, string>();
  const folder = resolve(__dirname, "../docs/bugs");
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const path = join(folder, name);
    const text = name.endsWith(".md") ? readFileSync(path, "utf8") : "";
    const design = /^\| design \| `([^`]+)`/m.exec(text)?.[1];
    const fix = /^\| fix \| `--fix ([a-z-]+)`/m.exec(text)?.[1];
    const key = `${design} ${fix}`;
    if (design && fix && (!found.has(key) || name.endsWith(`-${fix}.md`))) found.set(key, pathToFileURL(path).href);
  }
  return found;
}

/** Runs the server as the arguments say. Returns an exit status where it cannot, or undefined once it serves. */
function runLanguageServer(args: readonly string[]): number | undefined {
  const at = args.findIndex((arg) => arg === "--port" || arg.startsWith("--port=") || arg.startsWith("--socket="));
  if (at >= 0) return listen(args[at].includes("=") ? args[at].slice(args[at].indexOf("=") + 1) : args[at + 1]);
  if (args.includes("--node-ipc")) serve(createConnection(ProposedFeatures.all, takenBack), platform);
  else serve(createConnection(ProposedFeatures.all, process.stdin, process.stdout, takenBack), platform);
  return undefined;
}

/** Serves one socket; `exit` ends the session, not the process. */
function serveSocket(socket: Socket): void {
  const watchDog: WatchDog = { shutdownReceived: false, initialize: () => undefined, exit: () => socket.end() };
  const streams = [new StreamMessageReader(socket), new StreamMessageWriter(socket)] as const;
  socket.on("error", () => socket.destroy());
  serve(
    createCommonConnection(
      (logger) => createProtocolConnection(...streams, logger, takenBack),
      watchDog,
      ProposedFeatures.all,
    ),
    platform,
  );
}

/** One session a client; only this machine may connect. */
function listen(text: string | undefined): number | undefined {
  const port = Number(text);
  if (!text || !Number.isInteger(port) || port < 0 || port > 65535) {
    process.stderr.write("mshare lsp: --port takes a number from 0 to 65535\n");
    return 2;
  }
  const server = createServer(serveSocket);
  server.on("error", (error) => {
    process.stderr.write(`mshare lsp: ${error.message}\n`);
    process.exitCode = 2;
  });
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    process.stderr.write(`listening on 127.0.0.1:${typeof address === "object" && address ? address.port : port}\n`);
  });
  return undefined;
}

// The bundle is a program: VS Code, `node dist/language-server.js` and the command line load it to serve.
const status = runLanguageServer(process.argv.slice(2));
if (status !== undefined) process.exitCode = status;
