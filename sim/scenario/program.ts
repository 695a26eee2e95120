// A scenario and the files that it includes, in one list of items in the order in which they run.
// Paths are strings with slashes between their parts: file names or URIs, whatever the host reads.
import type { IncludeDeclaration, Item } from "./ast.ts";
import { type Diagnostic, diagnosticOf, type Problem } from "./diagnostics.ts";
import { type ParsedFile, parse } from "./parser.ts";

/** Who reads files for us. */
export interface FileHost {
  /** The text of a file, or undefined where there is none. Links that lead out of the workspace are the host's to refuse. */
  read(path: string): string | undefined;
  /** The folder that includes may not leave; without it the folder of the scenario. */
  readonly root?: string;
  /** Reads a tree; for hosts that keep trees of unchanged texts. */
  readonly parse?: (path: string, text: string) => ParsedFile;
}

export interface PlacedItem {
  readonly item: Item;
  readonly file: ParsedFile;
}

export interface Program {
  readonly entry: ParsedFile;
  /** By path, the entry among them. */
  readonly files: ReadonlyMap<string, ParsedFile>;
  /** All items in place; includes themselves are not among them. */
  readonly items: readonly PlacedItem[];
  /** The file that an include names, where there is one. */
  readonly includes: ReadonlyMap<IncludeDeclaration, string>;
  /** Problems of reading and including. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Includes in one run, those of included files too; a chain that doubles at each file must end somewhere. */
const MAX_INCLUDES = 1000;
const MAX_INCLUDE_DEPTH = 50;

export function loadProgram(path: string, text: string, host: FileHost): Program {
  const read = host.parse ?? parse;
  const root = host.root === undefined ? folderOf(path) : folderName(host.root);
  const files = new Map<string, ParsedFile>();
  const items: PlacedItem[] = [];
  const includes = new Map<IncludeDeclaration, string>();
  const diagnostics: Diagnostic[] = [];
  let included = 0;

  const open = (filePath: string, fileText: string): ParsedFile => {
    const file = read(filePath, fileText);
    files.set(filePath, file);
    for (const problem of file.problems) diagnostics.push(diagnosticOf(problem, filePath, file.lines));
    return file;
  };

  const place = (file: ParsedFile, chain: readonly string[]): void => {
    for (const item of file.items) {
      if (item.kind === "include") include(file, item, chain);
      else items.push({ item, file });
    }
  };

  const include = (file: ParsedFile, item: IncludeDeclaration, chain: readonly string[]): void => {
    const found = resolve(file, item, chain);
    if (typeof found !== "string") {
      diagnostics.push(diagnosticOf(found, file.path, file.lines));
      return;
    }
    includes.set(item, found);
    const known = files.get(found);
    const text = known ? undefined : host.read(found);
    const next = known ?? (text === undefined ? undefined : open(found, text));
    if (next) place(next, [...chain, found]);
    else
      diagnostics.push(
        diagnosticOf(
          problemOf(item, "include-missing", `There is no file \`${item.path.value}\`.`),
          file.path,
          file.lines,
        ),
      );
  };

  const resolve = (file: ParsedFile, item: IncludeDeclaration, chain: readonly string[]): string | Problem => {
    const given = item.path.value;
    if (given === "" || given.endsWith("/")) return problemOf(item, "include-missing", "An include names a file.");
    if (/^([/\\]|[A-Za-z][A-Za-z0-9+.-]*:)/.test(given)) {
      return problemOf(item, "include-outside", "An include is relative to the file that it stands in.");
    }
    const joined = join(folderOf(file.path), given);
    if (joined === undefined || !isInside(joined, root)) {
      return problemOf(item, "include-outside", `\`${given}\` is outside the workspace.`);
    }
    if (chain.includes(joined)) {
      const circle = [...chain.slice(chain.indexOf(joined)), joined].map(baseName).join(" → ");
      return problemOf(item, "include-cycle", `This file includes itself: ${circle}.`);
    }
    if (++included > MAX_INCLUDES || chain.length > MAX_INCLUDE_DEPTH) {
      return problemOf(
        item,
        "include-cycle",
        `More than ${MAX_INCLUDES} includes, or ${MAX_INCLUDE_DEPTH} inside each other.`,
      );
    }
    return joined;
  };

  const entry = open(path, text);
  place(entry, [path]);
  return { entry, files, items, includes, diagnostics };
}

function problemOf(item: IncludeDeclaration, code: Problem["code"], message: string): Problem {
  return { code, start: item.path.start, end: item.path.end, message };
}

function lastSlash(path: string): number {
  return Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
}

function folderOf(path: string): string {
  return path.slice(0, lastSlash(path) + 1);
}

function folderName(path: string): string {
  return path === "" || lastSlash(path) === path.length - 1 ? path : `${path}${slashOf(path)}`;
}

function baseName(path: string): string {
  return path.slice(lastSlash(path) + 1);
}

/** Windows paths keep their backslashes. */
function slashOf(path: string): string {
  return path.includes("\\") && !path.includes("/") ? "\\" : "/";
}

function isInside(path: string, root: string): boolean {
  return path.startsWith(root);
}

/** What `..` cannot take away: the start of a URI, the root, or the `../` of a path that is itself relative. */
const fixedStart = /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*\/|\/|(?:\.{1,2}[/\\])+)/;

/** `folder` + `relative` without `.` and `..`; undefined where that climbs above the first part. */
function join(folder: string, relative: string): string | undefined {
  const start = fixedStart.exec(folder)?.[0] ?? "";
  const slash = slashOf(folder);
  const parts: string[] = [];
  for (const part of `${folder.slice(start.length)}${relative}`.split(slash === "/" ? "/" : /[\\/]/)) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return start + parts.join(slash);
}
