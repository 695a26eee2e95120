// Accesses that surely fault: where nothing was mapped, where it was unmapped again, where the mapping forbids it.
// Follows the mappings of each process as far as they are certain.
import * as mman from "../kernel/uapi/mman.ts";
import {
  type Address,
  type AddressSpace,
  absence,
  copyOf,
  covers,
  emptySpace,
  forgetProtection,
  forgetRegion,
  isWithinReach,
  map,
  meets,
  PLACED_ABOVE,
  protect,
  unmap,
} from "./address_space.ts";
import type { CallStatement, Expr } from "./ast.ts";
import { accessNames } from "./calls.ts";
import { type CheckState, constantValue } from "./check_state.ts";
import { type Failing, isPageAligned, pageAligned, showPlace } from "./linux_rules.ts";
import { isUnfilled, mappedRegion, type RegionSight } from "./mshare_rules.ts";
import { type ActingSymbol, findVariable, type ProcessSymbol, placeOf, type VariableSymbol } from "./symbols.ts";
import { DEFAULT_DESIGN } from "./vocabulary.ts";
import type { ForeseenCall } from "./will_fail.ts";

export interface MemorySight {
  /** A process that is not in it has nothing mapped yet; null: nothing is certain any more. */
  readonly spaces: Map<ProcessSymbol, AddressSpace | null>;
  /** The address that a variable surely has, unless the call that gave it failed. */
  readonly addresses: Map<VariableSymbol, Address | null>;
  /** Whose variables a child has copies of, so that they may differ once they are set again. */
  readonly copied: Set<VariableSymbol>;
  /** Bytes of the machine: smaller mappings of no file are not refused. */
  readonly memory: bigint;
  /** Mappings of files are like any other: no design and no hugetlb has a say in them. */
  readonly filesArePlain: boolean;
  /** Calls followed so far. */
  moment: number;
}

/** Calls that neither map nor unmap. What is not here and not followed makes the process's mappings uncertain. */
const harmless: ReadonlySet<string> = new Set([
  ...accessNames,
  ..."open close read write pread pwrite unlink rename mkdir rmdir ftruncate fallocate lseek memfd_create".split(" "),
  ..."mincore wait pagemap smaps status msync mlock mlock2 munlock madvise exit fork mmap munmap mprotect".split(" "),
  // Those of msharefs change the region's own address space, of which nothing is foreseen.
  ..."ioctl kvm_load kvm_store".split(" "),
]);

/** Flags of mmap that leave placement and extent as they are. */
const PLAIN_FLAGS = [
  mman.MAP_TYPE,
  mman.MAP_FIXED,
  mman.MAP_FIXED_NOREPLACE,
  mman.MAP_ANONYMOUS,
  mman.MAP_NORESERVE,
  mman.MAP_POPULATE,
  mman.MAP_LOCKED,
  mman.MAP_STACK,
  mman.MAP_NONBLOCK,
].reduce((all, flag) => all | BigInt(flag), 0n);

export function memorySight(state: CheckState): MemorySight {
  const memory = state.machine.get("memory");
  return {
    spaces: new Map(),
    addresses: new Map(),
    copied: new Set(),
    memory: typeof memory === "bigint" ? memory : 0n,
    filesArePlain:
      state.names.design?.name === DEFAULT_DESIGN &&
      [...state.program.files.values()].every(({ text }) => !/huge/i.test(text)),
    moment: 0,
  };
}

const processOf = (symbol: ActingSymbol): ProcessSymbol => (symbol.kind === "thread" ? symbol.process : symbol);

/** The space of a single process; of an array's element nothing is known. */
function spaceOf(sight: MemorySight, symbol: ActingSymbol): AddressSpace | undefined {
  const process = processOf(symbol);
  if (process.count !== undefined || process.declaration.count) return undefined;
  const known = sight.spaces.get(process);
  if (known !== undefined) return known ?? undefined;
  const made = emptySpace();
  sight.spaces.set(process, made);
  return made;
}

/** An address as it is written: a number, a variable, or a variable and an offset. */
function addressOf(state: CheckState, sight: MemorySight, expr: Expr, symbol: ActingSymbol): Address | undefined {
  switch (expr.kind) {
    case "group":
      return addressOf(state, sight, expr.inner, symbol);
    case "name": {
      const variable = findVariable(symbol, expr.name);
      if (variable) return sight.addresses.get(variable) ?? undefined;
      break;
    }
    case "field": {
      const owner = expr.object.kind === "name" ? state.processes.get(expr.object.name) : undefined;
      const variable = owner && findVariable(owner, expr.field.text);
      return (variable && sight.addresses.get(variable)) ?? undefined;
    }
    case "binary": {
      const left = addressOf(state, sight, expr.left, symbol);
      const right = addressOf(state, sight, expr.right, symbol);
      if (!left || !right || (expr.operator !== "+" && expr.operator !== "-")) break;
      if (expr.operator === "-" && !right.region) return { ...left, offset: left.offset - right.offset };
      if (expr.operator === "+" && !(left.region && right.region))
        return { region: left.region ?? right.region, offset: left.offset + right.offset };
      return undefined;
    }
  }
  const value = constantValue(state, expr, symbol);
  return typeof value === "bigint" ? { region: undefined, offset: value } : undefined;
}

export function accessFailure(
  state: CheckState,
  sight: MemorySight,
  regions: RegionSight,
  call: ForeseenCall,
): Failing | undefined {
  const { checked, symbol, mayNotRun } = call;
  const expr = checked.argument("addr")?.expr;
  const space = symbol && spaceOf(sight, symbol);
  const at = space && expr && addressOf(state, sight, expr, symbol);
  if (!at || mayNotRun) return undefined;
  if (checked.spec.name === "touch" && (checked.argument("length")?.value ?? 0n) === 0n) return undefined;
  const none = absence(space, at);
  if (none === "never")
    return { code: "unmapped-access", errno: "SIGSEGV", because: "nothing is mapped there", param: "addr" };
  if (none)
    return {
      code: "use-after-unmap",
      errno: "SIGSEGV",
      because: "this was unmapped before",
      param: "addr",
      related: [{ ...none.by, message: "It is unmapped here." }],
    };
  const segment = covers(space, at);
  if (segment?.ofRegion !== undefined && isUnfilled(regions, segment.ofRegion, segment.start, at.offset)) {
    const because = "nothing is mapped into the region there (MSHAREFS_CREATE_MAPPING)";
    return { code: "unmapped-access", errno: "SIGSEGV", because, param: "addr" };
  }
  return segment?.prot === undefined ? undefined : forbidden(call, segment.prot, segment.ofFile);
}

/** A region of msharefs is unmapped as a whole. Only of an address that the mapping gave is it certain that there is one. */
export function partOfRegion(state: CheckState, sight: MemorySight, call: ForeseenCall): Failing | undefined {
  const { checked, symbol, mayNotRun } = call;
  const [addr, length] = [checked.argument("addr"), checked.argument("length")?.value];
  if (checked.spec.name !== "munmap" || !addr || addr.value !== undefined || !length || mayNotRun) return undefined;
  const space = symbol && spaceOf(sight, symbol);
  const at = space && addressOf(state, sight, addr.expr, symbol);
  if (!at || !isPageAligned(at.offset)) return undefined;
  const segment = covers(space, at);
  if (segment?.ofRegion === undefined) return undefined;
  const because = "a region is unmapped as a whole";
  if (at.offset > segment.start) return { errno: "EINVAL", because, param: "addr" };
  const all = segment.end - segment.start;
  if (pageAligned(length) >= all) return undefined;
  return { errno: "EINVAL", because, param: "length", better: showPlace(all) };
}

const has = (bits: bigint, bit: number) => (Number(BigInt.asUintN(32, bits)) & bit) !== 0;

/** x86-64 has no pages that can be written and not read. */
function forbidden({ checked }: ForeseenCall, prot: bigint, ofFile: boolean): Failing | undefined {
  const { name } = checked.spec;
  const deny = (what: string): Failing => ({
    errno: "SIGSEGV",
    because: `the mapping cannot be ${what}`,
    param: "addr",
  });
  if (name === "exec") return has(prot, mman.PROT_EXEC) || ofFile ? undefined : deny("executed");
  const writes = name === "store" || (name === "touch" && checked.argument("write")?.value === 1n);
  const unknown = name === "touch" && checked.args.length > 2 && checked.argument("write")?.value === undefined;
  if (unknown) return undefined;
  if (writes) return has(prot, mman.PROT_WRITE) ? undefined : deny("written");
  return (prot & 7n) === 0n ? deny("read") : undefined;
}

/** Remembers what a call does that succeeds, or that may. */
export function followMemory(state: CheckState, sight: MemorySight, regions: RegionSight, call: ForeseenCall): void {
  const { item, checked, symbol, steady } = call;
  sight.moment++;
  if (!symbol) return;
  if (!steady) {
    forgetMemory(state, sight, item, symbol);
    return;
  }
  const value = (param: string) => checked.argument(param)?.value;
  const space = spaceOf(sight, symbol);
  const variable = item.variable && symbol.variables.get(item.variable.text);
  const result = resultOf(state, sight, mappedRegion(regions, call), call, symbol, space, variable);
  if (variable) sight.addresses.set(variable, sight.copied.has(variable) ? null : result);
  const { name } = checked.spec;
  if (name === "fork") forkMemory(state, sight, item, symbol);
  if (name === "exit" && symbol.kind === "process") sight.spaces.set(processOf(symbol), null);
  if (name === "madvise" && value("advice") !== undefined) {
    const advice = value("advice");
    if (advice === BigInt(mman.MADV_DONTFORK)) sight.spaces.set(processOf(symbol), null);
  }
  if (!space) return;
  if (!harmless.has(name) || isCrowded(space)) sight.spaces.set(processOf(symbol), null);
  const at = checked.argument("addr")?.expr;
  const length = value("length");
  const address = at && addressOf(state, sight, at, symbol);
  if (name === "munmap") {
    if (!address || length === undefined) forgetProtection(space);
    else if (!address.region || address.offset >= 0n)
      unmap(space, address, pageAligned(length), sight.moment, placeOf(state.file.path, { text: "", ...spanOf(item) }));
  }
  if (name === "mprotect") {
    const prot = value("prot");
    const isWhole = address && length !== undefined && isAllMapped(space, address, pageAligned(length));
    if (!address || length === undefined) forgetProtection(space);
    else protect(space, address, pageAligned(length), isWhole ? prot : undefined);
  }
}

/** A process with more mappings than this is no longer followed: an editor must not wait. */
const MOST_PIECES = 100;

const isCrowded = ({ segments, holes }: AddressSpace): boolean => segments.length + holes.length > MOST_PIECES;

const spanOf = ({ start, end }: CallStatement) => ({ start, end });

function isAllMapped(space: AddressSpace, { region, offset }: Address, length: bigint): boolean {
  let at = offset;
  while (at < offset + length) {
    const segment = covers(space, { region, offset: at });
    if (!segment) return false;
    at = segment.end;
  }
  return true;
}

/** Where mmap puts what it maps, if that is certain; maps it. */
function resultOf(
  state: CheckState,
  sight: MemorySight,
  ofRegion: string | undefined,
  { checked }: ForeseenCall,
  symbol: ActingSymbol,
  space: AddressSpace | undefined,
  variable: VariableSymbol | undefined,
): Address | null {
  if (checked.spec.name !== "mmap" || !space) return null;
  const value = (param: string) => checked.argument(param)?.value;
  const forget = (): null => {
    sight.spaces.set(processOf(symbol), null);
    return null;
  };
  const [length, flags, prot] = [value("length"), value("flags"), value("prot")];
  const expr = checked.argument("addr")?.expr;
  const hint = expr && addressOf(state, sight, expr, symbol);
  if (length === undefined || flags === undefined || !hint || (flags & ~PLAIN_FLAGS) !== 0n) return forget();
  const bytes = pageAligned(length);
  const isAnonymous = has(flags, mman.MAP_ANONYMOUS);
  const isFixed = has(flags, mman.MAP_FIXED) || has(flags, mman.MAP_FIXED_NOREPLACE);
  const isHigh = !hint.region && hint.offset + bytes > PLACED_ABOVE;
  if (isHigh || !isPageAligned(hint.offset)) return forget();
  const isFree = !meets(space, hint, bytes);
  // Where a region was refused, this one may be in its place.
  if (!isFree) forgetRegion(space, hint, bytes);
  // A call that fails leaves the variable as it was: then the mapping that it means is another one.
  const isFirst = !variable || (!sight.addresses.has(variable) && processOf(symbol).parents.size === 0);
  const isGranted = isAnonymous && bytes <= sight.memory / 4n && !has(flags, mman.MAP_FIXED_NOREPLACE);
  const bits = (isGranted || isFirst) && ofRegion === undefined ? prot : undefined;
  const born = sight.moment;
  const made = {
    born,
    ofFile: !isAnonymous,
    ...(isAnonymous || sight.filesArePlain ? {} : { kept: true as const }),
    ...(ofRegion !== undefined && isFree ? { ofRegion } : {}),
  };
  if (isFixed) {
    // What it replaces stays as it was where the call is refused.
    map(space, hint, bytes, { prot: isFree || isGranted ? bits : undefined, ...made });
    return isGranted || isFirst ? hint : null;
  }
  const wanted = hint.region ? 0n : hint.offset;
  // A hint below what may be mapped is rounded up, and a crowded address space is filled from below.
  if ((wanted > 0n && wanted < LOWEST_HINT) || !isWithinReach(space)) return forget();
  const isTaken = wanted > 0n && isFree;
  if (isTaken) map(space, hint, bytes, { prot: isAnonymous ? bits : undefined, ...made });
  // A region is mapped where it is, or not at all.
  if (isTaken && (isAnonymous || ofRegion !== undefined)) return isGranted || isFirst ? hint : null;
  // A file may have a say in where it is mapped: then it lies at the hint or elsewhere.
  const region = { length: bytes };
  space.placed += bytes + LARGEST_ALIGNMENT;
  map(space, { region, offset: 0n }, bytes, { prot: isTaken ? undefined : bits, ...made });
  return isTaken || !(isGranted || isFirst) ? null : { region, offset: 0n };
}

const LOWEST_HINT = 65536n;
/** Huge pages may keep a mapping off by this much. */
const LARGEST_ALIGNMENT = 2n ** 30n;

function forkMemory(state: CheckState, sight: MemorySight, item: CallStatement, symbol: ActingSymbol): void {
  const named = item.call.args[0];
  const child = named?.kind === "name" ? state.processes.get(named.name) : undefined;
  const space = spaceOf(sight, symbol);
  for (const variable of [...symbol.variables.values(), ...processOf(symbol).variables.values()])
    sight.copied.add(variable);
  if (child) sight.spaces.set(child, space ? copyOf(space) : null);
}

/** Forgets what a call may change that does not surely run once and alone. */
export function forgetMemory(
  state: CheckState,
  sight: MemorySight,
  item: CallStatement,
  symbol: ActingSymbol | undefined,
): void {
  const { name } = item.call;
  const variable = item.variable && symbol?.variables.get(item.variable.text);
  if (variable) sight.addresses.set(variable, null);
  const isAccess = accessNames.has(name.text) || isQuiet.has(name.text);
  if (symbol && !isAccess) sight.spaces.set(processOf(symbol), null);
  const child = item.call.args[0];
  if (name.text === "fork" && child) {
    const process = child.kind === "name" ? state.processes.get(child.name) : undefined;
    if (process) sight.spaces.set(process, null);
    for (const one of symbol ? processOf(symbol).variables.values() : []) sight.addresses.set(one, null);
  }
}

const following = new Set(["exit", "fork", "mmap", "munmap", "mprotect", "madvise"]);
const isQuiet: ReadonlySet<string> = new Set([...harmless].filter((name) => !following.has(name)));

/** Operations that leave every mapping where it is. */
export const quietOperations: ReadonlySet<string> = new Set([
  ..."swap_out reclaim compact split_huge_pages migrate exit_idle switch_to idle".split(" "),
]);

/** The kernel's own doing: the OOM killer takes memory away, and what else there may be is not judged. */
export function followOperation(state: CheckState, sight: MemorySight, item: CallStatement): void {
  if (quietOperations.has(item.call.name.text)) return;
  for (const process of state.processes.values()) sight.spaces.set(process, null);
}
