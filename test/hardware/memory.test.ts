// A frame is 512 words of 64 bits, whatever it was used for before and however little room it takes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Store } from "../../sim/core/store.ts";
import { makeEntry, makeSwapEntry, toRaw } from "../../sim/hardware/entry.ts";
import { Memory } from "../../sim/hardware/memory.ts";

const FRAMES = 3;
const frame = fc.integer({ min: 1, max: FRAMES });
const index = fc.constantFrom(0, 1, 5, 511);
const half = fc.oneof(fc.constantFrom(0, 1, 36, 0x67, 0x100), fc.integer({ min: 0, max: 0xffff_ffff }));
const entry = fc.oneof(
  fc.constant(0),
  fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(0x67, 0x25, 0x160)).map((parts) => makeEntry(...parts)),
  fc.tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 1e6 })).map((parts) => makeSwapEntry(...parts)),
);
const change = fc.oneof(
  fc.record({ what: fc.constant("word" as const), frame, index, low: half, high: half }),
  fc.record({ what: fc.constant("entry" as const), frame, index, entry }),
  fc.record({ what: fc.constant("clear" as const), frame }),
  fc.record({ what: fc.constant("copy" as const), frame, to: frame }),
);

describe("physical memory", () => {
  it("gives every word as it was written last, as data or as an entry", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const memory = new Memory(new Store());
        const words = Array.from({ length: FRAMES + 1 }, () => new Map<number, bigint>());
        for (const one of changes) {
          const mine = words[one.frame]!;
          if (one.what === "word") {
            memory.writeWord(one.frame, one.index, one.low, one.high);
            mine.set(one.index, (BigInt(one.high) << 32n) | BigInt(one.low));
          } else if (one.what === "entry") {
            memory.writeEntry(one.frame, one.index, one.entry);
            mine.set(one.index, toRaw(one.entry));
            assert.equal(memory.readEntry(one.frame, one.index), one.entry);
          } else if (one.what === "clear") {
            memory.clear(one.frame);
            mine.clear();
          } else if (one.to !== one.frame) {
            memory.copy(one.frame, one.to);
            words[one.to] = new Map(mine);
          }
        }
        for (let pfn = 1; pfn <= FRAMES; pfn++)
          for (const at of [0, 1, 2, 5, 511]) {
            memory.readWord(pfn, at);
            const found = (BigInt(memory.high) << 32n) | BigInt(memory.low);
            assert.equal(found, words[pfn]!.get(at) ?? 0n, `frame ${pfn}, word ${at}`);
          }
      }),
      { numRuns: 2000 },
    );
  });
});
