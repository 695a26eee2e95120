// "Run" and "Debug" above a scenario. The commands are the extension's.
import type { CodeLens } from "vscode-languageserver";
import { type Analysis, toRange } from "./analysis.ts";

/** Only above a file that does something: one of declarations alone is there to be included. */
export function codeLenses(analysis: Analysis, uri: string): CodeLens[] {
  const acts = analysis.file.items.some((item) =>
    ["call-statement", "actor-block", "parallel", "repeat"].includes(item.kind),
  );
  const [first] = analysis.file.items;
  if (!acts || !first) return [];
  const range = toRange(analysis.file, { start: first.start, end: first.start });
  return [
    { range, command: { title: "▶ Run", command: "mshare.run", arguments: [uri] } },
    { range, command: { title: "Debug", command: "mshare.debug", arguments: [uri] } },
  ];
}
