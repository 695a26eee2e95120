// Nothing depends on clocks, chance, or the process: two processes say the same, byte for byte. Every command is here.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { randomScenario, simulateOn } from "../../sim/session.ts";

const scenarios = ["examples", "test/scenarios/bugs"].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".mshare"))
    .map((file) => `${folder}/${file}`),
);
const conformable = readdirSync("test/scenarios/conform")
  .filter((file) => file.endsWith(".mshare"))
  .map((file) => `test/scenarios/conform/${file}`);

const program = (args: readonly string[]) =>
  spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 2 ** 28 }).stdout;
const mshare = (args: readonly string[]) => program(["dist/mshare.js", ...args]);

/** What is compared with a real machine, as another process of this file prints it. */
const SIMULATED = "--print-the-simulated-side";
if (process.argv.includes(SIMULATED)) {
  // A pipe takes what it is given in its own time, and an exit does not wait for it.
  await new Promise((resolve) => process.stdout.write(simulatedSide(), resolve));
  process.exit();
}

/** Each command with arguments that let it say much. Its simulated side stands for `conform`, whose other side is a real machine. */
const interleaving = scenarios.filter((file) => /^parallel\b/m.test(readFileSync(file, "utf8")));
const said: Readonly<Record<string, readonly (() => string)[]>> = {
  run: [
    () => mshare(["run", "--json", ...scenarios]),
    () => mshare(["run", "--json", "--schedule", "random:11", ...interleaving]),
  ],
  explore: [() => mshare(["explore", "--json", "--all", "--schedules", "20", ...interleaving.slice(0, 8)])],
  check: [() => mshare(["check", "--json", ...scenarios])],
  designs: [() => mshare(["designs", "--json"])],
  export: conformable.slice(0, 5).map((file) => () => mshare(["export", file])),
  conform: [() => program([import.meta.filename, SIMULATED])],
};

function simulatedSide(): string {
  const machine = {
    kernel: "6.18.0",
    memory: 2 ** 28,
    swap: 2 ** 26,
    swapDevice: "zram",
    pageCluster: 3,
    hugepages: 0,
    root: true,
  } as never;
  const files = new Map(Array.from({ length: 30 }, (_, i) => [`random-${i + 1}.mshare`, randomScenario(i + 1)]));
  const read = (path: string) => files.get(path) ?? readFileSync(path, "utf8");
  const lines = [...files.keys(), ...conformable].map((path) => {
    const simulated = simulateOn({ read }, { program: path }, machine, () => "everything");
    const { scenario: _, ...shown } = "refused" in simulated ? { ...simulated, scenario: 0 } : simulated;
    const plain = (_key: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
    return `${path} ${JSON.stringify(shown, plain)}\n`;
  });
  return lines.join("");
}

/** Commands of the help that look at scenarios or designs: all but the servers. */
function commands(): string[] {
  const names = [...mshare(["--help"]).matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name!);
  return names.filter((name) => name !== "dap" && name !== "lsp");
}

describe("two runs in two processes", function () {
  this.timeout(1_800_000);

  it("are tried for every command", () => assert.deepEqual(commands().sort(), Object.keys(said).sort()));

  for (const [name, ways] of Object.entries(said))
    it(`are the same to the byte: ${name}`, () => {
      for (const [i, way] of ways.entries()) {
        const first = way();
        assert.ok(first.length > 1000, `${first.length} bytes`);
        if (name === "run") assert.equal(first.split("\n").length, [scenarios, interleaving][i]!.length + 1);
        assert.ok(first === way());
      }
    });
});
