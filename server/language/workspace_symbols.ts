// Symbols of the workspace: what the scenarios below its folders declare.
import { SymbolKind, type WorkspaceSymbol } from "vscode-languageserver";
import type { Item, Name } from "../../sim/scenario/ast.ts";
import type { ParsedFile } from "../../sim/scenario/parser.ts";
import { toRange } from "./analysis.ts";
import type { Workspace } from "./documents.ts";

export function workspaceSymbols(workspace: Workspace, files: readonly string[], query: string): WorkspaceSymbol[] {
  const wanted = query.toLowerCase();
  return workspace.trees(files).flatMap((file) =>
    symbolsOf(file).flatMap(({ name, at, kind }) =>
      matches(name.toLowerCase(), wanted)
        ? [
            {
              name,
              kind,
              containerName: file.path.slice(file.path.lastIndexOf("/") + 1),
              location: { uri: workspace.uriOf(file.path), range: toRange(file, at) },
            },
          ]
        : [],
    ),
  );
}

/** The letters of the query, in their order: editors narrow further. */
function matches(name: string, query: string): boolean {
  let at = 0;
  for (const letter of query) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

interface Declared {
  readonly name: string;
  readonly at: Name;
  readonly kind: SymbolKind;
}

function symbolsOf(file: ParsedFile): Declared[] {
  return file.items.flatMap(declared).filter(({ name }) => name !== "");
}

function declared(item: Item): Declared[] {
  switch (item.kind) {
    case "process-declaration":
      return [{ name: item.name.text, at: item.name, kind: item.count ? SymbolKind.Array : SymbolKind.Class }];
    case "thread":
      return [{ name: `${item.process.name.text}.${item.name.text}`, at: item.name, kind: SymbolKind.Class }];
    case "let":
      return [{ name: item.name.text, at: item.name, kind: SymbolKind.Constant }];
    case "label":
      return [{ name: item.name.text, at: item.name, kind: SymbolKind.Key }];
    case "actor-block":
    case "parallel":
    case "repeat":
      return item.body.flatMap(declared);
    default:
      return [];
  }
}
