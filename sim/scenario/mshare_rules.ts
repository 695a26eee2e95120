// What msharefs refuses: regions that are not aligned, mappings outside them, the wrong kind of mapping. Follows which
// variable holds which region's file, as long as that is certain. The refusals are those measured on a real kernel.
import * as mman from "../kernel/uapi/mman.ts";
import type { CallStatement } from "./ast.ts";
import type { Argument } from "./check_call.ts";
import type { CheckState } from "./check_state.ts";
import { type DescriptorSight, isSurelyOpen } from "./descriptor_rules.ts";
import { showHex, showSize } from "./integers.ts";
import {
  alignedDown,
  alignedUp,
  type Failing,
  isPageAligned,
  pageAligned,
  showPlace,
  userAddressEnd,
  withFlags,
} from "./linux_rules.ts";
import { type ActingSymbol, findVariable, type VariableSymbol } from "./symbols.ts";
import type { ForeseenCall } from "./will_fail.ts";

/** A region as its file knows it; `start` 0 is one that has no size yet. */
interface Region {
  readonly start: bigint;
  readonly size: bigint;
}

export interface RegionSight {
  /** Which file a variable's descriptor is of; null once that is not certain. */
  readonly files: Map<VariableSymbol, string | null>;
  readonly regions: Map<string, Region>;
  /** What surely is all that was ever mapped into a region. */
  readonly filled: Map<string, Region[]>;
  /** What start and size of a region are multiples of; undefined where the design has no regions. */
  readonly unit: bigint | undefined;
  readonly levels: 4 | 5;
  readonly request: (name: string) => bigint | undefined;
  /** The design mounts msharefs, in whatever version. */
  readonly mounted: boolean;
}

const FOLDER = "/sys/fs/mshare/";
const INFO = `${FOLDER}mshare_info`;

export function regionSight(state: CheckState): RegionSight {
  const request = (name: string) => state.names.constants.get(name)?.value;
  const levels = state.machine.get("levels") === 5n ? 5 : 4;
  // The RFC shares at a PGD entry, which covers more with five levels; later versions at a P4D entry.
  const pgdBits = levels === 5 && request("MSHAREFS_UNMAP") === undefined ? 48n : 39n;
  const unit = request("MSHAREFS_SET_SIZE") === undefined ? undefined : 2n ** pgdBits;
  const mounted = [...state.names.constants.keys()].some((name) => name.startsWith("MSHAREFS_"));
  return { files: new Map(), regions: new Map(), filled: new Map(), unit, levels, request, mounted };
}

export function mshareFailure(sight: RegionSight, call: ForeseenCall): Failing | undefined {
  const { checked } = call;
  const value = (param: string) => checked.argument(param)?.value;
  if (sight.unit === undefined) return noSuchFileSystem(sight, call);
  switch (checked.spec.name) {
    case "ioctl": {
      const request = value("request");
      const fields = checked.argument("arg")?.fields;
      if (request === undefined || !fields || fields.size === 0) return undefined;
      // Of a descriptor that may be of another file, or of none, nothing is certain.
      const path = fileOf(sight, call);
      if (!path?.startsWith(FOLDER) || path === INFO) return undefined;
      if (request === sight.request("MSHAREFS_SET_SIZE"))
        return setSizeFailure(sight.unit, fields, regionOf(sight, call));
      if (request === sight.request("MSHAREFS_CREATE_MAPPING"))
        return createFailure(sight, fields, regionOf(sight, call));
      return undefined;
    }
    case "mmap":
      return mmapFailure(sight, sight.unit, call);
    case "read":
    case "write": {
      const path = fileOf(sight, call);
      if (!path?.startsWith(FOLDER) || path === INFO) return undefined;
      return { errno: "EINVAL", because: "a region's file can be mapped, not read or written", param: "fd" };
    }
    default:
      return undefined;
  }
}

/** Without the design's constants nothing mounts msharefs. */
function noSuchFileSystem(sight: RegionSight, call: ForeseenCall): Failing | undefined {
  if (call.checked.spec.name !== "open" || sight.mounted) return undefined;
  if (!call.checked.argument("path")?.text?.startsWith(FOLDER)) return undefined;
  return { errno: "ENOENT", because: "this kernel has no msharefs", param: "path" };
}

const invalid = (because: string, field: string, more: Pick<Failing, "better"> = {}): Failing => ({
  errno: "EINVAL",
  because,
  param: "arg",
  field,
  ...more,
});

function setSizeFailure(
  unit: bigint,
  fields: ReadonlyMap<string, Argument>,
  region: Region | undefined,
): Failing | undefined {
  const start = fieldValue(fields, "start");
  const size = fieldValue(fields, "size");
  if (region && region.start !== 0n)
    return { errno: "EINVAL", because: "the region has its size already", param: "request" };
  if (start !== undefined && start % unit !== 0n)
    return invalid(`the start is not a multiple of ${showSize(unit)}`, "start", alignedDown(start, unit));
  if (start === undefined || size === undefined) return undefined;
  return BigInt.asUintN(64, start + size) % unit !== 0n
    ? invalid(`the size is not a multiple of ${showSize(unit)}`, "size", alignedUp(size, unit))
    : undefined;
}

/** A field that the structure leaves out is 0, one that is not known is undefined. */
function fieldValue(fields: ReadonlyMap<string, Argument>, name: string): bigint | undefined {
  const field = fields.get(name);
  return field ? field.value : 0n;
}

function createFailure(
  sight: RegionSight,
  fields: ReadonlyMap<string, Argument>,
  region: Region | undefined,
): Failing | undefined {
  const [addr, size, flags, fd] = ["addr", "size", "flags", "fd"].map((name) => fieldValue(fields, name));
  if (region?.start === 0n)
    return { errno: "EINVAL", because: "the region has no size yet (MSHAREFS_SET_SIZE)", param: "request" };
  const outside = region && addr !== undefined && size !== undefined && outsideRegion(region, addr, size);
  if (outside) return invalid(outside, "addr", fitting(region, size));
  if (flags !== undefined) {
    const needed = BigInt(mman.MAP_SHARED | mman.MAP_FIXED);
    if ((flags & needed) !== needed) return invalid("the flags need MAP_SHARED and MAP_FIXED", "flags", SHARED_FIXED);
    if (Number(flags & BigInt(mman.MAP_TYPE)) !== mman.MAP_SHARED)
      return invalid("only MAP_SHARED is possible", "flags", SHARED_FIXED);
    if ((flags & BigInt(mman.MAP_GROWSDOWN)) !== 0n) return invalid("a shared mapping cannot grow down", "flags");
  }
  if (fd !== undefined && BigInt.asUintN(32, fd) !== 0xffffffffn)
    return invalid("`fd` must be -1: only memory without a file", "fd", { better: "-1" });
  if (size === 0n) return invalid("the size is 0", "size");
  if (region && region.start >= userAddressEnd(sight.levels))
    return { ...invalid("the region is not at user addresses", "addr"), errno: "ENOMEM" };
  return isPageAligned(addr)
    ? undefined
    : invalid("the address is not a multiple of 4096", "addr", alignedDown(addr, 4096n));
}

const SHARED_FIXED = {
  better: (written: string) =>
    withFlags("MAP_SHARED", "MAP_FIXED")(written.replace(/\bMAP_(PRIVATE|SHARED_VALIDATE)\b/, "MAP_SHARED")),
};

/** The region's start, where that much fits in. */
const fitting = (region: Region | undefined, length: bigint | undefined): Pick<Failing, "better"> =>
  region && length !== undefined && length <= region.size ? { better: showPlace(region.start) } : {};

function outsideRegion(region: Region, addr: bigint, size: bigint): string | undefined {
  const end = BigInt.asUintN(64, region.start + region.size);
  if (addr >= region.start && addr < end && BigInt.asUintN(64, addr + size) <= end) return undefined;
  return `it lies outside the region ${showHex(region.start)}..${showHex(end)}`;
}

function mmapFailure(sight: RegionSight, unit: bigint, call: ForeseenCall): Failing | undefined {
  const path = fileOf(sight, call);
  if (!path?.startsWith(FOLDER) || path === INFO) return undefined;
  const region = sight.regions.get(path);
  const value = (param: string) => call.checked.argument(param)?.value;
  const [addr, length, flags] = [value("addr"), value("length"), value("flags")];
  // A private mapping of a region's size may be refused for its memory before anybody asks the region.
  if (flags === undefined || (flags & BigInt(mman.MAP_TYPE)) === BigInt(mman.MAP_PRIVATE)) return undefined;
  if (region?.start === 0n)
    return { errno: "EINVAL", because: "the region has no size yet (MSHAREFS_SET_SIZE)", param: "fd" };
  if (addr === 0n) {
    const because = "a region can only be mapped at its own address";
    return { errno: "EINVAL", because, param: "addr", ...fitting(region, length) };
  }
  if (length !== undefined && pageAligned(length) % unit !== 0n) {
    const because = `the length is not a multiple of ${showSize(unit)}`;
    return { errno: "EINVAL", because, param: "length", ...alignedUp(length, unit) };
  }
  if (addr !== undefined && addr % unit !== 0n) {
    const because = `the address is not a multiple of ${showSize(unit)}`;
    return { errno: "EINVAL", because, param: "addr", ...alignedDown(addr, unit) };
  }
  if (!region || addr === undefined || length === undefined) return undefined;
  const outside = outsideRegion(region, addr, pageAligned(length));
  return outside ? { errno: "EINVAL", because: outside, param: "addr", ...fitting(region, length) } : undefined;
}

/** The region that a mapping surely is of, where it is one. */
export function mappedRegion(sight: RegionSight, call: ForeseenCall): string | undefined {
  const path = sight.unit === undefined || call.checked.spec.name !== "mmap" ? undefined : fileOf(sight, call);
  return path?.startsWith(FOLDER) && path !== INFO ? path : undefined;
}

/** True where nothing can be mapped into the region at this address; `start` is where a process has mapped the region. */
export function isUnfilled({ regions, filled }: RegionSight, path: string, start: bigint, address: bigint): boolean {
  const parts = regions.get(path)?.start === start ? filled.get(path) : undefined;
  return parts?.every((part) => address < part.start || part.start + part.size <= address) ?? false;
}

function variableOf(call: ForeseenCall): VariableSymbol | undefined {
  const expr = call.checked.argument("fd")?.expr;
  return expr?.kind === "name" && call.symbol ? findVariable(call.symbol, expr.name) : undefined;
}

function fileOf(sight: RegionSight, call: ForeseenCall): string | undefined {
  const variable = variableOf(call);
  return (variable && sight.files.get(variable)) ?? undefined;
}

function regionOf(sight: RegionSight, call: ForeseenCall): Region | undefined {
  const path = fileOf(sight, call);
  return path === undefined ? undefined : sight.regions.get(path);
}

/** Remembers what a call that succeeds, or may, does to files and regions. */
export function followRegions(sight: RegionSight, descriptors: DescriptorSight, call: ForeseenCall): void {
  if (sight.unit === undefined) return;
  const { item, checked, symbol, steady } = call;
  if (!steady) {
    forgetRegions(sight, item, symbol);
    return;
  }
  const { name } = checked.spec;
  if (name === "unlink" || name === "rename") forgetRegions(sight, item, symbol);
  else if (name === "ioctl") {
    followSetSize(sight, descriptors, call);
    followCreate(sight, call);
  } else if (item.variable && symbol) followVariable(sight, call, symbol);
}

function followSetSize(sight: RegionSight, descriptors: DescriptorSight, call: ForeseenCall): void {
  const { checked } = call;
  if (checked.argument("request")?.value !== sight.request("MSHAREFS_SET_SIZE")) return;
  const fields = checked.argument("arg")?.fields;
  const path = fileOf(sight, call);
  const start = fields && fieldValue(fields, "start");
  const size = fields && fieldValue(fields, "size");
  const region = path === undefined ? undefined : sight.regions.get(path);
  // A region gets its size once; that of a descriptor which may be closed by now, perhaps.
  if (region && region.start !== 0n) return;
  if (path === undefined || start === undefined || size === undefined) sight.regions.clear();
  else if (!isSurelyOpen(descriptors, call)) sight.regions.delete(path);
  else if (sight.regions.has(path)) sight.regions.set(path, { start, size: size === 0n ? 2n ** 64n - 1n : size });
}

function followCreate(sight: RegionSight, call: ForeseenCall): void {
  const request = call.checked.argument("request")?.value;
  const isRequest = (name: string) => request !== undefined && request === sight.request(name);
  if (isRequest("MSHAREFS_SET_SIZE") || isRequest("MSHAREFS_GET_SIZE")) return;
  const fields = call.checked.argument("arg")?.fields;
  const path = fileOf(sight, call);
  const start = fields && fieldValue(fields, "addr");
  const size = fields && fieldValue(fields, "size");
  if (path === undefined || !isRequest("MSHAREFS_CREATE_MAPPING")) sight.filled.clear();
  else if (start === undefined || size === undefined) sight.filled.delete(path);
  else sight.filled.get(path)?.push({ start, size: pageAligned(size) });
}

function followVariable(sight: RegionSight, call: ForeseenCall, symbol: ActingSymbol): void {
  const variable = symbol.variables.get(call.item.variable!.text);
  if (!variable) return;
  const { actor } = call.item;
  const isOneOfMany = actor.kind === "process" && actor.index !== undefined && actor.index !== "all";
  const path = call.checked.spec.name === "open" ? call.checked.argument("path")?.text : undefined;
  const before = sight.files.get(variable);
  const certain = path !== undefined && isPlainPath(path) && !isOneOfMany && (before === undefined || before === path);
  sight.files.set(variable, certain ? path : null);
  const flags = call.checked.argument("flags")?.value;
  // O_CREAT|O_EXCL made the file, or the call failed and nothing depends on it.
  const isNew = flags !== undefined && (flags & 0o300n) === 0o300n;
  if (!certain || !isNew || sight.regions.has(path)) return;
  sight.regions.set(path, { start: 0n, size: 0n });
  sight.filled.set(path, []);
}

/** A file has one such path. */
const isPlainPath = (path: string): boolean => path.startsWith("/") && !/\/\.{0,2}(\/|$)/.test(path);

/** Forgets what a call may change that does not surely run once. */
export function forgetRegions(sight: RegionSight, item: CallStatement, symbol: ActingSymbol | undefined): void {
  const { name } = item.call;
  if (name.text === "ioctl" || name.text === "unlink" || name.text === "rename") {
    sight.regions.clear();
    sight.filled.clear();
  }
  const variable = item.variable && symbol?.variables.get(item.variable.text);
  if (variable) sight.files.set(variable, null);
}
