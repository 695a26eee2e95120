// Document links: `include` opens its file.
import type { DocumentLink } from "vscode-languageserver";
import { type Analysis, toRange } from "./analysis.ts";

export function documentLinks(analysis: Analysis, uriOf: (path: string) => string): DocumentLink[] {
  return analysis.file.items.flatMap((item) => {
    const target = item.kind === "include" ? analysis.scenario.program.includes.get(item) : undefined;
    return item.kind === "include" && target !== undefined
      ? [{ range: toRange(analysis.file, item.path), target: uriOf(target) }]
      : [];
  });
}
