// npm run silent -- [--design NAME] [--runs N] [--seed S]: random scenarios of both sharing designs with every fix. A seed
// of which a detector says anything is printed with its scenario, and the exit code is 1. A portion runs in the tests.
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
const { silentRun } = await import(pathToFileURL(outfile).href);
rmSync(folder, { recursive: true });

let bad = 0;
for (const design of designs) {
  let sharedFaults = 0;
  let found = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const done = seed - first;
    if (done > 0 && done % 500 === 0) console.error(`${design}: ${done} of ${runs}, ${found} with reports`);
    let run;
    try {
      run = silentRun(design, seed);
    } catch (error) {
      run = { text: "", problems: [`thrown: ${error?.stack ?? String(error)}`], sharedFaults: 0 };
    }
    sharedFaults += run.sharedFaults;
    if (run.problems.length === 0) continue;
    found++;
    console.log(`${design} seed ${seed}:\n  ${run.problems.join("\n  ")}\n${run.text}`);
  }
  console.log(
    `${design}: seeds ${first} to ${first + runs - 1}, ${sharedFaults} faults in shared tables, ${found} with reports`,
  );
  bad += found;
}
process.exitCode = bad === 0 ? 0 : 1;
