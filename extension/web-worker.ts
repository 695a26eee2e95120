// Web workers, as far as they are used here: the types of the DOM are not those of Node, and one project has room for one.
import type { Uri } from "vscode";

export interface WebWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
}

export function startWebWorker(program: Uri): WebWorker {
  const { Worker } = globalThis as unknown as { Worker: new (url: string) => WebWorker };
  return new Worker(program.toString(true));
}
