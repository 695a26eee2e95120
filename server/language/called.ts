// Which call or function the brackets around the cursor belong to.
import type { CompletionItem } from "vscode-languageserver";
import type { CallSpec, Param } from "../../sim/kernel/syscall_table.ts";
import { operationsOf } from "../../sim/scenario/check_call.ts";
import { functionsByName } from "../../sim/scenario/functions.ts";
import type { Analysis } from "./analysis.ts";
import { constantItems } from "./offers.ts";
import { actorAt, type CursorPlace, isStruct, type Opener, tokenText } from "./place.ts";
import { callText, functionText } from "./words.ts";

export interface Called {
  readonly name: string;
  readonly params: readonly Param[];
  readonly doc: string;
}

/** The call whose `(` is `opener`; of an ioctl the one with its request. */
export function calledAt(analysis: Analysis, place: CursorPlace, opener: Opener): Called | undefined {
  const { file, scenario } = analysis;
  const name = tokenText(file, opener.index - 1);
  if (!isStatementCall(analysis, place, opener)) {
    const spec = functionsByName.get(name);
    return spec && { name, params: spec.params, doc: functionText(spec) };
  }
  const [actor] = actorAt(file, place);
  if (actor?.text === "kernel" || actor?.text === "cpu")
    return describe(operationsOf(actor.text).find((known) => known.name === name));
  const specs = scenario.names.calls.get(name) ?? [];
  return describe(specs.length > 1 ? ofRequest(analysis, specs, opener) : specs[0]);
}

function describe(spec: CallSpec | undefined): Called | undefined {
  return spec && { name: spec.name, params: spec.params, doc: callText(spec) };
}

function ofRequest(analysis: Analysis, specs: readonly CallSpec[], opener: Opener): CallSpec {
  const request = requestWord(analysis, opener);
  return specs.find((spec) => spec.params[1].constants?.includes(request)) ?? specs[0];
}

/** The word behind the first comma of the call. */
function requestWord(analysis: Analysis, opener: Opener): string {
  const { kinds } = analysis.file.tokens;
  for (let index = opener.index + 1; index < kinds.length && index < opener.index + 40; index++) {
    if (kinds[index] === ",") return tokenText(analysis.file, index + 1);
    if (kinds[index] === ")") break;
  }
  return "";
}

/** A statement's own call follows its colon or `=`, or begins a line of a block; others are functions. */
function isStatementCall(analysis: Analysis, place: CursorPlace, opener: Opener): boolean {
  const { file } = analysis;
  const outer = place.openers[place.openers.indexOf(opener) + 1];
  if (outer && (outer.bracket !== "{" || isStruct(file, outer))) return false;
  const before = tokenText(file, opener.index - 2);
  const first = tokenText(file, place.statement);
  if (first === "expect" || first === "let") return false;
  return before === ":" || before === "=" || file.tokens.first[opener.index - 1] === 1 || before === "{";
}

/** Requests of ioctl that have a structure. */
export function requestOffers(analysis: Analysis): CompletionItem[] {
  const { names } = analysis.scenario;
  const requests = (names.calls.get("ioctl") ?? []).flatMap((spec) => spec.params[1].constants ?? []);
  return requests
    .flatMap((name) => constantItems(names.constants.get(name)))
    .map((item) => ({ ...item, sortText: `0${item.label}` }));
}
