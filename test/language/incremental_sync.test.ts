// A document that came in pieces is the one that was meant: after any edits the server answers as for the whole text.
import assert from "node:assert/strict";
import fc from "fast-check";
import { linesOf, positionAt } from "../../sim/scenario/lines.ts";
import { contractExample } from "../scenario/contract.ts";
import { type Client, initialize, open, startServer } from "./session.ts";

const FOLDER = "file:///w";

const piece = fc.constantFrom(
  "",
  "\n",
  "\r\n",
  "process C\n",
  "C: load(4096)\r\n",
  "// \u{1f427}\n",
  "\u{1f427}",
  '"',
  "/*",
  "*/",
  "{",
  "}",
  "x = ",
  "writer: PROT_READ = load(4096)\n",
  "kernel ptshare-v2 // ",
  "repeat 2 as MAP_SHARED {\n",
  " // mshare-ignore mixed-flags, will-fail, will-fault\n",
  "PROT_WRITE|MAP_SHARED, ",
);
/** Where from, how much goes, what comes; places are shares of the text as it is then. */
const edit = fc.record({ at: fc.nat(9999), cut: fc.nat(40), put: piece });
/** Several edits can come in one notification: each counts from what the one before it left. */
const notifications = fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 });

/** The nearest offset that is neither inside "\r\n" nor inside a pair of surrogates: editors give no other. */
function whole(text: string, offset: number): number {
  const at = Math.min(offset, text.length);
  return /^(?:\r\n|[\ud800-\udbff][\udc00-\udfff])$/.test(text.slice(at - 1, at + 1)) ? at - 1 : at;
}

function placeOf(text: string, offset: number) {
  const { line, column } = positionAt(linesOf(text), offset);
  return { line: line - 1, character: column - 1 };
}

async function answers({ connection }: Client, uri: string): Promise<unknown[]> {
  const ask = (method: string, params = {}) => connection.sendRequest(method, { textDocument: { uri }, ...params });
  const tokens = (await ask("textDocument/semanticTokens/full")) as { data: number[] };
  const symbols = await ask("textDocument/documentSymbol");
  const folds = await ask("textDocument/foldingRange");
  const report = (await ask("textDocument/diagnostic")) as { items: { range: object; message: string }[] };
  return [tokens.data, symbols, folds, report.items.map(({ range, message }) => [range, message])];
}

describe("documents in pieces", function () {
  this.timeout(240_000);

  it("are the whole that was meant", async () => {
    const client = startServer();
    await initialize(client, FOLDER);
    let documents = 0;
    await fc.assert(
      fc.asyncProperty(notifications, async (all) => {
        const uri = `${FOLDER}/${++documents}.mshare`;
        let text = contractExample;
        await open(client, uri, text);
        for (const [version, edits] of all.entries()) {
          const contentChanges = edits.map(({ at, cut, put }) => {
            const start = whole(text, Math.floor((at / 9999) * text.length));
            const end = Math.max(start, whole(text, start + cut));
            const change = { range: { start: placeOf(text, start), end: placeOf(text, end) }, text: put };
            text = text.slice(0, start) + put + text.slice(end);
            return change;
          });
          const textDocument = { uri, version: version + 2 };
          await client.connection.sendNotification("textDocument/didChange", { textDocument, contentChanges });
        }
        const pieces = await answers(client, uri);
        await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
        await open(client, uri, text);
        assert.deepEqual(pieces, await answers(client, uri), text);
        await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
      }),
      { numRuns: 60 },
    );
    client.connection.dispose();
  });
});
