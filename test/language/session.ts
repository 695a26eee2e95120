// A client and the server over streams in memory: what an editor would send and see.
import { PassThrough } from "node:stream";
import { createConnection as createCommonConnection } from "vscode-languageserver";
import {
  createProtocolConnection,
  ProposedFeatures,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { serve } from "../../server/language/server.ts";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";
import { vocabulary } from "../scenario/vocabulary.ts";

export interface Client {
  readonly connection: ProtocolConnection;
  /** The next diagnostics for a document. */
  readonly diagnostics: (uri: string) => Promise<PublishDiagnosticsParams>;
}

/** Starts a server in this process; `files` are what it finds on disk, by URI. The words are those of the tests, or the engine's. */
export function startServer(files: Readonly<Record<string, string>> = {}, words: Vocabulary = vocabulary): Client {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  const watchDog = { shutdownReceived: false, initialize: () => undefined, exit: () => undefined };
  const server = createCommonConnection(
    (logger) => createProtocolConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient), logger),
    watchDog,
    ProposedFeatures.all,
  );
  const later = (callback: () => void, milliseconds: number) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  };
  serve(server, { vocabulary: words, readFile: (uri) => files[uri], later });
  return clientOf(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
}

export function clientOf(reader: StreamMessageReader, writer: StreamMessageWriter): Client {
  const connection = createProtocolConnection(reader, writer);
  const waiting: ((params: PublishDiagnosticsParams) => void)[] = [];
  const arrived: PublishDiagnosticsParams[] = [];
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    const next = waiting.shift();
    if (next) next(params);
    else arrived.push(params);
  });
  connection.listen();
  const next = () =>
    new Promise<PublishDiagnosticsParams>((resolve) => {
      const known = arrived.shift();
      if (known) resolve(known);
      else waiting.push(resolve);
    });
  const diagnostics = async (uri: string) => {
    for (;;) {
      const params = await next();
      if (params.uri === uri) return params;
    }
  };
  return { connection, diagnostics };
}

export async function initialize({ connection }: Client, folder: string): Promise<unknown> {
  const result = await connection.sendRequest("initialize", {
    processId: null,
    rootUri: folder,
    capabilities: {},
    workspaceFolders: [{ uri: folder, name: "w" }],
  });
  await connection.sendNotification("initialized", {});
  return result;
}

export async function open({ connection }: Client, uri: string, text: string): Promise<void> {
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "mshare", version: 1, text },
  });
}
