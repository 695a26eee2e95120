// The debug adapter in a worker: messages instead of a stream, and files that come from the editor's workspace, whatever
// they lie in (a remote repository, a document that was never saved). An engine reads synchronously and a workspace does not,
// so everything that a run reads is fetched before the run begins.
import type { Host } from "../../sim/session.ts";
import { Adapter } from "./adapter.ts";
import type { Engine } from "./environment.ts";
import { isRecord } from "./read.ts";

/** What the worker is told. `start` comes first and once. */
export type ToWorker =
  /** `productRoot`: the path or URI below which `sim/` lies. */
  | { readonly kind: "start"; readonly productRoot: string; readonly sourceMap: SourceMap | undefined }
  | { readonly kind: "message"; readonly message: unknown }
  /** The answer to `read`; no text: there is no such file. */
  | { readonly kind: "file"; readonly path: string; readonly text: string | undefined };

/** The text of the map of the generated file that holds the kernel, and that file's name. */
export interface SourceMap {
  readonly of: string;
  readonly text: string;
}

/** What the worker says. */
export type FromWorker =
  | { readonly kind: "message"; readonly message: unknown }
  | { readonly kind: "read"; readonly path: string };

export interface Port {
  send(message: FromWorker): void;
  /** Calls back for everything that comes from now on. */
  receive(listener: (message: ToWorker) => void): void;
}

/** The engine, and its checker: it reads just the files that a run will read. */
export interface WorkerEngine extends Engine {
  checkFile(host: Host, path: string): unknown;
}

export function serveMessages(port: Port, engine: WorkerEngine): void {
  const files = createFiles((path) => port.send({ kind: "read", path }));
  let adapter: Adapter | undefined;
  let waiting = Promise.resolve();
  let program = "";

  /** Fetches what a launch will read; a restart reads afresh, for the files may have changed. */
  const prepare = async (message: unknown): Promise<void> => {
    const launch = launchIn(message);
    if (!launch) return;
    program = launch.program ?? program;
    files.forget();
    await files.fetchAll((host) => engine.checkFile(host, program));
  };

  const start = (productRoot: string, sourceMap: SourceMap | undefined): void => {
    let seq = 1;
    const mapOf = (generated: string) => (generated.split("/").at(-1) === sourceMap?.of ? sourceMap?.text : undefined);
    const host = { read: files.read, sourceMap: mapOf };
    const environment = { engine, host, productRoot, absolute: (path: string) => path, defer };
    const send = (message: object) => port.send({ kind: "message", message: { ...message, seq: seq++ } });
    adapter = new Adapter(environment, send, () => undefined);
  };

  port.receive((told) => {
    if (told.kind === "start") start(told.productRoot, told.sourceMap);
    else if (told.kind === "file") files.arrived(told.path, told.text);
    else {
      const { message } = told;
      waiting = waiting.then(() => prepare(message)).then(() => adapter?.receive(message));
    }
  });
}

/** The scenario that a `launch` or `restart` names; undefined for other messages. */
function launchIn(message: unknown): { readonly program: string | undefined } | undefined {
  if (!isRecord(message) || message["type"] !== "request") return undefined;
  const args = isRecord(message["arguments"]) ? message["arguments"] : {};
  const launch = message["command"] === "restart" && isRecord(args["arguments"]) ? args["arguments"] : args;
  if (message["command"] !== "launch" && message["command"] !== "restart") return undefined;
  return { program: typeof launch["program"] === "string" ? launch["program"] : undefined };
}

function createFiles(ask: (path: string) => void) {
  const known = new Map<string, string | undefined>();
  const wanted = new Map<string, () => void>();
  const missing = new Set<string>();
  const read = (path: string): string | undefined => {
    if (!known.has(path)) missing.add(path);
    return known.get(path);
  };
  const fetchOne = (path: string) =>
    new Promise<void>((resolve) => {
      wanted.set(path, resolve);
      ask(path);
    });
  return {
    read,
    forget(): void {
      known.clear();
      missing.clear();
    },
    arrived(path: string, text: string | undefined): void {
      known.set(path, text);
      wanted.get(path)?.();
      wanted.delete(path);
    },
    /** Lets `look` read until it has asked for nothing that is not here. */
    async fetchAll(look: (host: Host) => unknown): Promise<void> {
      do {
        await Promise.all([...missing].map(fetchOne));
        missing.clear();
        look({ read });
      } while (missing.size > 0);
    },
  };
}

/** What Node's and the browser's have in common. */
interface ChannelPort {
  postMessage(message: null): void;
  onmessage: (() => void) | null;
  close(): void;
}

/** A turn that lets waiting messages in before it, without the pauses that browsers put into timers. */
function defer(turn: () => void): void {
  const { port1, port2 } = new MessageChannel() as unknown as Record<"port1" | "port2", ChannelPort>;
  port2.onmessage = () => {
    port1.close();
    turn();
  };
  port1.postMessage(null);
}
