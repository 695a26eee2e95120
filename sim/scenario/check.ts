// The checker: one for the editor, the command line and the runner. It never throws and never runs anything.
import type { DesignInfo } from "../designs/design.ts";
import type { Expr, KernelDeclaration, MachineDeclaration, SchedulePolicy } from "./ast.ts";
import { checkCounts, checkSingles, scheduleOf } from "./check_declarations.ts";
import { checkItems } from "./check_items.ts";
import { type CheckState, reportUnknown, saidEnough } from "./check_state.ts";
import { checkUnused } from "./check_unused.ts";
import { collect } from "./collect.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { silencingsOf } from "./ignore.ts";
import { nearest } from "./nearest.ts";
import { type FileHost, loadProgram, type Program } from "./program.ts";
import {
  checkFixes,
  checkKernelOptions,
  checkMachine,
  checkUnfixed,
  type Overrides,
  overrideErrors,
} from "./settings.ts";
import type { LabelSymbol, LetSymbol, Occurrence, ProcessSymbol } from "./symbols.ts";
import type { Value } from "./values.ts";
import { DEFAULT_DESIGN, type Names, namesOf, type Vocabulary } from "./vocabulary.ts";
import { foresightOf } from "./will_fail.ts";

export interface CheckedScenario {
  readonly program: Program;
  /** In the order of files and places. Any error among them refuses the scenario. */
  readonly diagnostics: readonly Diagnostic[];
  /** What is wrong with `Overrides`; each refuses the run. */
  readonly overrideErrors: readonly string[];
  /** The words that the scenario may use, its design's among them. */
  readonly names: Names;
  /** The design under test; undefined where it is not known. */
  readonly design: DesignInfo | undefined;
  /** The design's options, defaults and overrides applied, as text. */
  readonly options: ReadonlyMap<string, string>;
  readonly fixes: readonly string[];
  /** Bugs of the past that are put back. */
  readonly unfixed: readonly string[];
  /** `machine { … }` with defaults: integers (sizes in bytes), booleans and words. */
  readonly machine: ReadonlyMap<string, Value>;
  readonly schedule: SchedulePolicy;
  /** In order of declaration, which is the order of pids and of round-robin placement. */
  readonly processes: ReadonlyMap<string, ProcessSymbol>;
  readonly lets: ReadonlyMap<string, LetSymbol>;
  readonly labels: ReadonlyMap<string, LabelSymbol>;
  /** Where which name stands, for definition, references and renaming. */
  readonly occurrences: readonly Occurrence[];
  /** Types of the expressions that stand before a dot, see object_types.ts. */
  readonly objectTypes: ReadonlyMap<Expr, string>;
}

/** Reads and judges a scenario. `overrides` are what a run sets over the file. */
export function check(
  path: string,
  text: string,
  host: FileHost,
  vocabulary: Vocabulary,
  overrides: Overrides = {},
): CheckedScenario {
  const program = loadProgram(path, text, host);
  const declared = kernelDeclaration(program);
  const ownDesign = declared?.declaration.design.text || DEFAULT_DESIGN;
  const names = namesOf(vocabulary, overrides.kernel ?? meantDesign(vocabulary, ownDesign));
  const silencings = silencingsOf(program);
  const state: CheckState = {
    vocabulary,
    names,
    program,
    file: program.entry,
    processes: new Map(),
    lets: new Map(),
    labels: new Map(),
    machine: new Map(),
    fileOf: new Map(),
    occurrences: [],
    objectTypes: new Map(),
    diagnostics: program.diagnostics.filter((one) => !silencings.silences(one)),
    silencings,
    compared: 0,
  };
  const walk = collect(state);
  checkSingles(state);
  checkMachine(state, machineDeclarations(program));
  const settings = kernelSettings(state, declared, overrides);
  checkCounts(state);
  checkItems(state, walk, foresightOf(state, settings));
  checkUnused(state);
  // Of what was not said any more nobody knows whether a comment would have silenced it.
  if (!saidEnough(state)) state.diagnostics.push(...silencings.useless());
  return {
    program,
    diagnostics: inOrder(program, state.diagnostics),
    overrideErrors: overrideErrors(vocabulary.designs, names.design, overrides),
    names,
    design: knownDesign(vocabulary, overrides.kernel ?? ownDesign),
    ...settings,
    machine: state.machine,
    schedule: scheduleOf(state)?.policy ?? { kind: "sequential" },
    processes: state.processes,
    lets: state.lets,
    labels: state.labels,
    occurrences: state.occurrences,
    objectTypes: state.objectTypes,
  };
}

function knownDesign(vocabulary: Vocabulary, name: string): DesignInfo | undefined {
  return vocabulary.designs.find((design) => design.name === name);
}

/** A mistyped kernel is one error; its words need not be errors too. */
function meantDesign(vocabulary: Vocabulary, name: string): string {
  if (knownDesign(vocabulary, name)) return name;
  return (
    nearest(
      name,
      vocabulary.designs.map((design) => design.name),
    )[0] ?? name
  );
}

/** What the evaluator asks for names that no variable bears: lets of the file, then Linux's and the design's constants. */
export function constantsOf(scenario: CheckedScenario): (name: string) => Value | undefined {
  return (name) => scenario.lets.get(name)?.value ?? scenario.names.constants.get(name)?.value;
}

interface Placed<Node> {
  readonly declaration: Node;
  readonly file: CheckState["file"];
}

function kernelDeclaration(program: Program): Placed<KernelDeclaration> | undefined {
  for (const { item, file } of program.items)
    if (item.kind === "kernel-declaration") return { declaration: item, file };
  return undefined;
}

function machineDeclarations(program: Program): Placed<MachineDeclaration>[] {
  for (const { item, file } of program.items) if (item.kind === "machine") return [{ declaration: item, file }];
  return [];
}

/** Checks what the file says of its kernel, against the file's own design; then applies what the run says. */
function kernelSettings(state: CheckState, declared: Placed<KernelDeclaration> | undefined, overrides: Overrides) {
  const options = new Map<string, string>();
  let fixes: string[] = [];
  let unfixed: string[] = [];
  const { design } = state.names;
  for (const option of design?.options ?? []) options.set(option.name, option.default);
  const own = declared ? ownDesignOf(state, declared) : undefined;
  if (declared && own) {
    state.file = declared.file;
    const inFile = checkKernelOptions(state, declared.declaration, own);
    const fixesInFile = checkFixes(state, declared.declaration, own);
    const unfixedInFile = checkUnfixed(state, declared.declaration, own);
    // Another kernel than the file's keeps its own defaults: an option of one means nothing to the other.
    if (own === design) {
      for (const [name, value] of inFile) options.set(name, value);
      fixes = fixesInFile;
      unfixed = unfixedInFile;
    }
  }
  for (const [name, value] of Object.entries(overrides.options ?? {})) options.set(name, value);
  if (overrides.fixes)
    fixes = overrides.fixes.includes("all") ? (design?.bugs ?? []).map((bug) => bug.id) : [...overrides.fixes];
  return { options, fixes, unfixed: unfixed.filter((id) => !fixes.includes(id)) };
}

function ownDesignOf(state: CheckState, { declaration, file }: Placed<KernelDeclaration>): DesignInfo | undefined {
  const name = declaration.design;
  const known = state.vocabulary.designs.find((design) => design.name === name.text);
  if (known || name.text === "") return known;
  state.file = file;
  reportUnknown(state, "unknown-design", name, `There is no kernel \`${name.text}\`.`, () =>
    state.vocabulary.designs.map((design) => design.name),
  );
  return undefined;
}

function inOrder(program: Program, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const rank = new Map([...program.files.keys()].map((path, index) => [path, index]));
  const order = (diagnostic: Diagnostic) => rank.get(diagnostic.file) ?? 0;
  return [...diagnostics].sort((a, b) => order(a) - order(b) || a.start - b.start || a.end - b.end);
}
