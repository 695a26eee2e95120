// Places of a scenario by the names that people give them.

import { nearest } from "../scenario/nearest.ts";
import type { Plan } from "../scenario/run/plan.ts";
import { scenarioLine } from "./lines.ts";
import type { Loaded } from "./load.ts";

type Place = { readonly file: string; readonly line: number };

/** `31`, `other.mshare:31`, or a label: the statement behind it. */
export function placeNamed({ runner, scenario }: Loaded, text: string): Place | { readonly error: string } {
  const { plan } = runner;
  const entry = scenario.program.entry.path;
  const [, file, digits] = /^(?:(.+):)?(\d+)$/.exec(text.trim()) ?? [];
  if (digits !== undefined) {
    const path = file === undefined ? entry : (plan.files.find((one) => isNamed(one.path, file))?.path ?? file);
    const line = scenarioLine(plan, path, Number(digits));
    return line === undefined ? { error: `nothing happens in line ${digits} or below it` } : { file: path, line };
  }
  const all = [...placedLabels(runner.plan)];
  const meant = all.find(({ name }) => name === text.trim());
  if (meant) return { file: meant.file, line: meant.line };
  const near = nearest(
    text.trim(),
    all.map(({ name }) => name),
  );
  return { error: `there is no label ${text.trim()}${near.length > 0 ? `; near: ${near.join(", ")}` : ""}` };
}

export function labels({ runner }: Loaded): { readonly name: string; readonly doc: string }[] {
  return [...placedLabels(runner.plan)].map(({ name, line }) => ({ name, doc: `line ${line}` }));
}

/** Labels with the places of the statements behind them. */
function* placedLabels(plan: Plan): Iterable<Place & { readonly name: string }> {
  for (const { items } of plan.lists) {
    for (const [at, item] of items.entries()) {
      const meant =
        item.kind === "label" && items.slice(at + 1).find(({ kind }) => kind !== "label" && kind !== "expect");
      if (meant) yield { name: item.name.text, file: plan.fileOf(meant).path, line: plan.lineOf(meant) };
    }
  }
}

const isNamed = (path: string, name: string): boolean =>
  path === name || path.replaceAll("\\", "/").endsWith(`/${name}`);
