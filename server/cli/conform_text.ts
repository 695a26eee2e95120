// What `mshare conform` says: differences in a table, what could not be compared, the verdict.
import type { Comparison, Difference, RealMachine } from "../../sim/session.ts";

/** Differences shown; one cause often has many. */
const SHOWN = 12;

export function machineText({ kernel, root, memory, swap, cpus }: RealMachine): string {
  const user = root ? "as root" : "not as root";
  const size = `${Math.round(memory / 2 ** 20)} MiB`;
  return `Linux ${kernel}, ${cpus} CPUs, ${size}, swap ${Math.round(swap / 2 ** 20)} MiB, ${user}`;
}

/** Whether the machine runs the version that is simulated: only then is a difference a mistake. */
export function isJudge(machine: RealMachine, version: string): boolean {
  return machine.kernel.startsWith(`${version}.`);
}

/** Both kernels do the same; the scenario asks for something else. */
export const isUnmet = ({ what }: Difference): boolean => what === "clause";

export function differencesText(file: string, text: string, differences: readonly Difference[]): string {
  const source = text.split("\n");
  const lines: string[] = [];
  let at = "";
  for (const one of differences.slice(0, SHOWN)) {
    const place = one.line === 0 ? "at the end" : `${file}:${one.line}`;
    if (place !== at) lines.push(one.line === 0 ? `  ${place}` : `  ${place}: ${(source[one.line - 1] ?? "").trim()}`);
    at = place;
    lines.push(
      `    ${one.what}: ${isUnmet(one) ? `${one.simulated}, on both` : `simulated ${one.simulated}, Linux ${one.real}`}`,
    );
  }
  if (differences.length > SHOWN) lines.push(`    … and ${differences.length - SHOWN} more`);
  return `${lines.join("\n")}\n`;
}

export function notComparedText(comparison: Comparison): string {
  if (comparison.notCompared.length === 0) return "";
  return `  not compared: ${comparison.notCompared.join(";\n                ")}\n`;
}
