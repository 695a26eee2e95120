// Entry of the language server under Node: `--stdio`, `--node-ipc` (what VS Code uses), or `--port N` on 127.0.0.1.
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { createConnection as createCommonConnection, type WatchDog } from "vscode-languageserver";
import {
  createConnection,
  createProtocolConnection,
  ProposedFeatures,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { vocabulary } from "./engine.ts";
import { type Platform, serve } from "./server.ts";

const platform: Platform = {
  vocabulary: vocabulary(),
  readFile,
  later(callback, milliseconds) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

function readFile(uri: string): string | undefined {
  try {
    return readFileSync(fileURLToPath(uri), "utf8");
  } catch {
    return undefined;
  }
}

/** Runs the server as the arguments say. Returns an exit status where it cannot, or undefined once it serves. */
export function runLanguageServer(args: readonly string[]): number | undefined {
  const at = args.findIndex((arg) => arg === "--port" || arg.startsWith("--port=") || arg.startsWith("--socket="));
  if (at >= 0) return listen(args[at].includes("=") ? args[at].slice(args[at].indexOf("=") + 1) : args[at + 1]);
  if (args.includes("--node-ipc")) serve(createConnection(ProposedFeatures.all), platform);
  else serve(createConnection(ProposedFeatures.all, process.stdin, process.stdout), platform);
  return undefined;
}

/** Serves one socket; `exit` ends the session, not the process. */
function serveSocket(socket: Socket): void {
  const watchDog: WatchDog = { shutdownReceived: false, initialize: () => undefined, exit: () => socket.end() };
  const streams = [new StreamMessageReader(socket), new StreamMessageWriter(socket)] as const;
  socket.on("error", () => socket.destroy());
  serve(
    createCommonConnection((logger) => createProtocolConnection(...streams, logger), watchDog, ProposedFeatures.all),
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

// VS Code and `node dist/language-server.js` run this file; the command line calls runLanguageServer itself.
const direct = process.argv[1]?.endsWith("language-server.js");
if (direct) {
  const status = runLanguageServer(process.argv.slice(2));
  if (status !== undefined) process.exitCode = status;
}
