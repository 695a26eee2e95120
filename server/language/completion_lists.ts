// Completion in two parts: the list without explanations, and the explanation of the offer that is looked at.
import type { CompletionItem, MarkupContent, Position } from "vscode-languageserver";
import type { Analysis } from "./analysis.ts";
import { completion } from "./completion.ts";

interface Source {
  readonly list: number;
  readonly index: number;
}

/** Remembers the last list only: an editor shows one at a time. */
export function completionLists() {
  let list = 0;
  let texts: readonly CompletionItem["documentation"][] = [];
  return {
    list(analysis: Analysis, position: Position): CompletionItem[] {
      const items = completion(analysis, position);
      list++;
      texts = items.map((item) => item.documentation);
      return items.map(({ documentation, ...item }, index) => ({ ...item, data: { list, index } satisfies Source }));
    },
    resolve(item: CompletionItem): CompletionItem {
      const source = item.data as Partial<Source> | undefined;
      if (source?.list !== list || typeof source.index !== "number") return item;
      const documentation: MarkupContent | string | undefined = texts[source.index];
      return documentation === undefined ? item : { ...item, documentation };
    },
  };
}
