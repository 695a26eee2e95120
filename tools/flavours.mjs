// One source, two kernels. Kernel functions are written as generators, so that a debugger can stop at every step.
// Nobody looks most of the time: then the same functions run as plain calls, several times faster.
//
//   import * as stepping from "./functions.ts"            the functions as written
//   import * as straight from "./functions.ts?straight"   the same without generators, all the way down
//
// Both forms mark where they are: `yield X` becomes `yield (k.sites[i] = 1, X)`, and the module "virtual:sites" is the
// list of these places, `[file, line, function]`. Line breakpoints in kernel files work by looking at the marks.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { decodedMappings, encodedMappings, originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { parse } from "acorn";
import { simple } from "acorn-walk";
import * as esbuild from "esbuild";
import { restartable } from "./restartable.mjs";

const rooms = ["sim/core", "sim/hardware", "sim/kernel", "sim/designs"];
const hasSteps = (text) => /\bfunction\s*\*/.test(text);

/** esbuild plugin. `root` is the project's folder. */
export async function flavours(root) {
  const sites = [];
  const sources = new Map();
  for (const room of rooms) {
    for (const name of readdirSync(resolve(root, room), { recursive: true }).sort()) {
      const path = resolve(root, room, name);
      if (!path.endsWith(".ts") || !hasSteps(readFileSync(path, "utf8"))) continue;
      sources.set(path, await bothFlavours(path, relative(root, path), sites));
    }
  }
  const list = resolve(root, "sim/kernel/functions.ts");
  const listed = new Set(
    [...readFileSync(list, "utf8").matchAll(MODULE)].map(([, , path]) => resolve(dirname(list), path)),
  );
  const contents = (path, { js, map }) => {
    const url = `data:application/json;base64,${Buffer.from(map).toString("base64")}`;
    return `${js}\n${listed.has(path) ? table(path) : ""}//# sourceMappingURL=${url}`;
  };
  /** Modules without steps: as written, in both flavours. */
  const plain = (path) => {
    const text = readFileSync(path, "utf8");
    if (path === list) return text.replace(MODULE, 'import { functions$ as $1 } from "$2";');
    return listed.has(path) ? `${text}\n${table(path)}` : text;
  };
  return {
    name: "flavours",
    setup(build) {
      build.onResolve({ filter: /^virtual:sites$/ }, () => ({ path: "sites", namespace: "virtual" }));
      build.onLoad({ filter: /.*/, namespace: "virtual" }, () => ({ contents: sitesModule(sites), loader: "js" }));
      build.onResolve({ filter: /\?straight$/ }, (args) => ({
        path: resolve(args.resolveDir, args.path.replace(/\?straight$/, "")),
        namespace: "straight",
      }));
      build.onResolve({ filter: /^\..*\.ts$/, namespace: "straight" }, (args) => {
        const path = resolve(dirname(args.importer), args.path);
        return sources.has(path) ? { path, namespace: "straight" } : { path };
      });
      // The entry itself may only list modules: it has no steps, but what it imports must come in the same flavour.
      build.onLoad({ filter: /\.ts$/, namespace: "straight" }, ({ path }) => {
        const source = sources.get(path);
        const resolveDir = dirname(path);
        if (!source) return { contents: plain(path), loader: "ts", resolveDir };
        return { contents: contents(path, source.straight), loader: "js", resolveDir };
      });
      build.onLoad({ filter: /[\\/]sim[\\/].*\.ts$/, namespace: "file" }, ({ path }) => {
        const source = sources.get(path);
        const resolveDir = dirname(path);
        if (!source) return { contents: plain(path), loader: "ts", resolveDir };
        return { contents: contents(path, source.stepping), loader: "js", resolveDir };
      });
    },
  };
}

/**
 * The kernel object takes all functions of these modules. Asked of a module's namespace, each would be a small function of its own
 * that is compiled when the engine is loaded; so the modules get a table of what they export.
 */
const MODULE = /^import \* as (\w+) from "(\.[^"]+)";$/gm;

function table(path) {
  const exported = readFileSync(path, "utf8").matchAll(/^export (?:function\*?|const|let) (\w+)/gm);
  return `export const functions$ = { ${[...exported].map(([, name]) => name).join(", ")} };\n`;
}

/** Thousands of places that only line breakpoints ask for: a text until then, which costs nothing when the engine is loaded. */
const sitesModule = (sites) => `const text = ${JSON.stringify(JSON.stringify(sites))};
let list;
export const siteCount = ${sites.length};
export const sites = () => (list ??= JSON.parse(text));`;

async function bothFlavours(path, file, sites) {
  const { code, map } = await esbuild.transform(readFileSync(path, "utf8"), {
    loader: "ts",
    target: "es2022",
    sourcefile: path,
    sourcemap: true,
    sourcesContent: false,
    keepNames: false,
  });
  const traced = new TraceMap(map);
  const known = new Map();
  const siteOf = (node, name) => {
    const { line } = originalPositionFor(traced, { line: node.loc.start.line, column: node.loc.start.column });
    if (!known.has(line)) {
      known.set(line, sites.length);
      sites.push([file, line, name]);
    }
    return known.get(line);
  };
  const edited = (edits) => ({ js: applied(code, edits), map: moved(traced, code, edits) });
  const tree = parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true });
  return {
    stepping: edited(steppingEdits(code, tree, siteOf, file)),
    straight: edited(straightEdits(code, tree, siteOf)),
  };
}

/** Generators, each with the yields that are its own. */
function generatorsIn(tree) {
  const generators = new Map();
  const enter = (node) => node.generator && generators.set(node, []);
  simple(tree, { FunctionDeclaration: enter, FunctionExpression: enter });
  simple(tree, {
    YieldExpression(node) {
      const around = [...generators.keys()].filter(({ start, end }) => start <= node.start && node.end <= end);
      generators.get(around.at(-1)).push(node);
    },
  });
  return generators;
}

const isKernel = (fn) => fn.params[0]?.name === "k";
const marked = (fn, siteOf) => (node) => `k.sites[${siteOf(node, fn.id?.name ?? "")}] = 1`;

/** Marks every step, and lets functions be entered again in their middle. */
function steppingEdits(code, tree, siteOf, file) {
  const edits = [];
  for (const [fn, yields] of generatorsIn(tree)) {
    if (!isKernel(fn) || yields.length === 0) continue;
    const fail = (node, wanted) => {
      const text = code.slice(node.start, node.end).split("\n")[0];
      throw new Error(`${file}, ${fn.id?.name}: the build wants ${wanted}: ${text}`);
    };
    edits.push(...restartable(code, fn, marked(fn, siteOf), fail));
  }
  return edits;
}

/** Marks every step, and takes `function*`, `yield*` and `yield` away. */
function straightEdits(code, tree, siteOf) {
  const edits = [];
  for (const [fn, yields] of generatorsIn(tree)) {
    edits.push([code.indexOf("*", fn.start), 1, " "]);
    for (const node of yields) {
      const length = (node.argument?.start ?? node.end) - node.start;
      const isMarked = node.argument && isKernel(fn);
      const text = node.argument ? " ".repeat(length) : "void 0";
      edits.push([node.start, length, isMarked ? `${text}(${marked(fn, siteOf)(node)}, ` : text]);
      if (isMarked) edits.push([node.end, 0, ")"]);
    }
  }
  return edits;
}

/** Those at one place in the order given. */
const sorted = (edits) => edits.map((edit, i) => [...edit, i]).sort((a, b) => a[0] - b[0] || a[3] - b[3]);

function applied(code, edits) {
  let out = "";
  let from = 0;
  for (const [start, length, text] of sorted(edits)) {
    out += code.slice(from, start) + text;
    from = start + length;
  }
  return out + code.slice(from);
}

/** The source map after the edits, of which none changes a line's number. */
function moved(traced, code, edits) {
  const starts = [0];
  for (let at = code.indexOf("\n"); at >= 0; at = code.indexOf("\n", at + 1)) starts.push(at + 1);
  const ordered = sorted(edits);
  let next = 0;
  const mappings = decodedMappings(traced).map((segments, line) => {
    const from = starts[line];
    let shift = 0;
    while (next < ordered.length && ordered[next][0] < from) next++;
    return segments.map(([column, ...rest]) => {
      for (; next < ordered.length && ordered[next][0] <= from + column; next++)
        shift += ordered[next][2].length - ordered[next][1];
      return [column + shift, ...rest];
    });
  });
  const { version, sources, names, file } = traced;
  return JSON.stringify({
    version,
    file,
    sources,
    names,
    mappings: encodedMappings(new TraceMap({ version, sources, names, mappings })),
  });
}
