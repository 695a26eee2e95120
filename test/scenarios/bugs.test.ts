// Every file of bugs/ is a known bug of a design: it passes on the design as posted, where the bug is found; with all fixes,
// where nothing at all is; and with each fix that it names alone, where that bug is not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { LaunchOptions } from "../../sim/debugging.ts";
import { designs } from "../../sim/designs/registry.ts";
import { openRun, type ScenarioRun } from "../../sim/session/open_run.ts";
import type { RunReport } from "../../sim/session/report.ts";

const folder = resolve("test/scenarios/bugs");
const files = readdirSync(folder).filter((file) => file.endsWith(".mshare"));

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function run(file: string, fixes?: readonly string[]): RunReport {
  const options: LaunchOptions = { program: join(folder, file), ...(fixes ? { fixes } : {}) };
  const opened = openRun({ read }, options);
  if ("refused" in opened) assert.fail(opened.message);
  const scenario: ScenarioRun = opened;
  while (!scenario.advance(1_000_000));
  return scenario.report();
}

/** What went wrong, in words; nothing for a run that passed. */
function problems({ verdict, expectations, statements, bugs }: RunReport): string[] {
  if (verdict === "pass") return [];
  return [
    verdict,
    ...expectations.filter(({ ok }) => !ok).map(({ line, text, problem }) => `${line}: ${text}: ${problem ?? "false"}`),
    ...statements.filter(({ ok }) => !ok).map(({ line, call, problem }) => `${line}: ${call}: ${problem}`),
    ...bugs.filter(({ unexpected }) => unexpected).map(({ line, kind, message }) => `${line}: ${kind}: ${message}`),
  ];
}

const text = (file: string) => readFileSync(join(folder, file), "utf8");
/** The fixes that it names, in `unless fixed ID` and `fixed("ID")`. */
const named = (file: string) => [...text(file).matchAll(/\bfixed(?: |\(")([\w-]+)/g)].map(([, id]) => id!);
/** The kinds, and the labels behind them, that a fix takes away. */
const mendedBy = (file: string, id: string) =>
  [...text(file).matchAll(/^expect bug ([\w-]+)(?: at \w+)? unless fixed ([\w-]+)$/gm)].filter(([, , by]) => by === id);
const fixedInFile = (file: string) =>
  (/fixes: \[([^\]]*)\]/.exec(text(file))?.[1] ?? "").split(/[\s,]+/).filter(Boolean);

describe("scenarios of known bugs", () => {
  it("are there", () => assert.ok(files.length >= 40, `${files.length} files`));

  it("name every known bug of every design, and where detectors find it, a kind that the design lists", () => {
    // Of Linux itself the bugs are mended unless a scenario says otherwise (`unfixed`).
    for (const { name, bugs } of designs.filter((design) => design.name !== "linux")) {
      const own = files.filter((file) => new RegExp(`^kernel +${name}\\b`, "m").test(text(file)));
      for (const { id, kinds } of bugs) {
        const about = own.filter((file) => named(file).includes(id));
        assert.ok(about.length > 0, `no scenario of ${name} is about ${id}`);
        const awaits = new RegExp(`expect bug (${kinds.join("|")})\\b.*unless fixed ${id}$`, "m");
        if (kinds.length > 0)
          assert.ok(
            about.some((file) => awaits.test(text(file))),
            `${name}: ${id}: none of ${kinds}`,
          );
      }
    }
  });

  for (const file of files) {
    it(`${basename(file, ".mshare")}: found as posted`, () => {
      const report = run(file);
      assert.deepEqual(problems(report), []);
      assert.ok(named(file).length > 0 || report.expectations.length > 0, "it expects nothing");
    });

    it(`${basename(file, ".mshare")}: nothing at all with every fix`, () => {
      const report = run(file, ["all"]);
      assert.deepEqual(problems(report), []);
      assert.deepEqual(
        report.bugs.map(({ kind, message }) => `${kind}: ${message}`),
        [],
      );
    });

    for (const id of new Set(named(file)))
      it(`${basename(file, ".mshare")}: silent with ${id} alone`, () =>
        assert.deepEqual(problems(run(file, [...fixedInFile(file), id])), []));

    for (const id of new Set(named(file)))
      it(`${basename(file, ".mshare")}: ${id} needs no other fix`, () => {
        const awaited = mendedBy(file, id).map(([line]) => line);
        const { expectations } = run(file, [id]);
        for (const line of awaited) {
          const judged = expectations.find((one) => one.text === line);
          assert.ok(judged?.ok, `${line}: ${judged?.problem}`);
        }
      });

    it(`${basename(file, ".mshare")}: has its page`, () => {
      const page = read(resolve("docs/bugs", `${basename(file, ".mshare")}.md`));
      assert.ok(page?.includes(file), `docs/bugs/${basename(file, ".mshare")}.md names ${file}`);
    });
  }
});
