// `kernel … { … }` and `machine { … }`: which options hold in a run, checked, with their defaults filled in.

import type { DesignInfo, OptionSpec } from "../designs/design.ts";
import type { KernelDeclaration, MachineDeclaration, Name, Option } from "./ast.ts";
import { checkConstantInteger } from "./check_expression.ts";
import { type CheckState, report, reportAt } from "./check_state.ts";
import { suggestion } from "./cursor.ts";
import { readInteger, showSize } from "./integers.ts";
import type { MachineOption } from "./machine_options.ts";
import type { Value } from "./values.ts";

/** What a run may set over the file: `--kernel`, `--set`, `--fix`. */
export interface Overrides {
  readonly kernel?: string;
  readonly options?: Readonly<Record<string, string>>;
  /** Fix ids, or `all`. Replaces the file's. */
  readonly fixes?: readonly string[];
}

export function checkMachine(
  state: CheckState,
  declarations: readonly { readonly declaration: MachineDeclaration; readonly file: CheckState["file"] }[],
): void {
  for (const option of state.vocabulary.machineOptions) state.machine.set(option.name, defaultOf(option));
  for (const { declaration, file } of declarations) {
    state.file = file;
    for (const option of withoutDoubles(state, declaration.options)) {
      const spec = state.vocabulary.machineOptions.find((known) => known.name === option.name.text);
      if (!spec) {
        unknownOption(state, option.name, state.vocabulary.machineOptions, "The machine");
        continue;
      }
      const value = optionValue(state, spec, option);
      if (value === undefined || !isInRange(state, spec, option, value)) continue;
      if (isSimulated(state, spec, option, value)) state.machine.set(spec.name, value);
    }
  }
}

function defaultOf(option: OptionSpec): Value {
  if (option.values === "boolean") return option.default === "true";
  if (option.values !== "integer") return option.default;
  const value = readInteger(option.default);
  return typeof value === "bigint" ? value : 0n;
}

function isInRange(state: CheckState, spec: MachineOption, option: Option, value: Value): boolean {
  if (typeof value !== "bigint") return true;
  const { least = 0n, most = value } = spec;
  if (value >= least && value <= most) return true;
  reportAt(
    state,
    "bad-option-value",
    option.value ?? option,
    `\`${spec.name}\` is between ${showSize(least)} and ${showSize(most)}.`,
  );
  return false;
}

/** Nothing of a machine is silently ignored. */
function isSimulated(state: CheckState, { name }: MachineOption, option: Option, value: Value): boolean {
  const only = state.vocabulary.onlyMachineValues?.get(name);
  if (only === undefined || only === value) return true;
  const wanted = typeof value === "bigint" ? showSize(value) : String(value);
  reportAt(
    state,
    "not-in-this-version",
    option.value ?? option,
    `\`${name}: ${wanted}\` is not in this version; only \`${name}: ${only}\` is.`,
  );
  return false;
}

/** Checks the options that stand in the file; gives those of the design, as text. */
export function checkKernelOptions(
  state: CheckState,
  declaration: KernelDeclaration,
  design: DesignInfo,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const option of withoutDoubles(state, declaration.options)) {
    if (option.name.text === "fixes" || (option.name.text === "unfixed" && historic(design).length > 0)) continue;
    const spec = design.options.find((known) => known.name === option.name.text);
    if (!spec) {
      const lists = historic(design).length > 0 ? ["fixes", "unfixed"] : ["fixes"];
      unknownOption(
        state,
        option.name,
        [...design.options, ...lists.map((name) => ({ name }))],
        `The kernel \`${design.name}\``,
      );
      continue;
    }
    const value = optionValue(state, spec, option);
    if (value !== undefined) values.set(spec.name, String(value));
  }
  return values;
}

/** Ids of the bugs that a design once had, and has no more unless `unfixed` puts them back. */
export const historic = (design: DesignInfo): string[] =>
  design.bugs.filter((bug) => bug.historic).map((bug) => bug.id);

/** The ids of `fixes: [ID, …]` that exist; `fixes: all` gives every one. */
export function checkFixes(state: CheckState, declaration: KernelDeclaration, design: DesignInfo): string[] {
  return checkIds(state, declaration, design, "fixes");
}

/** The same for `unfixed: [ID, …]`. */
export function checkUnfixed(state: CheckState, declaration: KernelDeclaration, design: DesignInfo): string[] {
  return historic(design).length > 0 ? checkIds(state, declaration, design, "unfixed") : [];
}

function checkIds(
  state: CheckState,
  declaration: KernelDeclaration,
  design: DesignInfo,
  list: "fixes" | "unfixed",
): string[] {
  const all = list === "fixes" ? design.bugs.map((bug) => bug.id) : historic(design);
  const option = declaration.options.find((one) => one.name.text === list);
  if (!option) return [];
  if (option.word?.text === "all") return all;
  if (!option.list) {
    const text = option.word?.text;
    const at = option.value ?? option;
    const mend =
      text === undefined
        ? undefined
        : {
            title: `Change to [${text}]`,
            edits: [{ start: at.start, end: option.word?.end ?? at.end, text: `[${text}]` }],
          };
    report(state, {
      code: "bad-option-value",
      start: at.start,
      end: at.end,
      message: `\`${list}\` is a list of ids in brackets, or \`all\`.`,
      mend,
    });
    return [];
  }
  return option.list.filter((id) => isFix(state, id, all, design.name)).map((id) => id.text);
}

function isFix(state: CheckState, id: Name, all: readonly string[], design: string): boolean {
  if (id.text === "" || all.includes(id.text)) return id.text !== "";
  const { hint, mend, otherMends } = suggestion(id, all);
  report(state, {
    code: "unknown-fix",
    start: id.start,
    end: id.end,
    message: `The kernel \`${design}\` has no fix \`${id.text}\`.${hint}`,
    mend,
    otherMends,
  });
  return false;
}

function withoutDoubles(state: CheckState, options: readonly Option[]): Option[] {
  const seen = new Set<string>();
  return options.filter((option) => {
    if (!seen.has(option.name.text)) return seen.add(option.name.text);
    reportAt(state, "duplicate", option.name, `\`${option.name.text}\` is given twice.`);
    return false;
  });
}

function unknownOption(state: CheckState, name: Name, known: readonly { readonly name: string }[], who: string): void {
  const { hint, mend, otherMends } = suggestion(
    name,
    known.map((option) => option.name),
  );
  report(state, {
    code: "unknown-option",
    start: name.start,
    end: name.end,
    message: `${who} has no option \`${name.text}\`.${hint}`,
    mend,
    otherMends,
  });
}

function optionValue(state: CheckState, spec: OptionSpec, option: Option): Value | undefined {
  const at = option.value ?? option;
  if (option.list) {
    reportAt(state, "bad-option-value", option, `\`${spec.name}\` takes one value, not a list.`);
    return undefined;
  }
  if (spec.values === "integer") return option.value && checkConstantInteger(state, option.value, `\`${spec.name}\``);
  const words = spec.values === "boolean" ? ["true", "false"] : spec.values;
  const text = option.word?.text ?? literalText(option);
  if (text !== undefined && words.includes(text)) return spec.values === "boolean" ? text === "true" : text;
  if (option.value?.kind === "missing") return undefined;
  const { hint, mend, otherMends } = option.word ? suggestion(option.word, words) : { hint: "" };
  const message = `\`${spec.name}\` is one of ${words.join(", ")}.${hint}`;
  report(state, {
    code: "bad-option-value",
    start: at.start,
    end: option.word?.end ?? at.end,
    message,
    mend,
    otherMends,
  });
  return undefined;
}

function literalText(option: Option): string | undefined {
  if (option.value?.kind === "integer") return String(option.value.value);
  return option.value?.kind === "string" ? option.value.value : undefined;
}

const DESIGNS = " `mshare designs` lists them.";

/** What is wrong with what a run sets over the file; empty when nothing is. */
export function overrideErrors(
  designs: readonly DesignInfo[],
  design: DesignInfo | undefined,
  overrides: Overrides,
): string[] {
  const { kernel, options = {}, fixes = [] } = overrides;
  if (kernel !== undefined && !designs.some((known) => known.name === kernel)) {
    const { hint } = suggestion(
      { text: kernel, start: 0, end: 0 },
      designs.map((known) => known.name),
    );
    return [`There is no kernel \`${kernel}\`.${hint || DESIGNS}`];
  }
  if (!design) return [];
  const errors = Object.entries(options).flatMap(([name, value]) => overrideError(design, name, value));
  const ids = design.bugs.map((bug) => bug.id);
  for (const id of fixes) {
    if (id === "all" || ids.includes(id)) continue;
    errors.push(
      `The kernel \`${design.name}\` has no fix \`${id}\`.${suggestion({ text: id, start: 0, end: 0 }, ids).hint || DESIGNS}`,
    );
  }
  return errors;
}

function overrideError(design: DesignInfo, name: string, value: string): string[] {
  const spec = design.options.find((known) => known.name === name);
  if (!spec) {
    const { hint } = suggestion(
      { text: name, start: 0, end: 0 },
      design.options.map((known) => known.name),
    );
    const all = design.options.map((known) => `\`${known.name}\``).join(", ");
    return [`The kernel \`${design.name}\` has no option \`${name}\`.${hint || ` It has ${all || "none"}.`}`];
  }
  if (spec.values === "integer")
    return typeof readInteger(value) === "bigint" ? [] : [`\`${name}\` must be an integer, not \`${value}\`.`];
  const words = spec.values === "boolean" ? ["true", "false"] : spec.values;
  return words.includes(value) ? [] : [`\`${name}\` is one of ${words.join(", ")}, not \`${value}\`.`];
}
