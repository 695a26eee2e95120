// "Run", "Debug" and "Explore" above a scenario. The commands are the extension's.
import type { CodeLens } from "vscode-languageserver";
import type { Item } from "../../sim/scenario/ast.ts";
import { type Analysis, toRange } from "./analysis.ts";

/** Only above a file that does something: one of declarations alone is there to be included. */
export function codeLenses(analysis: Analysis, uri: string): CodeLens[] {
  const acts = analysis.file.items.some((item) =>
    ["call-statement", "actor-block", "parallel", "repeat"].includes(item.kind),
  );
  const [first] = analysis.file.items;
  if (!acts || !first) return [];
  const range = toRange(analysis.file, { start: first.start, end: first.start });
  const lens = (title: string, command: string) => ({ range, command: { title, command, arguments: [uri] } });
  // Without a choice of who goes first there is one interleaving.
  const interleaves = analysis.file.items.some((item) => item.kind === "parallel" || isLoopWithParallel(item));
  return [
    lens("▶ Run", "mshare.run"),
    lens("Debug", "mshare.debug"),
    ...(interleaves ? [lens("Explore", "mshare.explore")] : []),
  ];
}

const isLoopWithParallel = (item: Item): boolean =>
  item.kind === "repeat" && item.body.some((one) => one.kind === "parallel" || isLoopWithParallel(one));
