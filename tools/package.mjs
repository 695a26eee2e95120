// Makes the extension's .vsix at the project's root, exactly one: older ones go first.
//   npm run package                    builds, then packs
//   node tools/package.mjs --built     packs the dist/ that is there
//   … --out FOLDER                     puts the .vsix there and leaves those at the root alone
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const programs = [
  ...["extension", "adapter", "adapter-thread", "language-server", "mshare", "engine"],
  ...["extension-web", "adapter-web", "language-server-web"],
];
const limitBytes = 3_000_000;

const flag = process.argv.indexOf("--out");
const folder = flag < 0 ? root : resolve(process.argv[flag + 1]);

function run(module, ...args) {
  const { status } = spawnSync(process.execPath, [resolve(root, module), ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`${module} ended with status ${status}`);
}

function pack() {
  if (!process.argv.includes("--built")) run("tools/build.mjs");
  const missing = programs.filter((name) => !existsSync(resolve(root, `dist/${name}.js`)));
  if (missing.length > 0) throw new Error(`not in dist/: ${missing.map((name) => `${name}.js`).join(", ")}`);
  for (const file of readdirSync(folder)) if (file.endsWith(".vsix")) rmSync(resolve(folder, file));

  const { name, version } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));
  const file = resolve(folder, `${name}-${version}.vsix`);
  // Everything that runs is bundled. The repository has no public address yet, so links of the README stay as they are.
  const addressless = ["--allow-missing-repository", "--no-rewrite-relative-links"];
  run("node_modules/@vscode/vsce/vsce", "package", "--no-dependencies", ...addressless, "--out", file);
  const { size } = statSync(file);
  if (size > limitBytes) throw new Error(`${file} has ${size} bytes, more than ${limitBytes}`);
}

try {
  pack();
} catch (problem) {
  console.error(`package: ${problem.message}`);
  process.exitCode = 1;
}
