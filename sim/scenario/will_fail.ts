// Calls that are well formed and surely fail: a warning that names the errno, unless the statement expects just that.
// Only what is certain is said: an argument that is not known before the run is never judged.
import type { CallStatement, Item, ParallelBlock, RepeatBlock, Span } from "./ast.ts";
import { accessNames } from "./calls.ts";
import type { Argument, CheckedCall } from "./check_call.ts";
import { type CheckState, report } from "./check_state.ts";
import { actingSymbol } from "./collect.ts";
import {
  closedFailure,
  type DescriptorSight,
  descriptorSight,
  followDescriptors,
  forgetDescriptors,
  isSurelyOpen,
} from "./descriptor_rules.ts";
import type { Mend } from "./diagnostics.ts";
import { type Failing, linuxRules, userAddressEnd } from "./linux_rules.ts";
import {
  accessFailure,
  followMemory,
  followOperation,
  forgetMemory,
  type MemorySight,
  memorySight,
  partOfRegion,
  quietOperations,
} from "./memory_rules.ts";
import { followRegions, forgetRegions, mshareFailure, type RegionSight, regionSight } from "./mshare_rules.ts";
import {
  checkSharing,
  failsOtherwise,
  followSharing,
  forgetSharing,
  type PtshareSight,
  ptshareFailure,
  ptshareSight,
  type Settings,
} from "./ptshare_rules.ts";
import type { ActingSymbol } from "./symbols.ts";

/** What is known, at one place of the file, of what ran before. */
export interface Foresight {
  readonly regions: RegionSight;
  readonly memory: MemorySight;
  readonly descriptors: DescriptorSight;
  readonly ptshare: PtshareSight;
  readonly state: CheckState;
}

export interface ForeseenCall {
  readonly item: CallStatement;
  readonly checked: CheckedCall;
  readonly symbol: ActingSymbol | undefined;
  /** Runs exactly once, and nothing runs beside it. */
  readonly steady: boolean;
  /** In a loop, which may have no turn or several. */
  readonly mayNotRun: boolean;
  /** Which of the file's calls it is. */
  readonly order: number;
}

export function foresightOf(state: CheckState, settings: Settings): Foresight {
  const descriptors = descriptorSight();
  const ptshare = ptshareSight(state, descriptors, settings);
  return { regions: regionSight(state), memory: memorySight(state), descriptors, ptshare, state };
}

export function checkWillFail(state: CheckState, foresight: Foresight, call: ForeseenCall): void {
  const failing = failure(state, foresight, call);
  if (failing) warn(state, call, failing);
  if (failing || call.item.clause?.kind === "fails") return;
  checkSharing(state, foresight.ptshare, call);
  followRegions(foresight.regions, foresight.descriptors, call);
  followDescriptors(state, foresight.descriptors, call);
  followSharing(foresight.ptshare, call);
  followMemory(state, foresight.memory, foresight.regions, call);
}

/** What the kernel or a CPU does by itself. */
export function followKernel(state: CheckState, foresight: Foresight, item: CallStatement): void {
  followOperation(state, foresight.memory, item);
  if (!quietOperations.has(item.call.name.text)) forgetSharing(foresight.ptshare, item, undefined);
}

/** Forgets what a loop or parallel block may change. */
export function loseSight(foresight: Foresight, block: ParallelBlock | RepeatBlock): void {
  const { state, regions, memory, descriptors, ptshare } = foresight;
  const visit = (item: Item): void => {
    if (item.kind === "actor-block" || item.kind === "parallel" || item.kind === "repeat") item.body.forEach(visit);
    if (item.kind !== "call-statement") return;
    const symbol = actingSymbol(state, item.actor);
    forgetRegions(regions, item, symbol);
    if (!symbol) followKernel(state, foresight, item);
    else {
      forgetSharing(ptshare, item, symbol.kind === "thread" ? symbol.process : symbol);
      forgetDescriptors(state, descriptors, item, symbol);
      forgetMemory(state, memory, item, symbol);
    }
  };
  block.body.forEach(visit);
}

function failure(state: CheckState, foresight: Foresight, call: ForeseenCall): Failing | undefined {
  const { checked } = call;
  const { name } = checked.spec;
  const value = (param: string) => checked.argument(param)?.value;
  if (accessNames.has(name))
    return beyondUser(state, checked) ?? accessFailure(state, foresight.memory, foresight.regions, call);
  const closed = closedFailure(foresight.descriptors, call);
  if (closed) return closed;
  const levels = state.machine.get("levels") === 5n ? 5 : 4;
  const refused = ptshareFailure(foresight.ptshare, call);
  if (refused) return refused;
  if (failsOtherwise(foresight.ptshare, call)) return undefined;
  const isOpen = isSurelyOpen(foresight.descriptors, call);
  const ofLinux = linuxRules[name]?.({ value, levels, isOpen });
  // What a design says of its file it says only of one that is open.
  const ofDesign = isOpen || !checked.argument("fd") ? mshareFailure(foresight.regions, call) : undefined;
  return ofLinux ?? ofDesign ?? partOfRegion(state, foresight.memory, call) ?? unknownRequest(checked);
}

function beyondUser(state: CheckState, checked: CheckedCall): Failing | undefined {
  const address = checked.argument("addr")?.value;
  const end = userAddressEnd(state.machine.get("levels") === 5n ? 5 : 4);
  if (address === undefined || address + 8n <= end) return undefined;
  return { errno: "SIGSEGV", because: "the address is beyond those of user processes", param: "addr" };
}

/** `specOf` gives the general entry of ioctl where no entry has this request. */
function unknownRequest(checked: CheckedCall): Failing | undefined {
  if (checked.spec.name !== "ioctl" || checked.spec.params[1].constants?.length !== 0) return undefined;
  if (checked.argument("request")?.value === undefined) return undefined;
  return { errno: "ENOTTY", because: "no file of this kernel knows this request", param: "request" };
}

function warn(state: CheckState, call: ForeseenCall, failing: Failing): void {
  const { clause } = call.item;
  const { errno, because } = failing;
  const isSignal = errno.startsWith("SIG");
  const expected =
    clause?.kind === "fails" ? clause.errno.text : clause?.kind === "faults" ? clause.signal.text : undefined;
  if (expected === errno) return;
  const name = call.checked.spec.name;
  const verb = isSignal ? "raise" : "fail with";
  const other = expected ? `, not ${expected}` : "";
  const word = isSignal ? "faults" : "fails";
  const expecting = {
    title: `Expect it: ${word} ${errno}`,
    edits: [{ start: call.item.end, end: call.item.end, text: ` ${word} ${errno}` }],
  };
  const mends = clause === undefined ? [...bettering(state, call.checked, failing), expecting] : [];
  report(state, {
    code: failing.code ?? (isSignal ? "will-fault" : "will-fail"),
    ...placeOfFailure(call.checked, failing, call.item),
    message: `\`${name}\` will ${verb} ${errno}${other}: ${because}.`,
    mend: mends[0],
    otherMends: mends.slice(1),
    related: failing.related,
  });
}

/** Another value for the argument that is at fault. */
function bettering(state: CheckState, checked: CheckedCall, { better, param, field }: Failing): Mend[] {
  const argument = checked.argument(param);
  const expr = field === undefined ? argument?.expr : argument?.fields?.get(field)?.expr;
  if (better === undefined || !expr) return [];
  const { start, end } = expr;
  const text = typeof better === "string" ? better : better(state.file.text.slice(start, end));
  return [{ title: `Change to ${text}`, edits: [{ start, end, text }] }];
}

function placeOfFailure(checked: CheckedCall, failing: Failing, item: CallStatement): Span {
  const argument = checked.argument(failing.param);
  const fields: ReadonlyMap<string, Argument> | undefined = argument?.fields;
  const at = (failing.field && fields?.get(failing.field)?.expr) || argument?.expr || item.call.name;
  const isWhole = "kind" in at && at.kind === "struct";
  return isWhole ? { start: item.call.name.start, end: item.call.name.end } : { start: at.start, end: at.end };
}
