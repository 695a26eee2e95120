// The open documents, and the analysis of each. Paths inside are decoded URIs, so that includes join like file names.
import type { TextDocuments } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { type ParsedFile, parse } from "../../sim/scenario/parser.ts";
import { reparse } from "../../sim/scenario/reparse.ts";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";
import { type Analysis, analyse } from "./analysis.ts";

export interface Workspace {
  /** The current analysis of an open document. */
  readonly analysis: (uri: string) => Analysis | undefined;
  readonly uriOf: (path: string) => string;
  /** URIs of open documents that include a file, directly or not. */
  readonly dependants: (uri: string) => string[];
  /** Forgets what was read of files that are not open. */
  readonly forgetFiles: () => void;
  readonly close: (uri: string) => void;
  /** Folders that includes may not leave, as URIs. */
  setRoots(uris: readonly string[]): void;
  readonly roots: () => readonly string[];
  /** The scenarios that a file is part of, by its path: the open ones and those of `others`. */
  readonly holding: (path: string, others: readonly string[]) => Analysis[];
  /** The trees of the open documents, of what they include, and of any other file by its URI. */
  readonly trees: (others: readonly string[]) => ParsedFile[];
}

/** `readFile` gives the text of a URI that no editor has open. */
export function createWorkspace(
  documents: TextDocuments<TextDocument>,
  vocabulary: Vocabulary,
  readFile: (uri: string) => string | undefined,
): Workspace {
  const analyses = new Map<string, { readonly stamp: string; readonly analysis: Analysis }>();
  const trees = new Map<string, ParsedFile>();
  let roots: string[] = [];
  let rootUris: readonly string[] = [];
  let files = 0;

  const openUris = () => new Map(documents.all().map((document) => [pathOf(document.uri), document.uri]));
  const uriOf = (path: string): string => openUris().get(path) ?? encodeURI(path);
  const read = (path: string): string | undefined => {
    const uri = openUris().get(path);
    return uri === undefined ? readFile(encodeURI(path)) : documents.get(uri)?.getText();
  };
  const parseOnce = (path: string, text: string): ParsedFile => {
    const known = trees.get(path);
    if (known?.text === text) return known;
    // The old tree goes into the new one. Analyses that still have it are made again before anybody asks them.
    const made = known ? reparse(known, text) : parse(path, text);
    trees.set(path, made);
    return made;
  };
  // What is included may change too, so every open version counts.
  const stamp = () =>
    `${files};${roots.join()};${documents
      .all()
      .map((document) => `${document.uri} ${document.version}`)
      .join()}`;

  const analysis = (uri: string): Analysis | undefined => {
    const document = documents.get(uri);
    if (!document) return undefined;
    const known = analyses.get(uri);
    const now = stamp();
    if (known?.stamp === now) return known.analysis;
    const made = analysed(pathOf(uri), document.getText());
    analyses.set(uri, { stamp: now, analysis: made });
    return made;
  };

  const analysed = (path: string, text: string): Analysis => {
    const root = roots.find((folder) => path.startsWith(folder));
    return analyse(path, text, { read, root, parse: parseOnce }, vocabulary);
  };

  return {
    uriOf,
    analysis,
    dependants(uri) {
      const path = pathOf(uri);
      return [...analyses]
        .filter(([other, { analysis }]) => other !== uri && analysis.scenario.program.files.has(path))
        .map(([other]) => other);
    },
    forgetFiles() {
      files++;
      trees.clear();
    },
    close(uri) {
      analyses.delete(uri);
      trees.delete(pathOf(uri));
    },
    roots: () => rootUris,
    holding(path, others) {
      const open = documents.all().flatMap(({ uri }) => analysis(uri) ?? []);
      const closed = others.map(pathOf).filter((other) => !open.some((one) => one.path === other));
      const including = closed.flatMap((other) => {
        const text = read(other);
        return text !== undefined && /\binclude\b/.test(text) ? [analysed(other, text)] : [];
      });
      return [...open, ...including].filter((one) => one.scenario.program.files.has(path));
    },
    trees(others) {
      const found = new Map<string, ParsedFile>();
      for (const { uri } of documents.all())
        for (const [path, file] of analysis(uri)?.scenario.program.files ?? []) found.set(path, file);
      for (const path of others.map(pathOf)) {
        if (found.has(path)) continue;
        const text = read(path);
        if (text !== undefined) found.set(path, parseOnce(path, text));
      }
      return [...found.values()];
    },
    setRoots(uris) {
      rootUris = uris;
      roots = uris.map((folder) => `${pathOf(folder).replace(/\/$/, "")}/`);
      files++;
    },
  };
}

/** A URI with its escapes resolved; one that is malformed stays as it is. */
export function pathOf(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}
