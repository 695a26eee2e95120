// Builds what ships (dist/) and, with --test, the tests (out/).
//   engine.js           the simulator behind its façade sim/session.ts, with a source map for kernel stack frames
//   mshare.js           the command line        adapter.js   the debug adapter
//   language-server.js  the language server     extension.js the VS Code extension
//   adapter-thread.js   the debug adapter for scenarios that are in no file
//   examples.json       names and first lines of the examples, for the extension to offer
//   engine-….cache      what V8 compiled of the engine, for the Node that builds; not part of the package
// For the web version of VS Code, each whole in itself, since workers there load one file:
//   extension-web.js    adapter-web.js          language-server-web.js
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { flavours } from "./flavours.mjs";
import { kernelMap } from "./kernel_map.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const withTests = process.argv.includes("--test");
const plugins = [await flavours(root)];

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
};

/** What only machines read. */
const small = { minify: true, sourcemap: false };
/** The kernel's functions keep their names, since call stacks show them. */
const named = { minifySyntax: true, minifyWhitespace: true };
const web = { platform: "browser", format: "iife" };

/** The servers share one engine: they load it beside them, through V8's code cache, instead of each bundling its own. */
const engineBeside = {
  name: "engine-beside",
  setup(build) {
    build.onResolve({ filter: /\/sim\/session\.ts$/ }, () => ({ path: "engine", namespace: "beside" }));
    build.onLoad({ filter: /.*/, namespace: "beside" }, () => ({
      contents: `const { loadEngine } = require("./server/engine.node.ts");
        module.exports = loadEngine(require("node:path").join(__dirname, "engine.js"));`,
      resolveDir: root,
    }));
  },
};

async function bundle(name, entry, options = {}) {
  if (!existsSync(resolve(root, entry))) return;
  await esbuild.build({ ...common, entryPoints: [entry], outfile: `dist/${name}.js`, ...options });
}

async function tests() {
  rmSync(resolve(root, "out"), { recursive: true, force: true });
  const files = readdirSync(resolve(root, "test"), { recursive: true }).filter((file) => file.endsWith(".test.ts"));
  await esbuild.build({
    ...common,
    entryPoints: files.map((file) => `test/${file}`),
    outdir: "out/test",
    outbase: "test",
    format: "esm",
    splitting: true,
    outExtension: { ".js": ".mjs" },
    packages: "external",
    plugins,
  });
  writeFileSync(resolve(root, "out/machine.mjs"), oneAfterAnother(files));
}

/** What needs the machine for itself, its Linux or an editor on its screen, in one file: mocha runs files side by side. */
function oneAfterAnother(files) {
  const needing = files.filter((file) => /^(e2e|conform)\//.test(file)).sort();
  return needing.map((file) => `import "./test/${file.replace(/\.ts$/, ".mjs")}";\n`).join("");
}

/** The first line of an example says what it shows. */
function examples() {
  const files = readdirSync(resolve(root, "examples")).filter((file) => file.endsWith(".mshare"));
  return files.sort().map((name) => {
    const [first] = readFileSync(resolve(root, "examples", name), "utf8").split("\n");
    return { name, title: first.replace(/^\/\/\s*/, "") };
  });
}

/** What V8 compiles of the engine until a first stop, kept for the Node that builds (server/engine.node.ts). */
function codeCache() {
  const send = (seq, command, args) => {
    const text = JSON.stringify({ seq, type: "request", command, arguments: args });
    return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  };
  const program = resolve(root, "examples/msharefs-basics.mshare");
  const input = [
    send(1, "initialize", { adapterID: "mshare" }),
    send(2, "launch", { program, stopOnEntry: true }),
    send(3, "configurationDone"),
    send(4, "disconnect"),
  ].join("");
  const env = { ...process.env, MSHARE_CODE_CACHE: resolve(root, "dist") };
  const { status, stdout } = spawnSync(process.execPath, [resolve(root, "dist/adapter.js")], {
    input,
    env,
    encoding: "utf8",
  });
  if (status !== 0 || !stdout.includes('"event":"stopped"'))
    throw new Error(`the built adapter does not stop: ${stdout}`);
}

rmSync(resolve(root, "dist"), { recursive: true, force: true });
await bundle("engine", "sim/session.ts", { ...named, plugins });
const id = createHash("sha256")
  .update(readFileSync(resolve(root, "dist/engine.js")))
  .digest("hex")
  .slice(0, 16);
const besides = {
  plugins: [engineBeside],
  external: ["./adapter.js", "./language-server.js"],
  define: { ENGINE_ID: JSON.stringify(id) },
};
await Promise.all([
  bundle("mshare", "server/cli/main.ts", { ...besides, banner: { js: "#!/usr/bin/env node" } }),
  bundle("adapter", "server/debug/main.ts", besides),
  bundle("adapter-thread", "server/debug/thread.node.ts", besides),
  bundle("language-server", "server/language/main.ts", { ...besides, ...small }),
  bundle("extension", "extension/extension.ts", { ...small, external: ["vscode"] }),
  bundle("extension-web", "extension/web.ts", { ...web, ...small, format: "cjs", external: ["vscode"] }),
  bundle("adapter-web", "server/debug/worker.ts", { ...web, ...named, plugins }),
  bundle("language-server-web", "server/language/browser.ts", { ...web, ...small, plugins }),
  withTests ? tests() : undefined,
]);
for (const map of ["dist/engine.js.map", "dist/adapter-web.js.map"].map((name) => resolve(root, name)))
  writeFileSync(map, kernelMap(readFileSync(map, "utf8")));
// npm links the command before it is built, and marks only what then exists as executable.
chmodSync(resolve(root, "dist/mshare.js"), 0o755);
writeFileSync(resolve(root, "dist/examples.json"), JSON.stringify(examples()));
codeCache();
