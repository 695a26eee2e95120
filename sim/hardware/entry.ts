// Page-table entries of x86-64 (Intel SDM vol. 3, 4.5; names as in Linux's pgtable_types.h). Inside the simulator an
// entry is one JavaScript number: bits 0 to 51 as in hardware, NX (hardware bit 63) as bit 52. Entries that are not present
// hold what Linux puts there. `toRaw` and `fromRaw` convert to and from the 64 bits that real memory would hold.

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 4096;
export const PTRS_PER_TABLE = 512;

export const _PAGE_PRESENT = 0x001;
export const _PAGE_RW = 0x002;
export const _PAGE_USER = 0x004;
export const _PAGE_PWT = 0x008;
export const _PAGE_PCD = 0x010;
export const _PAGE_ACCESSED = 0x020;
export const _PAGE_DIRTY = 0x040;
/** In a PMD or PUD: the entry maps a huge page. */
export const _PAGE_PSE = 0x080;
export const _PAGE_GLOBAL = 0x100;
/** Without PRESENT: mapped, but inaccessible (PROT_NONE). The same bit as GLOBAL. */
export const _PAGE_PROTNONE = 0x100;
export const _PAGE_SPECIAL = 0x200;
export const _PAGE_UFFD_WP = 0x400;
export const _PAGE_SOFT_DIRTY = 0x800;
export const _PAGE_NX = 2 ** 52;

/** An entry that points to a lower table. */
export const _PAGE_TABLE = _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY;

const FLAGS = 4096;
const PFN_SPAN = 2 ** 52;
const SWAP_TYPES = 32;

export const entryFlag = (entry: number, flag: number): boolean => (entry & flag) !== 0;
// No `%` of large numbers where every access passes: JavaScript divides them in software.
export const entryPfn = (entry: number): number => Math.floor((entry >= PFN_SPAN ? entry - PFN_SPAN : entry) / FLAGS);
export const entryNx = (entry: number): boolean => entry >= PFN_SPAN;
export const makeEntry = (pfn: number, flags: number): number => pfn * FLAGS + flags;

/** The low 12 bits and NX. */
export const entryFlags = (entry: number): number => (entry & 0xfff) + (entry >= PFN_SPAN ? _PAGE_NX : 0);

export const withFlags = (entry: number, flags: number): number => entry - (entry & 0xfff) + ((entry & 0xfff) | flags);
export const withoutFlags = (entry: number, flags: number): number => entry - (entry & flags & 0xfff);
export const withoutNx = (entry: number): number => (entry >= PFN_SPAN ? entry - PFN_SPAN : entry);

/** Swap entries: what Linux leaves in a PTE whose page is elsewhere. */
export const makeSwapEntry = (type: number, offset: number, flags = 0): number =>
  (offset * SWAP_TYPES + type) * FLAGS + flags;
export const swapType = (entry: number): number => Math.floor(entry / FLAGS) % SWAP_TYPES;
export const swapOffset = (entry: number): number => Math.floor(entry / (FLAGS * SWAP_TYPES));

/** Present for Linux: the hardware's bit, or PROT_NONE. */
export const isPresent = (entry: number): boolean => (entry & (_PAGE_PRESENT | _PAGE_PROTNONE)) !== 0;
export const isSwap = (entry: number): boolean => entry !== 0 && !isPresent(entry);

const PFN_MASK = 0x000f_ffff_ffff_f000n;

/** The 64 bits in memory. PROT_NONE inverts the frame number, swap entries their offset (L1TF); swap type in bits 59 to 63. */
export function toRaw(entry: number): bigint {
  if (entry === 0) return 0n;
  const flags = BigInt(entry & 0xfff);
  if (!isPresent(entry)) {
    const offset = BigInt.asUintN(50, ~BigInt(swapOffset(entry)));
    return (BigInt(swapType(entry)) << 59n) | (offset << 9n) | flags;
  }
  const nx = entryNx(entry) ? 1n << 63n : 0n;
  const frame = BigInt(entryPfn(entry)) << 12n;
  return nx | (entryFlag(entry, _PAGE_PRESENT) ? frame : ~frame & PFN_MASK) | flags;
}

/** What Linux and the MMU would make of these 64 bits. */
export function fromRaw(raw: bigint): number {
  if (raw === 0n) return 0;
  const flags = Number(raw & 0xfffn);
  if ((flags & (_PAGE_PRESENT | _PAGE_PROTNONE)) === 0) {
    const offset = Number(BigInt.asUintN(50, ~(raw >> 9n)) & 0x3fff_ffffn);
    return makeSwapEntry(Number(raw >> 59n), offset, flags & 0x1fe);
  }
  const frame = (flags & _PAGE_PRESENT) !== 0 ? raw & PFN_MASK : ~raw & PFN_MASK;
  return Number(frame) + flags + (raw >> 63n ? _PAGE_NX : 0);
}

/** Names of the flags of a present entry at a level (1: PTE … 5: PGD), in order of their bits. */
export function flagNames(entry: number, level: number): string[] {
  if (!isPresent(entry)) return [];
  const present = entryFlag(entry, _PAGE_PRESENT);
  const names: [number, string][] = [
    [_PAGE_PRESENT, "PRESENT"],
    [_PAGE_RW, "RW"],
    [_PAGE_USER, "USER"],
    [_PAGE_PWT, "PWT"],
    [_PAGE_PCD, "PCD"],
    [_PAGE_ACCESSED, "ACCESSED"],
    [_PAGE_DIRTY, "DIRTY"],
    [_PAGE_PSE, level === 1 ? "PAT" : "PSE"],
    [_PAGE_GLOBAL, present ? "GLOBAL" : "PROTNONE"],
    [_PAGE_SPECIAL, "SPECIAL"],
    [_PAGE_UFFD_WP, "UFFD_WP"],
    [_PAGE_SOFT_DIRTY, "SOFT_DIRTY"],
  ];
  const found = names.filter(([bit]) => entryFlag(entry, bit)).map(([, name]) => name);
  return entryNx(entry) ? [...found, "NX"] : found;
}
