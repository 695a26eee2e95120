// Diagnostics on their way to the client: sent after a pause in typing, or given when asked for, never both.
import type {
  ClientCapabilities,
  Connection,
  DocumentDiagnosticReport,
  Diagnostic as LspDiagnostic,
} from "vscode-languageserver";
import type { Analysis } from "./analysis.ts";
import { diagnostics } from "./diagnostics.ts";

/** Changes that come together are answered once; a single one hardly waits. */
const DEBOUNCE_MS = 1;

export interface DiagnosingHost {
  readonly analysis: (uri: string) => Analysis | undefined;
  readonly uriOf: (path: string) => string;
  readonly version: (uri: string) => number | undefined;
  readonly later: (callback: () => void, milliseconds: number) => () => void;
  /** Resolves when every file that is read has come. */
  readonly settled: () => Promise<void>;
  /** Where the page of a code is, if there is one. */
  readonly page: (code: string) => string | undefined;
}

/** Whether the client waits to be told, asks when it likes, or asks and wants to know when to ask again. */
export type Delivery = "sent" | "asked-for" | "asked-for-again";

export interface Diagnosing {
  /** A document has changed. A client that asks does so by itself then. */
  readonly changed: (uri: string) => void;
  /** Something beside the documents has changed: what was said of these may be wrong. */
  readonly changedElsewhere: (uris: readonly string[]) => void;
  readonly closed: (uri: string) => void;
  /** The answer to `textDocument/diagnostic`. */
  readonly report: (uri: string, previousResult: string | undefined) => Promise<DocumentDiagnosticReport>;
}

export function deliveryFor(client: ClientCapabilities): Delivery {
  if (!client.textDocument?.diagnostic) return "sent";
  return client.workspace?.diagnostics?.refreshSupport ? "asked-for-again" : "asked-for";
}

export function createDiagnosing(connection: Connection, delivery: () => Delivery, host: DiagnosingHost): Diagnosing {
  const typing = new Map<string, () => void>();
  const results = new Map<string, { readonly id: string; readonly text: string }>();
  let count = 0;
  let refreshing = false;

  /** What is to be said of a document once all that it includes is there. */
  const found = async (uri: string): Promise<LspDiagnostic[] | undefined> => {
    host.analysis(uri);
    await host.settled();
    const analysis = host.analysis(uri);
    return analysis && diagnostics(analysis, host.uriOf, host.page);
  };
  const send = async (uri: string): Promise<void> => {
    const items = await found(uri);
    if (items) await connection.sendDiagnostics({ uri, version: host.version(uri), diagnostics: items });
  };
  const changed = (uri: string): void => {
    if (delivery() !== "sent") return;
    typing.get(uri)?.();
    const cancel = host.later(() => {
      typing.delete(uri);
      void send(uri);
    }, DEBOUNCE_MS);
    typing.set(uri, cancel);
  };

  return {
    changed,
    changedElsewhere(uris) {
      for (const uri of uris) changed(uri);
      if (delivery() !== "asked-for-again" || refreshing || uris.length === 0) return;
      refreshing = true;
      host.later(() => {
        refreshing = false;
        connection.languages.diagnostics.refresh().catch(() => undefined);
      }, DEBOUNCE_MS);
    },
    closed(uri) {
      typing.get(uri)?.();
      typing.delete(uri);
      results.delete(uri);
      if (delivery() === "sent") void connection.sendDiagnostics({ uri, diagnostics: [] });
    },
    async report(uri, previousResult) {
      const items = (await found(uri)) ?? [];
      const text = JSON.stringify(items);
      const last = results.get(uri);
      if (last?.text === text && last.id === previousResult) return { kind: "unchanged", resultId: last.id };
      const id = last?.text === text ? last.id : String(++count);
      results.set(uri, { id, text });
      return { kind: "full", resultId: id, items };
    },
  };
}
