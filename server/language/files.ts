// Files that no editor has open: read by the platform where it can; else asked of the client, which may know places that
// the server cannot reach (a worker in a browser has no file system, a virtual workspace none that Node could read).
import type { Connection } from "vscode-languageserver";

/** A request to the client: `{ uri }`, answered by `{ text }`, null where there is no such file. */
export const READ_FILE = "mshare/readFile";

export interface Files {
  /** The text behind a URI; undefined where there is none, or not yet. */
  readonly read: (uri: string) => string | undefined;
  /** Resolves when the client has answered for every file that it was asked for. */
  readonly settled: () => Promise<void>;
  /** Files may have changed. */
  readonly forget: () => void;
}

/** `arrived` is called when a text has come that was not there before. */
export function filesOf(
  connection: Connection,
  readHere: (uri: string) => string | undefined,
  clientReads: () => boolean,
  arrived: () => void,
): Files {
  let known = new Map<string, string | undefined>();
  const asked = new Set<string>();
  const whenSettled: (() => void)[] = [];

  const ask = (uri: string): void => {
    if (asked.has(uri)) return;
    asked.add(uri);
    const keep = (text: unknown): void => {
      asked.delete(uri);
      known.set(uri, typeof text === "string" ? text : undefined);
      if (asked.size > 0) return;
      arrived();
      for (const settled of whenSettled.splice(0)) settled();
    };
    connection.sendRequest<{ text?: unknown } | null>(READ_FILE, { uri }).then(
      (answer) => keep(answer?.text),
      () => keep(undefined),
    );
  };

  return {
    read(uri) {
      if (known.has(uri)) return known.get(uri);
      const text = readHere(uri);
      if (text === undefined && clientReads()) ask(uri);
      return text;
    },
    settled: () => (asked.size === 0 ? Promise.resolve() : new Promise((resolve) => whenSettled.push(resolve))),
    forget() {
      known = new Map();
    },
  };
}
