// Gets a real VS Code for the end-to-end tests: code-server and playwright-core, driven in the system's Chromium.
// They are large and need a Node of their own, so they live in .cache/editor (git ignores it), never in node_modules.
//   npm run editor            installs what is missing; quick when all is there
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const cache = resolve(root, ".cache/editor");

// Versions that are known to work together; a change of one reinstalls that part.
const parts = [
  { name: "node", spec: "node@24.18.0" },
  { name: "playwright", spec: "playwright-core@1.65.0" },
  { name: "code-server", spec: "code-server@4.139.1" },
];

function folder(name) {
  return resolve(cache, name);
}

/** The platform's Node 24: the `node` package installs the binary package of the machine inside itself. */
function nodeFolder() {
  return resolve(folder("node"), `node_modules/node/node_modules/node-${process.platform}-${process.arch}`);
}

function isInstalled({ name, spec }) {
  const stamp = resolve(folder(name), "installed");
  return existsSync(stamp) && readFileSync(stamp, "utf8") === spec;
}

function install({ name, spec }) {
  if (isInstalled({ name, spec })) return;
  console.log(`editor: installing ${spec} into .cache/editor/${name}`);
  mkdirSync(folder(name), { recursive: true });
  writeFileSync(resolve(folder(name), "package.json"), '{ "private": true }\n');
  const started = Date.now();
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--no-save", spec], {
    cwd: folder(name),
    env: environment(name),
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`npm could not install ${spec}`);
  writeFileSync(resolve(folder(name), "installed"), spec);
  console.log(`editor: ${spec} took ${Math.round((Date.now() - started) / 1000)} s`);
}

/** code-server builds native modules: they must meet the headers and the binary of the Node that will load them. */
function environment(name) {
  // What `npm run` hands down (npm_config_*, npm_package_*) belongs to this project, not to the cache's installs.
  const kept = ([key]) => !/^npm_(package|lifecycle)_/i.test(key) && key !== "npm_config_local_prefix";
  const env = Object.fromEntries(Object.entries(process.env).filter(kept));
  if (name !== "code-server") return env;
  return { ...env, PATH: [resolve(nodeFolder(), "bin"), env.PATH].join(delimiter), npm_config_nodedir: nodeFolder() };
}

try {
  for (const part of parts) install(part);
  console.log("editor: ready");
} catch (problem) {
  console.error(`editor: ${problem.message}`);
  console.error(
    "editor: it needs a C++ compiler, python3 and the packages chromium, fonts-dejavu-core and libkrb5-dev",
  );
  process.exitCode = 1;
}
