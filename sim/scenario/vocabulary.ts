// All words that a scenario may use, for one design: what the checker accepts and completion offers.
import type { DesignInfo } from "../designs/design.ts";
import type { CallSpec, ConstantSpec } from "../kernel/syscall_table.ts";
import type { BugKind } from "./bug_kinds.ts";
import { accessCalls, linuxCalls } from "./calls.ts";
import { linuxConstants, wordArguments } from "./constants.ts";
import { fixedEvents } from "./events.ts";
import { ioctlCalls } from "./ioctls.ts";
import type { MachineOption } from "./machine_options.ts";
import type { Value } from "./values.ts";

/** What the engine offers. */
export interface Vocabulary {
  readonly designs: readonly DesignInfo[];
  /** Names of the calls, `kernel:` and `cpu N:` operations that this version can run. A design's own calls need not be in it. */
  readonly implemented: ReadonlySet<string>;
  readonly bugKinds: readonly BugKind[];
  /** Events beside the fixed ones. */
  readonly eventNames: readonly string[];
  readonly machineOptions: readonly MachineOption[];
  /** Options of the machine of which this version has one value only, with that value; without it all are there. */
  readonly onlyMachineValues?: ReadonlyMap<string, Value>;
  /** Fields of open object types (`mm_struct`) that the simulated kernel keeps beside the documented ones. */
  readonly fields?: ReadonlyMap<string, readonly string[]>;
}

/** The words of one design. */
export interface Names {
  readonly design: DesignInfo | undefined;
  /** Several entries of one name are requests of an ioctl. */
  readonly calls: ReadonlyMap<string, readonly CallSpec[]>;
  readonly constants: ReadonlyMap<string, ConstantSpec>;
  readonly events: ReadonlySet<string>;
  readonly bugKinds: ReadonlyMap<string, BugKind>;
}

export const DEFAULT_DESIGN = "linux";

const made = new WeakMap<Vocabulary, Map<string, Names>>();

/** The words for a design; those of unpatched Linux where the design is not known. */
export function namesOf(vocabulary: Vocabulary, designName: string): Names {
  let ofVocabulary = made.get(vocabulary);
  if (!ofVocabulary) made.set(vocabulary, (ofVocabulary = new Map()));
  const design = vocabulary.designs.find((known) => known.name === designName);
  const key = design?.name ?? "";
  let names = ofVocabulary.get(key);
  if (!names) ofVocabulary.set(key, (names = makeNames(vocabulary, design)));
  return names;
}

function makeNames(vocabulary: Vocabulary, design: DesignInfo | undefined): Names {
  const calls = new Map<string, CallSpec[]>();
  for (const call of [...accessCalls, ...linuxCalls, ...ioctlCalls]) add(calls, call);
  for (const call of design?.calls ?? []) {
    // A design that describes a call of Linux again replaces it, except that it adds requests to ioctl.
    if (call.name !== "ioctl") calls.delete(call.name);
    add(calls, call);
  }
  const constants = new Map<string, ConstantSpec>();
  for (const constant of [...linuxConstants, ...wordArguments, ...(design?.constants ?? [])])
    constants.set(constant.name, constant);
  return {
    design,
    calls,
    constants,
    events: new Set([...fixedEvents.map((event) => event.name), ...vocabulary.eventNames]),
    bugKinds: new Map(vocabulary.bugKinds.map((kind) => [kind.name, kind])),
  };
}

function add(calls: Map<string, CallSpec[]>, call: CallSpec): void {
  const known = calls.get(call.name);
  if (known) known.push(call);
  else calls.set(call.name, [call]);
}

/** True for a call that Linux has and this version cannot run yet. */
export function isMissing(vocabulary: Vocabulary, names: Names, call: string): boolean {
  if (vocabulary.implemented.has(call)) return false;
  return !names.design?.calls.some((own) => own.name === call);
}
