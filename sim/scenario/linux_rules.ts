// What Linux itself refuses, whatever the design: alignment, lengths, flags that do not go together.
import * as mman from "../kernel/uapi/mman.ts";
import type { Related } from "./diagnostics.ts";
import { showHex, showSize } from "./integers.ts";

/** A call that cannot succeed. */
export interface Failing {
  /** The rule, where it has a name of its own. */
  readonly code?: "unmapped-access" | "use-after-unmap" | "use-after-close";
  /** The errno or signal. */
  readonly errno: string;
  /** Goes behind "will fail with EINVAL:". */
  readonly because: string;
  /** The argument at fault, and the field of it. */
  readonly param: string;
  readonly field?: string;
  readonly related?: readonly Related[];
  /** What may be meant instead of the argument or field; a function makes it of what is written. */
  readonly better?: string | ((written: string) => string);
}

/** The flags that are written, and these. */
export const withFlags =
  (...names: readonly string[]) =>
  (written: string): string => {
    const known: readonly string[] = written.match(/\w+/g) ?? [];
    return [written === "0" ? [] : [written], names.filter((name) => !known.includes(name))].flat().join("|");
  };

/** A place or a length as people write it. */
export const showPlace = (value: bigint): string => (value % 2n ** 20n === 0n ? showSize(value) : showHex(value));

const multipleBelow = (value: bigint, unit: bigint): string => showPlace(value - (value % unit));

/** A value that should be a multiple of `unit`: the one below it, for places. Nothing where that is 0. */
export const alignedDown = (value: bigint | undefined, unit: bigint): { readonly better?: string } =>
  value === undefined || value < unit ? {} : { better: multipleBelow(value, unit) };

/** The multiple above it, for lengths. */
export const alignedUp = (value: bigint | undefined, unit: bigint): { readonly better?: string } =>
  value === undefined || value + unit >= 2n ** 64n ? {} : { better: multipleBelow(value + unit - 1n, unit) };

export interface KnownCall {
  /** An argument's value, where it is known. */
  readonly value: (param: string) => bigint | undefined;
  readonly levels: 4 | 5;
  /** The descriptor is surely open: calls that look at it first come to their other arguments. */
  readonly isOpen: boolean;
}

const PAGE = 4096n;
const ALL_ONES_32 = 0xffffffffn;

const END_4 = 2n ** 47n - PAGE;
const END_5 = 2n ** 56n - PAGE;

/** The first address that is no user address. */
export function userAddressEnd(levels: 4 | 5): bigint {
  return levels === 5 ? END_5 : END_4;
}

export function isPageAligned(value: bigint | undefined): boolean {
  return value === undefined || value % PAGE === 0n;
}

export function pageAligned(value: bigint): bigint {
  return ((value + PAGE - 1n) / PAGE) * PAGE;
}

const invalid = (param: string, because: string): Failing => ({ errno: "EINVAL", because, param });
const notAligned = (param: string, value: bigint | undefined): Failing => ({
  ...invalid(param, `\`${param}\` is not a multiple of 4096`),
  ...alignedDown(value, PAGE),
});
/** Flags of these rules lie in 32 bits; what is beyond is compared as a whole where it counts. */
const has = (flags: bigint, flag: number) => (Number(BigInt.asUintN(32, flags)) & flag) === flag;

function anyOf(...flags: number[]): bigint {
  return flags.reduce((all, flag) => all | BigInt(flag), 0n);
}

/** One rule a call, in the order in which the kernel looks. */
export const linuxRules: Readonly<Record<string, (call: KnownCall) => Failing | undefined>> = {
  mmap: mmapFailure,
  munmap({ value, levels }) {
    const [addr, length] = [value("addr"), value("length")];
    if (!isPageAligned(addr)) return notAligned("addr", value("addr"));
    if (length === 0n) return invalid("length", "the length is 0");
    const end = userAddressEnd(levels);
    if (length !== undefined && length > end) return invalid("length", "the range is longer than the address space");
    return addr !== undefined && length !== undefined && addr + length > end
      ? invalid("addr", "the range leaves the user addresses")
      : undefined;
  },
  mprotect({ value }) {
    const prot = value("prot");
    const known = anyOf(
      mman.PROT_READ,
      mman.PROT_WRITE,
      mman.PROT_EXEC,
      mman.PROT_SEM,
      mman.PROT_GROWSDOWN,
      mman.PROT_GROWSUP,
    );
    if (!isPageAligned(value("addr"))) return notAligned("addr", value("addr"));
    if (value("length") === 0n || prot === undefined) return undefined;
    return (prot & ~known) !== 0n ? invalid("prot", "these are not protection bits") : undefined;
  },
  madvise({ value }) {
    const advice = value("advice");
    if (advice !== undefined && !advices.has(advice)) return invalid("advice", "there is no such advice");
    return isPageAligned(value("addr")) ? undefined : notAligned("addr", value("addr"));
  },
  mincore({ value }) {
    return isPageAligned(value("addr")) ? undefined : notAligned("addr", value("addr"));
  },
  mremap: mremapFailure,
  memfd_create({ value }) {
    const flags = value("flags");
    if (flags === undefined) return undefined;
    const sizes = has(flags, mman.MFD_HUGETLB) ? 0x3fn << 26n : 0n;
    const known =
      anyOf(mman.MFD_CLOEXEC, mman.MFD_ALLOW_SEALING, mman.MFD_HUGETLB, mman.MFD_NOEXEC_SEAL, mman.MFD_EXEC) | sizes;
    return (flags & ~known) !== 0n ? invalid("flags", "these are not flags of memfd_create") : undefined;
  },
  ftruncate({ value }) {
    const length = value("length");
    return length !== undefined && length >= 2n ** 63n ? invalid("length", "the length is negative") : undefined;
  },
};

const advices: ReadonlySet<bigint> = new Set(
  Object.entries(mman)
    .filter(([name, value]) => name.startsWith("MADV_") && typeof value === "number")
    .map(([, value]) => BigInt(value)),
);

function mmapFailure({ value, levels, isOpen }: KnownCall): Failing | undefined {
  const [addr, length, flags, fd] = [value("addr"), value("length"), value("flags"), value("fd")];
  if (!isPageAligned(value("offset"))) return notAligned("offset", value("offset"));
  if (flags === undefined) return undefined;
  const isAnonymous = has(flags, mman.MAP_ANONYMOUS);
  if (!isAnonymous && fd !== undefined && (fd & ALL_ONES_32) > 0x7fffffffn) {
    const because = "there is no file, and MAP_ANONYMOUS is not among the flags";
    return { errno: "EBADF", because, param: "flags", better: withFlags("MAP_ANONYMOUS") };
  }
  if (!isAnonymous && !isOpen) return undefined;
  if (length === 0n) return invalid("length", "the length is 0");
  const end = userAddressEnd(levels);
  if (length !== undefined && pageAligned(length) > end)
    return { errno: "ENOMEM", because: "the length is larger than the address space", param: "length" };
  const refused = fixedFailure(flags, addr, length, end);
  // What is mapped at the place already is looked at before the type.
  return refused ?? (has(flags, mman.MAP_FIXED_NOREPLACE) ? undefined : typeFailure(flags, isAnonymous));
}

function typeFailure(flags: bigint, isAnonymous: boolean): Failing | undefined {
  const type = Number(flags & BigInt(mman.MAP_TYPE));
  if (type === mman.MAP_SHARED || type === mman.MAP_PRIVATE) return undefined;
  if (type === mman.MAP_SHARED_VALIDATE && !isAnonymous) return undefined;
  if (type === mman.MAP_DROPPABLE && isAnonymous) return undefined;
  if (type !== 0) return invalid("flags", "this kind of mapping is not possible here");
  const because = "the flags have neither MAP_SHARED nor MAP_PRIVATE";
  return { ...invalid("flags", because), better: withFlags("MAP_PRIVATE") };
}

function fixedFailure(
  flags: bigint,
  addr: bigint | undefined,
  length: bigint | undefined,
  end: bigint,
): Failing | undefined {
  if (!has(flags, mman.MAP_FIXED) && !has(flags, mman.MAP_FIXED_NOREPLACE)) return undefined;
  if (addr !== undefined && length !== undefined && addr + pageAligned(length) > end) {
    return { errno: "ENOMEM", because: "the range leaves the user addresses", param: "addr" };
  }
  return isPageAligned(addr) ? undefined : notAligned("addr", addr);
}

const mayNotMove = (flag: string): Failing => ({
  ...invalid("flags", `${flag} needs MREMAP_MAYMOVE`),
  better: withFlags("MREMAP_MAYMOVE"),
});

function mremapFailure({ value }: KnownCall): Failing | undefined {
  const flags = value("flags");
  if (flags !== undefined) {
    const mayMove = has(flags, mman.MREMAP_MAYMOVE);
    if (flags > 7n) return invalid("flags", "these are not flags of mremap");
    if (has(flags, mman.MREMAP_FIXED) && !mayMove) return mayNotMove("MREMAP_FIXED");
    if (has(flags, mman.MREMAP_DONTUNMAP) && !mayMove) return mayNotMove("MREMAP_DONTUNMAP");
    const [from, to] = [value("old_size"), value("new_size")];
    if (has(flags, mman.MREMAP_DONTUNMAP) && from !== undefined && to !== undefined && from !== to) {
      return invalid("new_size", "with MREMAP_DONTUNMAP the size cannot change");
    }
    if (has(flags, mman.MREMAP_FIXED) && !isPageAligned(value("new_address")))
      return notAligned("new_address", value("new_address"));
  }
  if (!isPageAligned(value("old_address"))) return notAligned("old_address", value("old_address"));
  return value("new_size") === 0n ? invalid("new_size", "the new size is 0") : undefined;
}
