// npm run silent -- [--design NAME] [--runs N] [--seed S]: random scenarios of both sharing designs with every fix. A seed
// of which a detector says anything is printed with its scenario, and the exit code is 1. A portion runs in the tests.
// npm run silent -- --without ID|each: with every fix but that one, and how many scenarios betray the bug: what these
// scenarios are worth.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { flavours } from "./flavours.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    design: { type: "string" },
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    without: { type: "string" },
  },
});
const designs = values.design ? [values.design] : ["mshare-v3", "ptshare-v2"];
const first = Number(values.seed);
const runs = Number(values.runs);

const folder = mkdtempSync(join(tmpdir(), "mshare-silent-"));
const outfile = join(folder, "silent_run.mjs");
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["test/designs/random/silent_run.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "warning",
  plugins: [await flavours(root)],
});
const { silentRun, findable, allBut, WORTH } = await import(pathToFileURL(outfile).href);
rmSync(folder, { recursive: true });

process.exitCode = values.without ? betrayed(values.without) : silent();

/** Runs each seed, and says on standard error how far it is. */
function* seeds(design, fixes, title) {
  for (let seed = first; seed < first + runs; seed++) {
    const done = seed - first;
    if (done > 0 && done % 500 === 0) console.error(`${title}: ${done} of ${runs}`);
    try {
      yield { seed, ...silentRun(design, seed, { fixes }) };
    } catch (error) {
      const problems = [`thrown: ${error?.stack ?? String(error)}`];
      yield { seed, text: "", problems, kinds: [], worth: {} };
    }
  }
}

function silent() {
  let bad = 0;
  for (const design of designs) {
    const sums = Object.fromEntries(WORTH.map((what) => [what, 0]));
    let found = 0;
    for (const { seed, text, problems, worth } of seeds(design, "all", design)) {
      for (const what of WORTH) sums[what] += worth[what] ?? 0;
      if (problems.length === 0) continue;
      found++;
      console.log(`${design} seed ${seed}:\n  ${problems.join("\n  ")}\n${text}`);
    }
    const worth = WORTH.map((what) => `${sums[what]} ${what}`).join(", ");
    console.log(`${design}: seeds ${first} to ${first + runs - 1}, ${found} with reports; ${worth}`);
    bad += found;
  }
  return bad === 0 ? 0 : 1;
}

/** A bug that no scenario betrays is nothing that these scenarios could have found. */
function betrayed(bug) {
  for (const design of designs) {
    for (const id of bug === "each" ? findable(design) : [bug]) {
      const kinds = new Map();
      let found = 0;
      for (const run of seeds(design, allBut(design, id), `${design} without ${id}`)) {
        if (run.problems.length > 0) found++;
        for (const kind of new Set(run.kinds)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      const list = [...kinds].sort(([, a], [, b]) => b - a).map(([kind, n]) => `${kind} ${n}`);
      console.log(`| ${design} | ${id} | ${found} of ${runs} | ${list.join(", ")} |`);
    }
  }
  return 0;
}
