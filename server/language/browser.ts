// Entry of the language server in a web worker. Bundle it for the browser and give the worker to
// `vscode-languageclient/browser`; the client's `initializationOptions: { readsFiles: true }` says that it answers
// `mshare/readFile` (files.ts), so that includes work without a file system.
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  createConnection,
  ProposedFeatures,
} from "vscode-languageserver/browser";
import { vocabulary } from "./engine.ts";
import { serve } from "./server.ts";
import { takenBack } from "./taken_back.ts";

declare const self: ConstructorParameters<typeof BrowserMessageReader>[0];
declare function setTimeout(callback: () => void, milliseconds: number): number;
declare function clearTimeout(timer: number): void;

const streams = [new BrowserMessageReader(self), new BrowserMessageWriter(self)] as const;
serve(createConnection(ProposedFeatures.all, ...streams, takenBack), {
  vocabulary: vocabulary(),
  readFile: () => undefined,
  later(callback, milliseconds) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
});
