// Calls on a descriptor that was closed before: EBADF, as long as nothing opened since can have its number.
import * as mman from "../kernel/uapi/mman.ts";
import type { CallStatement } from "./ast.ts";
import { accessNames } from "./calls.ts";
import type { CheckState } from "./check_state.ts";
import { type Failing, isPageAligned } from "./linux_rules.ts";
import { type ActingSymbol, findVariable, type Place, type ProcessSymbol, type VariableSymbol } from "./symbols.ts";
import type { ForeseenCall } from "./will_fail.ts";

/** A descriptor in the tables of the processes that surely have it: where it was closed, or that it is open. */
type Descriptor = Map<ProcessSymbol, Place | "open">;

export interface DescriptorSight {
  readonly variables: Map<VariableSymbol, Descriptor | null>;
}

/** Further ones are not followed: an editor must not wait. */
const MOST_VARIABLES = 100;

export const descriptorSight = (): DescriptorSight => ({ variables: new Map() });

/** Calls that make no descriptor; after any other, a closed one's number may be in use again. */
const makesNone: ReadonlySet<string> = new Set([
  ...accessNames,
  ..."close read write pread pwrite unlink rename mkdir rmdir ftruncate fallocate lseek ioctl".split(" "),
  ..."mmap munmap mremap mprotect madvise mincore msync mlock mlock2 munlock".split(" "),
  ..."fork exit wait pagemap smaps status kvm_load kvm_store".split(" "),
]);

const processOf = (symbol: ActingSymbol): ProcessSymbol => (symbol.kind === "thread" ? symbol.process : symbol);

/** The same for every variable that stands for it. */
export function descriptorOf(sight: DescriptorSight, { checked, symbol }: ForeseenCall): Descriptor | undefined {
  const expr = checked.argument("fd")?.expr;
  const variable = expr?.kind === "name" && symbol ? findVariable(symbol, expr.name) : undefined;
  return (variable && sight.variables.get(variable)) ?? undefined;
}

export function closedFailure(sight: DescriptorSight, call: ForeseenCall): Failing | undefined {
  const { symbol, mayNotRun } = call;
  if (!symbol || mayNotRun || !looksAtFileFirst(call)) return undefined;
  const closed = descriptorOf(sight, call)?.get(processOf(symbol));
  if (closed === undefined || closed === "open") return undefined;
  return {
    code: "use-after-close",
    errno: "EBADF",
    because: "it was closed before",
    param: "fd",
    related: [{ ...closed, message: "It is closed here." }],
  };
}

/** True where the descriptor is open, or the call is not done at all because the one that opens it failed. */
export function isSurelyOpen(sight: DescriptorSight, call: ForeseenCall): boolean {
  const { symbol } = call;
  return symbol !== undefined && descriptorOf(sight, call)?.get(processOf(symbol)) === "open";
}

/** Some calls refuse other arguments before they look for the file. */
function looksAtFileFirst({ checked }: ForeseenCall): boolean {
  const value = (param: string) => checked.argument(param)?.value;
  switch (checked.spec.name) {
    case "mmap": {
      const [flags, offset] = [value("flags"), value("offset")];
      const isKnown = flags !== undefined && offset !== undefined && isPageAligned(offset);
      return isKnown && (flags & BigInt(mman.MAP_ANONYMOUS)) === 0n;
    }
    case "ftruncate":
      return (value("length") ?? 2n ** 63n) < 2n ** 63n;
    case "close":
    case "read":
    case "write":
    case "ioctl":
      return true;
    default:
      return false;
  }
}

export function followDescriptors(state: CheckState, sight: DescriptorSight, call: ForeseenCall): void {
  const { item, checked, symbol, steady } = call;
  if (!symbol) return;
  const process = processOf(symbol);
  if (!steady || process.declaration.count) {
    forgetDescriptors(state, sight, item, symbol);
    return;
  }
  const { name } = checked.spec;
  if (name === "close") {
    const { start, end } = item;
    const descriptor = descriptorOf(sight, call);
    if (descriptor?.has(process)) descriptor.set(process, { file: state.file.path, start, end });
  }
  if (name === "fork") {
    const child = item.call.args[0];
    const made = child?.kind === "name" ? state.processes.get(child.name) : undefined;
    for (const descriptor of sight.variables.values()) {
      const known = descriptor?.get(process);
      if (made && known !== undefined) descriptor?.set(made, known);
    }
  }
  if (!makesNone.has(name)) forgetClosed(sight, process);
  if (sight.variables.size >= MOST_VARIABLES) return;
  const variable = item.variable && symbol.variables.get(item.variable.text);
  if (!variable) return;
  // A call that fails leaves the variable as it was: what it then means was given it before.
  const isFirst = !sight.variables.has(variable) && process.parents.size === 0 && variable.set.order === call.order;
  const opens = (name === "open" || name === "memfd_create") && isFirst;
  sight.variables.set(variable, opens ? new Map([[process, "open"]]) : null);
}

function forgetClosed(sight: DescriptorSight, process: ProcessSymbol): void {
  for (const descriptor of sight.variables.values())
    if (descriptor?.get(process) !== "open") descriptor?.delete(process);
}

/** Forgets what a call may change that does not surely run once and alone. */
export function forgetDescriptors(
  state: CheckState,
  sight: DescriptorSight,
  item: CallStatement,
  symbol: ActingSymbol | undefined,
): void {
  if (!symbol) return;
  const { name } = item.call;
  const process = processOf(symbol);
  if (name.text === "close" || name.text === "fork" || !makesNone.has(name.text))
    for (const descriptor of sight.variables.values()) descriptor?.delete(process);
  const child = name.text === "fork" ? item.call.args[0] : undefined;
  const made = child?.kind === "name" ? state.processes.get(child.name) : undefined;
  if (made) for (const descriptor of sight.variables.values()) descriptor?.delete(made);
  const variable = item.variable && symbol.variables.get(item.variable.text);
  if (variable) sight.variables.set(variable, null);
}
