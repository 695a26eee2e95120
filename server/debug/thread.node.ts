// The debug adapter as a thread of the extension's own process, for scenarios that lie in no file.
import { parentPort } from "node:worker_threads";
import { checkFile, exceptionFilters, openDebugSession } from "../../sim/session.ts";
import { serveMessages, type ToWorker } from "./messages.ts";

const port = {
  send: (message: unknown) => parentPort?.postMessage(message),
  receive: (listener: (message: ToWorker) => void) => void parentPort?.on("message", listener),
};
serveMessages(port, { checkFile, exceptionFilters, openDebugSession });
