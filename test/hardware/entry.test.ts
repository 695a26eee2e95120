// Entries as x86-64 and Linux have them in memory (Intel SDM vol. 3, 4.5; arch/x86/include/asm/pgtable_64.h of Linux for swap).
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  _PAGE_NX,
  entryPfn,
  flagNames,
  fromRaw,
  isPresent,
  isSwap,
  makeEntry,
  makeSwapEntry,
  swapOffset,
  swapType,
  toRaw,
} from "../../sim/hardware/entry.ts";

describe("page-table entries", () => {
  it("look in memory as the hardware wants them", () => {
    assert.equal(toRaw(makeEntry(0x12345, 0x067)), 0x12345067n);
    assert.equal(toRaw(makeEntry(0x12345, 0x067) + _PAGE_NX), 0x8000000012345067n);
    assert.equal(toRaw(0), 0n);
  });

  it("have PROT_NONE with the frame number inverted", () => {
    const entry = makeEntry(0x10, 0x100);
    assert.ok(isPresent(entry) && !isSwap(entry));
    assert.equal(toRaw(entry), (~0x10000n & 0x000ffffffffff000n) | 0x100n);
  });

  it("have swap entries with the type in bits 59 to 63 and the offset inverted above bit 8", () => {
    const raw = toRaw(makeSwapEntry(3, 5));
    assert.equal(raw >> 59n, 3n);
    assert.equal((~raw >> 9n) & 0xffffn, 5n);
    assert.equal(raw & 0x101n, 0n);
  });

  it("come back from memory as they went in", () => {
    const present = fc
      .tuple(fc.nat(2 ** 31 - 1), fc.nat(0xfff), fc.boolean())
      .map(([pfn, flags, nx]) => makeEntry(pfn, flags | 1) + (nx ? _PAGE_NX : 0));
    fc.assert(
      fc.property(present, (entry) => {
        assert.equal(fromRaw(toRaw(entry)), entry);
        assert.equal(BigInt(entryPfn(entry)), (toRaw(entry) & 0x000ffffffffff000n) >> 12n);
      }),
    );
    fc.assert(
      fc.property(fc.nat(31), fc.nat(2 ** 20), (type, offset) => {
        const back = fromRaw(toRaw(makeSwapEntry(type, offset)));
        assert.deepEqual([swapType(back), swapOffset(back)], [type, offset]);
      }),
    );
  });

  it("name their flags by level", () => {
    assert.deepEqual(flagNames(makeEntry(1, 0x0e7), 2), ["PRESENT", "RW", "USER", "ACCESSED", "DIRTY", "PSE"]);
    assert.deepEqual(flagNames(makeEntry(1, 0x085) + _PAGE_NX, 1), ["PRESENT", "USER", "PAT", "NX"]);
  });
});
