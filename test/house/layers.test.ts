// The rooms of the house (docs/architecture.md): who may import whom. Reads the sources as text, so that it also sees
// imports of types, which a bundler drops.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix } from "node:path";

const facade = "sim/session.ts";
/** From the ground up: a room imports from itself and from what stands before it. */
const rooms = [
  "sim/core",
  "sim/hardware",
  "sim/kernel",
  "sim/designs",
  "sim/detectors",
  "sim/scenario",
  "sim/conform",
  "sim/explore",
  "sim/conform",
  facade,
  "server",
  "extension",
];
/** The façade's vocabulary, types only, and what the façade is made of: one room with it. */
const vocabulary = "sim/debugging.ts";
const behindFacade = "sim/session/";
/** Side by side, and strangers to each other. */
const servers = ["server/debug", "server/language", "server/cli"];
/** The language server runs nothing: it works on the language itself, and on what calls and designs say of themselves. */
const languageRoom = /^sim\/(scenario\/(?!run\/)|kernel\/syscall_table\.ts$|designs\/design\.ts$)/;
const isLanguage = (file: string, target: string) => file.startsWith("server/language/") && languageRoom.test(target);
const entries = /\/main\.ts$|\.node\.ts$/;
const builtins = new Set(builtinModules);

interface Import {
  file: string;
  /** What the source says, e.g. `../core/store.ts`, `node:fs`. */
  name: string;
  /** The file meant, from the project's root; undefined for packages. */
  target: string | undefined;
}

const sources = ["sim", "server", "extension"].flatMap(sourcesBelow);
const imports = sources.flatMap(importsOf);

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
    .filter((file) => file.endsWith(".ts"));
}

function importsOf(file: string): Import[] {
  const text = withoutComments(readFileSync(join(process.cwd(), file), "utf8"));
  const forms = [
    /\bfrom\s*["']([^"'\n]+)["']/g,
    /\bimport\s*["']([^"'\n]+)["']/g,
    /\b(?:import|require)\s*\(\s*["']([^"'\n]+)["']/g,
  ];
  return forms
    .flatMap((form) => [...text.matchAll(form)].map((match) => match[1]))
    .map((name) => ({ file, name, target: name.startsWith(".") ? resolve(file, name) : undefined }));
}

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\/.*$|\/\*[\s\S]*?\*\//gm, "");
}

function resolve(file: string, name: string): string {
  return posix.join(dirname(file), name.replace(/\?\w+$/, ""));
}

function roomOf(file: string): number {
  if (file === vocabulary || file.startsWith(behindFacade)) return rooms.indexOf(facade);
  return rooms.findIndex((room) => file.startsWith(`${room}/`) || file === room);
}

function serverOf(file: string): string | undefined {
  return servers.find((server) => file.startsWith(`${server}/`));
}

/** Fails with one line an offender, not with a number. */
function assertNone(offenders: Import[], rule: string): void {
  assert.deepEqual(
    offenders.map(({ file, name }) => `${file} imports ${name}`),
    [],
    rule,
  );
}

describe("the rooms of the house", () => {
  it("are there to be looked at", () => {
    for (const room of ["sim/core", "sim/kernel", "sim/scenario", "server", "extension"]) {
      assert.ok(
        imports.some(({ file }) => file.startsWith(`${room}/`)),
        `no import found in ${room}`,
      );
    }
  });

  it("leave no file outside", () => {
    const homeless = sources.filter((file) => roomOf(file) < 0 && !file.endsWith(".d.ts"));
    assert.deepEqual(homeless, []);
  });

  it("import only from the rooms below", () => {
    const upward = imports.filter(
      ({ file, target }) => target !== undefined && roomOf(file) >= 0 && roomOf(target) > roomOf(file),
    );
    assertNone(upward, `order, from the ground up: ${rooms.join(", ")}`);
  });

  it("know files of the house only, with their extension", () => {
    const known = new Set([...sources, ...sources.map((file) => file.replace(/\.d\.ts$/, ".ts"))]);
    const toNowhere = imports.filter(
      ({ target }) => target !== undefined && /^(sim|server|extension)\//.test(target) && !known.has(target),
    );
    assertNone(toNowhere, "imports say the file's name in full");
  });

  it("of the servers do not know each other", () => {
    const sideways = imports.filter(({ file, target }) => {
      const [from, to] = [serverOf(file), target && serverOf(target)];
      return from && to && from !== to;
    });
    assertNone(sideways, "what two servers share belongs into the session");
  });

  it("of the servers use the simulator through its façade", () => {
    const past = imports.filter(
      ({ file, target }) =>
        serverOf(file) &&
        target?.startsWith("sim/") &&
        ![facade, vocabulary].includes(target) &&
        !isLanguage(file, target),
    );
    assertNone(past, "only sim/session.ts is for servers and the command line");
  });

  it("keep the simulator out of the extension", () => {
    const knowing = imports.filter(({ file, target }) => file.startsWith("extension/") && target?.startsWith("sim/"));
    assertNone(knowing, "the extension speaks to the servers, not to the simulator");
  });

  it("leave vscode to the extension", () => {
    const editor = imports.filter(({ file, name }) => /^vscode$/.test(name) && !file.startsWith("extension/"));
    assertNone(editor, "only extension/ imports vscode");
  });

  it("need no Node, but for the servers' entry files", () => {
    const isBuiltin = (name: string) => name.startsWith("node:") || builtins.has(name);
    const onNode = imports.filter(
      ({ file, name }) =>
        isBuiltin(name) && (file.startsWith("sim/") || (file.startsWith("server/") && !entries.test(file))),
    );
    assertNone(onNode, "files, clocks and workers are handed in by main.ts and *.node.ts");
  });
});
