// What becomes of MAP_SHARED_PT: calls that the design refuses, and mappings that quietly share nothing. As the mails have
// it, the address is a multiple of what a PMD entry covers and so is the size, and whoever maps the file after the first
// does so at the same address and in the same size. Only what is certain is said.
import * as mman from "../kernel/uapi/mman.ts";
import { PLACED_ABOVE } from "./address_space.ts";
import type { CallStatement, Expr } from "./ast.ts";
import { type CheckState, report } from "./check_state.ts";
import { type DescriptorSight, descriptorOf, isSurelyOpen } from "./descriptor_rules.ts";
import type { Mend } from "./diagnostics.ts";
import { showHex, showSize } from "./integers.ts";
import { type Failing, isPageAligned, pageAligned } from "./linux_rules.ts";
import type { ProcessSymbol } from "./symbols.ts";
import type { ForeseenCall } from "./will_fail.ts";

/** The mapping that a file's tables were made for. */
interface First {
  readonly start: bigint;
  readonly size: bigint;
  readonly prot: bigint;
  readonly offset: bigint;
}

export interface PtshareSight {
  /** MAP_SHARED_PT; undefined where the design has no such flag. */
  readonly flag: bigint | undefined;
  readonly fixed: (id: string) => boolean;
  /** Others may map the file elsewhere. */
  readonly anyAddress: boolean;
  readonly descriptors: DescriptorSight;
  /** The file behind an open descriptor, where it surely can be mapped for reading and writing. */
  readonly files: Map<object, string>;
  readonly firsts: Map<string, First>;
  /** Mappings that surely share. */
  readonly shared: Map<ProcessSymbol, First[]>;
  /** Who may have a mapping that a new one becomes one with. */
  readonly mapped: Set<ProcessSymbol>;
  /** Some file may have its tables already, or have lost them again. */
  blurred: boolean;
}

const PMD_SIZE = 2n ** 21n;
const LOWEST_HINT = 65536n;

export interface Settings {
  readonly options: ReadonlyMap<string, string>;
  readonly fixes: readonly string[];
}

export function ptshareSight(
  state: CheckState,
  descriptors: DescriptorSight,
  { options, fixes }: Settings,
): PtshareSight {
  return {
    flag: state.names.constants.get("MAP_SHARED_PT")?.value,
    fixed: (id) => fixes.includes(id),
    anyAddress: options.get("addresses") === "any",
    descriptors,
    files: new Map(),
    firsts: new Map(),
    shared: new Map(),
    mapped: new Set(),
    blurred: false,
  };
}

const processOf = ({ symbol }: ForeseenCall): ProcessSymbol | undefined =>
  symbol?.kind === "thread" ? symbol.process : symbol;

interface Request {
  readonly process: ProcessSymbol;
  readonly addr: bigint | undefined;
  /** Whole pages. */
  readonly size: bigint | undefined;
  readonly prot: bigint | undefined;
  readonly offset: bigint;
  readonly type: number;
  readonly isAnonymous: boolean;
  /** It lies at `addr`, or nowhere. */
  readonly isPlaced: boolean;
  /** Linux chooses its place, right below the top of user space, as nothing is mapped yet. */
  readonly isTopmost: boolean;
  /** Nothing is there that it could become one with, as posted. */
  readonly isApart: boolean;
}

/** An mmap with MAP_SHARED_PT of a file that is surely open, or of none. */
function requestOf(sight: PtshareSight, call: ForeseenCall): Request | undefined {
  if (sight.flag === undefined || call.checked.spec.name !== "mmap") return undefined;
  const [addr, length, prot, flags, offset] = ["addr", "length", "prot", "flags", "offset"].map(
    (param) => call.checked.argument(param)?.value,
  );
  const process = processOf(call);
  if (!process || flags === undefined || (flags & sight.flag) === 0n) return undefined;
  const isAnonymous = (flags & BigInt(mman.MAP_ANONYMOUS)) !== 0n;
  if (!isAnonymous && !isSurelyOpen(sight.descriptors, call)) return undefined;
  if (offset === undefined || !isPageAligned(offset)) return undefined;
  const isNew = !sight.mapped.has(process) && process.parents.size === 0 && process.declaration.count === undefined;
  const size = length === undefined ? undefined : pageAligned(length);
  const isFixed = (flags & BigInt(mman.MAP_FIXED | mman.MAP_FIXED_NOREPLACE)) !== 0n;
  const isFree = isNew && addr !== undefined && addr >= LOWEST_HINT && addr + (size ?? 0n) <= PLACED_ABOVE;
  const isPlaced = isFixed || (isFree && isPageAligned(addr));
  const isApart = isNew || sight.fixed("merged-vma");
  return {
    ...{ process, addr, size, prot, offset, isAnonymous, isPlaced, isApart },
    isTopmost: isNew && !isFixed && addr === 0n,
    type: Number(flags & BigInt(mman.MAP_TYPE)),
  };
}

/** What the design refuses before Linux looks at anything but the file. */
export function ptshareFailure(sight: PtshareSight, call: ForeseenCall): Failing | undefined {
  if (sight.flag === undefined) return undefined;
  if (call.checked.spec.name === "munmap") return unmapFailure(sight, call);
  const request = requestOf(sight, call);
  if (!request) return undefined;
  const { type, isAnonymous } = request;
  // As posted the bits of MAP_SHARED_VALIDATE, which hold that of MAP_PRIVATE, let private mappings pass.
  const isShared = sight.fixed("private-mapping") ? type !== mman.MAP_PRIVATE : (type & 3) !== 0;
  if (!isShared) return { errno: "EINVAL", because: "MAP_SHARED_PT needs MAP_SHARED", param: "flags" };
  if (type === mman.MAP_SHARED_VALIDATE && !isAnonymous)
    return { errno: "EOPNOTSUPP", because: "MAP_SHARED_VALIDATE does not know MAP_SHARED_PT", param: "flags" };
  return undefined;
}

/** As posted, an mmap that fails looks its mapping up all the same: it ends otherwise than Linux's would. */
export function failsOtherwise(sight: PtshareSight, call: ForeseenCall): boolean {
  const request = sight.fixed("mmap-error") ? undefined : requestOf(sight, call);
  return request !== undefined && !request.isAnonymous;
}

/** What shares tables is unmapped as a whole. */
function unmapFailure(sight: PtshareSight, call: ForeseenCall): Failing | undefined {
  const [addr, length] = [call.checked.argument("addr")?.value, call.checked.argument("length")?.value];
  const process = processOf(call);
  if (sight.blurred || addr === undefined || !length || !process || call.mayNotRun || !isPageAligned(addr))
    return undefined;
  const hit = sight.shared.get(process)?.find(({ start, size }) => start <= addr && addr < start + size);
  if (!hit || (addr === hit.start && length === hit.size)) return undefined;
  const place = `${showHex(hit.start)}..${showHex(hit.start + hit.size)}`;
  return {
    errno: "EINVAL",
    because: `the mapping at ${place} shares page tables and goes as a whole`,
    param: "length",
  };
}

/** Says that a mapping will share nothing, where that is certain. */
export function checkSharing(state: CheckState, sight: PtshareSight, call: ForeseenCall): void {
  const request = requestOf(sight, call);
  const alone = request && !call.mayNotRun ? whyAlone(sight, call, request) : undefined;
  if (!alone) return;
  const { start, end } = call.checked.argument(alone.param)?.expr ?? call.item.call;
  const { better: text } = alone;
  const better = text === undefined ? undefined : { title: `Change to ${text}`, edits: [{ start, end, text }] };
  const mends = [better, withoutFlag(call)].filter((mend) => mend !== undefined);
  report(state, {
    code: "will-not-share",
    ...{ start, end },
    message: `This mapping will share no page tables: ${alone.because}.`,
    mend: mends[0],
    otherMends: mends.slice(1),
  });
}

interface Alone {
  readonly because: string;
  readonly param: string;
  /** What the argument should be. */
  readonly better?: string;
}

function whyAlone(sight: PtshareSight, call: ForeseenCall, request: Request): Alone | undefined {
  const { addr, size, prot, offset, isAnonymous, isPlaced, isApart, isTopmost } = request;
  if (isAnonymous) return { because: "only mappings of a file share them", param: "flags" };
  if (!size || !isApart) return undefined;
  if (size % PMD_SIZE !== 0n) {
    const better = showSize((size / PMD_SIZE + 1n) * PMD_SIZE);
    return { because: "the size is not a multiple of 2MiB", param: "length", better };
  }
  if (isPlaced && addr !== undefined && addr % PMD_SIZE !== 0n) {
    const better = showHex(addr - (addr % PMD_SIZE));
    return { because: "the address is not a multiple of 2MiB", param: "addr", better };
  }
  // The topmost page of user space stays free.
  if (isTopmost)
    return { because: "Linux chooses its address, and that is not a multiple of 2MiB", param: "addr", better: "1TiB" };
  const first = sight.blurred ? undefined : sight.firsts.get(fileOf(sight, call) ?? "");
  if (!first) return undefined;
  const others = "the file's tables belong to a mapping";
  if (size !== first.size)
    return { because: `${others} of ${showSize(first.size)}`, param: "length", better: showSize(first.size) };
  if (isPlaced && addr !== first.start && !sight.anyAddress)
    return { because: `${others} at ${showHex(first.start)}`, param: "addr", better: showHex(first.start) };
  if (prot !== undefined && prot !== first.prot && sight.fixed("permission-mode"))
    return { because: `${others} with another protection`, param: "prot" };
  if (offset !== first.offset && sight.fixed("file-offset"))
    return { because: `${others} of another part of it`, param: "offset", better: showSize(first.offset) };
  return undefined;
}

function fileOf(sight: PtshareSight, call: ForeseenCall): string | undefined {
  const descriptor = descriptorOf(sight.descriptors, call);
  return descriptor && sight.files.get(descriptor);
}

/** The flags without MAP_SHARED_PT, where it stands between bars. */
function withoutFlag({ checked }: ForeseenCall): Mend | undefined {
  const flags = checked.argument("flags")?.expr;
  const found = flags && partOf(flags);
  return found && { title: "Remove MAP_SHARED_PT", edits: [{ ...found, text: "" }] };
}

function partOf(expr: Expr): { readonly start: number; readonly end: number } | undefined {
  if (expr.kind !== "binary" || expr.operator !== "|") return undefined;
  const { left, right } = expr;
  if (right.kind === "name" && right.name === "MAP_SHARED_PT") return { start: left.end, end: right.end };
  if (left.kind === "name" && left.name === "MAP_SHARED_PT") return { start: left.start, end: right.start };
  return partOf(left);
}

/** Calls that leave alone what shares tables, and who has it. */
const harmless: ReadonlySet<string> = new Set([
  ..."load store exec touch open close read lseek memfd_create ftruncate mkdir wait".split(" "),
  ..."mincore pagemap smaps status msync mlock mlock2 munlock".split(" "),
]);

/** Remembers what a call does that succeeds, or that may. Comes after `followDescriptors`. */
export function followSharing(sight: PtshareSight, call: ForeseenCall): void {
  const { item, steady } = call;
  const process = processOf(call);
  if (sight.flag === undefined) return;
  if (!steady || !process || item.call.name.text !== "mmap") {
    if (steady && process) followFile(sight, call);
    forgetSharing(sight, item, process);
    return;
  }
  const request = requestOf(sight, call);
  sight.mapped.add(process);
  const flags = call.checked.argument("flags")?.value;
  const mayReplace = flags === undefined || (flags & BigInt(mman.MAP_FIXED)) !== 0n;
  const mayShare = flags === undefined || (flags & sight.flag) !== 0n;
  const made = request && firstOf(request);
  const file = fileOf(sight, call);
  if (!made || !file) {
    // It may share, with whatever tables; or it may lie over what does.
    if (mayReplace || (mayShare && !request?.isAnonymous)) sight.blurred = true;
    return;
  }
  const first = sight.firsts.get(file) ?? made;
  sight.firsts.set(file, first);
  const isAlike = first.start === made.start && first.size === made.size && first.prot === made.prot;
  const own = sight.shared.get(request.process) ?? [];
  if (isAlike && first.offset === made.offset) sight.shared.set(request.process, [...own, made]);
}

/** What a mapping is that surely gives its file tables, if it has none. */
function firstOf({ addr, size, prot, offset, type, isPlaced, isApart }: Request): First | undefined {
  if (!addr || !size || prot === undefined || !isPlaced || !isApart || type !== mman.MAP_SHARED) return undefined;
  if (addr % PMD_SIZE !== 0n || size % PMD_SIZE !== 0n || addr + size > PLACED_ABOVE) return undefined;
  return { start: addr, size, prot, offset };
}

function followFile(sight: PtshareSight, { item, checked, symbol, order }: ForeseenCall): void {
  const variable = item.variable && symbol?.variables.get(item.variable.text);
  const descriptor = variable && sight.descriptors.variables.get(variable);
  if (!descriptor) return;
  const path = checked.argument("path")?.text;
  const isReadWrite = ((checked.argument("flags")?.value ?? 0n) & 3n) === 2n;
  if (checked.spec.name === "memfd_create") sight.files.set(descriptor, `memfd ${order}`);
  else if (checked.spec.name === "open" && path && isReadWrite && /^\/(dev\/shm|tmp)\//.test(path))
    sight.files.set(descriptor, path);
}

/** Forgets what a call may change that does not surely run once and alone. */
export function forgetSharing(sight: PtshareSight, item: CallStatement, process: ProcessSymbol | undefined): void {
  const { name } = item.call;
  if (harmless.has(name.text)) return;
  if (name.text !== "madvise") sight.blurred = true;
  if (process) sight.mapped.add(process);
}
