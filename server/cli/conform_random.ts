// mshare conform --random N: random programs in batches; what differs is made small and printed as a scenario.
import { exportScenarios, type RealMachine, randomScenario, shrink } from "../../sim/session.ts";
import { type Judged, judgeScenarios, UNSTEADY } from "./conform_run.ts";
import { differencesText, isJudge, machineText } from "./conform_text.ts";
import { jsonLine } from "./json.ts";
import { complain } from "./run.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

/** Scenarios compiled into one program. */
const BATCH = 40;

interface Tally {
  programs: number;
  statements: number;
  differing: number;
  failures: number;
  /** Differed in one run and not in another. */
  unsteady: number;
}

export async function conformRandom(terminal: Terminal, count: number, seed: number, json: boolean): Promise<Status> {
  const tally: Tally = { programs: 0, statements: 0, differing: 0, failures: 0, unsteady: 0 };
  let machine: RealMachine | undefined;
  let version = "";
  for (let done = 0; done < count && !terminal.interrupted(); done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => seed + done + i);
    const judged = await judgeTexts(terminal, seeds.map(randomScenario));
    if (typeof judged === "string") return complain(terminal, judged);
    for (const [i, one] of judged.entries()) {
      machine ??= one.machine;
      version = one.comparison?.version ?? version;
      tally.programs++;
      if (one.comparison?.notCompared.some((what) => what.endsWith(UNSTEADY))) tally.unsteady++;
      tally.statements += one.comparison?.statements ?? 0;
      if (one.failure !== undefined) {
        tally.failures++;
        terminal.error(`mshare: seed ${seeds[i]}: ${one.failure}\n`);
      } else if (one.comparison!.differences.length > 0) {
        tally.differing++;
        await reportDifference(terminal, seeds[i]!, one, json);
      }
    }
    if (terminal.progress) terminal.error(`\r${tally.programs} of ${count} programs, ${tally.differing} differ`);
  }
  if (terminal.progress) terminal.error("\r\u001b[K");
  const judge = machine !== undefined && isJudge(machine, version);
  if (json) terminal.out(jsonLine({ ...tally, seed, kernel: machine?.kernel, version, judge }));
  else terminal.out(summary(tally, seed, machine, version));
  if (terminal.interrupted()) return STATUS.interrupted;
  if (tally.failures > 0) return STATUS.refused;
  return tally.differing > 0 && judge ? STATUS.failed : STATUS.ok;
}

/** Judges texts that lie in no file. */
async function judgeTexts(terminal: Terminal, texts: readonly string[]): Promise<readonly Judged[] | string> {
  const names = new Map(texts.map((text, i) => [`random-${i}.mshare`, text]));
  const host = { ...terminal, read: (path: string) => names.get(path) };
  return judgeScenarios(
    terminal,
    [...names.keys()].map((program) => ({ program })),
    host,
    "quick",
  );
}

async function reportDifference(terminal: Terminal, seed: number, judged: Judged, json: boolean): Promise<void> {
  const kind = kindOf(judged);
  const shows = async (texts: readonly string[]): Promise<boolean[]> => {
    const sound = texts.map((text) => !isRefused(terminal, text));
    const results = await judgeTexts(
      terminal,
      texts.filter((_, i) => sound[i]),
    );
    if (typeof results === "string") return texts.map(() => false);
    let next = 0;
    return sound.map((one) => one && kindOf(results[next++]!) === kind);
  };
  const small = await shrink(randomScenario(seed), shows);
  const again = await judgeTexts(terminal, [small]);
  const differences = (typeof again === "string" ? undefined : again[0]?.comparison?.differences) ?? [];
  if (json) terminal.out(jsonLine({ seed, scenario: small, differences }));
  else terminal.out(`seed ${seed} differs:\n${differencesText(`seed-${seed}.mshare`, small, differences)}\n${small}\n`);
}

/** Shrinking may have taken away what another line needs. */
function isRefused(terminal: Terminal, text: string): boolean {
  const program = "random.mshare";
  return "refused" in exportScenarios({ ...terminal, read: () => text }, [{ program }]);
}

/** What differs first, without the numbers in it: shrinking keeps to it. */
function kindOf({ comparison }: Judged): string {
  const one = comparison?.differences[0];
  return one ? `${one.call} ${one.what.replace(/0x[0-9a-f]+|^p\d+: | and \d+ more/g, "")}` : "";
}

function summary(tally: Tally, seed: number, machine: RealMachine | undefined, version: string): string {
  if (!machine) return "no program has run\n";
  const { programs, statements, differing, failures, unsteady } = tally;
  const head = `${programs} random programs from seed ${seed}, ${statements} statements, on ${machineText(machine)}\n`;
  const other = isJudge(machine, version)
    ? ""
    : `  this kernel is not the simulated ${version}: differences are no mistakes\n`;
  const changing = unsteady > 0 ? `  ${unsteady} of them differed in one run and not in another\n` : "";
  const failed = failures > 0 ? `  ${failures} could not be run\n` : "";
  return `${head}  ${differing === 0 ? "all agree" : `${differing} differ`} with the simulated Linux ${version}\n${changing}${failed}${other}`;
}
