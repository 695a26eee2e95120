// Loads the engine (dist/engine.js) for programs in Node, with what V8 compiled of it before. The engine is large, and most
// of the time until a first stop would be its compilation.
//
// V8's code cache lies beside the engine, where the build leaves one for the Node that built it, or in the folder that
// MSHARE_CODE_CACHE names: the extension gives its own, as the editor brings a Node of its own. V8 refuses what another V8
// made, or what was made with other flags; then the engine is compiled as ever. Whoever had to compile leaves a cache in the
// named folder when the first stop has long been shown, or at its end. A folder that cannot be written is left alone.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** Says which engine was built: the build's hash of it. */
declare const ENGINE_ID: string;

const NAME = `engine-${ENGINE_ID}-${process.versions.v8}-${process.arch}.cache`;
const FOLDER = process.env["MSHARE_CODE_CACHE"] ?? "";
/** Until a program that starts is through with what its user waits for. */
const WAIT_MS = 3000;

/** What `require` of the file would give. */
export function loadEngine(path: string): unknown {
  const cachedData = cacheIn(dirname(path)) ?? (FOLDER === "" ? undefined : cacheIn(FOLDER));
  const script = compile(path, cachedData);
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module);
  if (FOLDER !== "" && (cachedData === undefined || script.cachedDataRejected)) keepLater(script);
  return module.exports;
}

function compile(path: string, cachedData: Buffer | undefined): Script {
  const head = "(function (exports, require, module) { ";
  // Call stacks are read through the source map, so places stay those of the file. Bundles are ASCII.
  return new Script(`${head}${readFileSync(path, "latin1")}\n})`, {
    filename: path,
    columnOffset: -head.length,
    cachedData,
  });
}

function cacheIn(folder: string): Buffer | undefined {
  try {
    return readFileSync(join(folder, NAME));
  } catch {
    return undefined;
  }
}

function keepLater(script: Script): void {
  let kept = false;
  const keep = () => {
    if (!kept) writeCache(script.createCachedData());
    kept = true;
  };
  setTimeout(keep, WAIT_MS).unref();
  process.once("exit", keep);
}

/** In place at once or not at all, since others may be reading or writing it. Caches of other builds go, and what was left of writing one. */
function writeCache(data: Buffer): void {
  try {
    mkdirSync(FOLDER, { recursive: true });
    const written = join(FOLDER, `${NAME}.${process.pid}`);
    writeFileSync(written, data);
    renameSync(written, join(FOLDER, NAME));
    for (const file of readdirSync(FOLDER)) {
      if (/^engine-.*\.cache(\.\d+)?$/.test(file) && file !== NAME) rmSync(join(FOLDER, file));
    }
  } catch {
    // The next one compiles as this one did.
  }
}
