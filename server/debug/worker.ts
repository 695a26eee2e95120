// The debug adapter as a web worker.
import { checkFile, exceptionFilters, openDebugSession } from "../../sim/session.ts";
import { serveMessages, type ToWorker } from "./messages.ts";

/** A worker's global scope; the types of the DOM are not those of Node. */
interface Scope {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
}

const scope = globalThis as unknown as Scope;
const port = {
  send: (message: unknown) => scope.postMessage(message),
  receive(listener: (message: ToWorker) => void) {
    scope.onmessage = ({ data }) => listener(data);
  },
};
serveMessages(port, { checkFile, exceptionFilters, openDebugSession });
