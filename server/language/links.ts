// Document links: `include` opens its file, the id of a fix the page of what it mends.
import type { DocumentLink } from "vscode-languageserver";
import { type Analysis, toRange } from "./analysis.ts";

/** Where the page of what a fix mends is, as a URI that an editor can open; many fixes have none. */
export type BugPage = (design: string, id: string) => string | undefined;

const noPages: BugPage = () => undefined;

export function documentLinks(
  analysis: Analysis,
  uriOf: (path: string) => string,
  bugPage: BugPage = noPages,
): DocumentLink[] {
  return [...includeLinks(analysis, uriOf), ...fixLinks(analysis, bugPage)];
}

function includeLinks(analysis: Analysis, uriOf: (path: string) => string): DocumentLink[] {
  return analysis.file.items.flatMap((item) => {
    const target = item.kind === "include" ? analysis.scenario.program.includes.get(item) : undefined;
    return item.kind === "include" && target !== undefined
      ? [{ range: toRange(analysis.file, item.path), target: uriOf(target) }]
      : [];
  });
}

function fixLinks(analysis: Analysis, bugPage: BugPage): DocumentLink[] {
  const named = analysis.file.items.filter(({ kind }) => kind === "kernel-declaration" || kind === "expect-bug");
  return named.flatMap((item) =>
    analysis.mentions(item).flatMap(({ meaning, start, end, text }) => {
      const isHere = item.start <= start && end <= item.end;
      const target = isHere && meaning.role === "fix" ? pageOf(analysis, text, bugPage) : undefined;
      return target === undefined ? [] : [{ range: toRange(analysis.file, { start, end }), target, tooltip: PAGE }];
    }),
  );
}

const PAGE = "What happens, why, and the step to look at";

function pageOf({ scenario }: Analysis, id: string, bugPage: BugPage): string | undefined {
  return scenario.names.design && bugPage(scenario.names.design.name, id);
}

/** The same link in Markdown, for hovers. */
export function pageLink(analysis: Analysis, id: string, bugPage: BugPage): string {
  const page = pageOf(analysis, id, bugPage);
  return page === undefined ? "" : `\n\n[${PAGE}](${page})`;
}
