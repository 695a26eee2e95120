// The debug adapter as a program: on standard input and output, or with `--port N` on 127.0.0.1, one session a connection.
import { realpathSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { resolve } from "node:path";
import { exceptionFilters, openDebugSession } from "../../sim/session.ts";
import { readText, whyUnreadable } from "../text_file.node.ts";
import type { Environment } from "./environment.ts";
import { MshareDebugSession } from "./session.ts";

const environment: Environment = {
  engine: { openDebugSession, exceptionFilters },
  host: { read: readText, whyUnreadable, sourceMap: (generated) => readText(`${generated}.map`) },
  productRoot: resolve(__dirname, "..").replaceAll("\\", "/"),
  absolute: (path) => resolve(path),
  canonical,
  defer: (turn) => void setImmediate(turn),
};

function canonical(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** Serves one client on this process's own input and output; the process ends with it. */
function serveStdio(): void {
  const session = new MshareDebugSession(environment, () => process.stdin.destroy());
  // Whatever prints to the console must not get between the messages.
  console.log = console.info = console.debug = console.error;
  session.start(process.stdin, process.stdout);
}

function servePort(port: number): void {
  const server = createServer((socket) => {
    const session = new MshareDebugSession(environment, () => socket.end());
    session.start(socket, socket);
  });
  server.on("error", (error) => {
    process.stderr.write(`the debug adapter cannot listen on port ${port}: ${error.message}\n`);
    process.exitCode = 2;
  });
  process.once("SIGINT", () => process.exit(130));
  server.listen(port, "127.0.0.1", () => {
    process.stderr.write(`the debug adapter listens on 127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  });
}

/** Nothing, `--port 4711` or `--port=4711`. */
function serve(args: readonly string[]): void {
  const [, digits] = /^--port[ =](\d{1,5})$/.exec(args.join(" ")) ?? [];
  if (args.length === 0) serveStdio();
  else if (digits !== undefined && Number(digits) <= 65535) servePort(Number(digits));
  else {
    process.stderr.write("usage: adapter [--port N]   without --port it talks on standard input and output\n");
    process.exitCode = 2;
  }
}

serve(process.argv.slice(2));
