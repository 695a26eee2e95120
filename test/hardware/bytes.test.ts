// Bytes of a frame are those of its words, low byte first, whatever the frame was used for.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Store } from "../../sim/core/store.ts";
import { readBytes, writeBytes } from "../../sim/hardware/bytes.ts";
import { makeEntry, toRaw } from "../../sim/hardware/entry.ts";
import { type DataWords, Memory } from "../../sim/hardware/memory.ts";

const PFN = 1;
const offset = fc.oneof(fc.constantFrom(0, 7, 8, 4090), fc.integer({ min: 0, max: 4095 }));
const piece = fc
  .tuple(offset, fc.uint8Array({ maxLength: 40 }))
  .map(([at, bytes]) => ({ at, bytes: bytes.subarray(0, 4096 - at) }));

describe("bytes of a frame", () => {
  it("are read as they were written last", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.boolean(), (pieces, isTable) => {
        const memory = new Memory(new Store());
        const expected = new Uint8Array(4096);
        if (isTable) {
          const entry = makeEntry(5, 0x67);
          memory.writeEntry(PFN, 1, entry);
          new DataView(expected.buffer).setBigUint64(8, toRaw(entry), true);
        }
        for (const { at, bytes } of pieces) {
          writeBytes(memory, PFN, at, bytes);
          expected.set(bytes, at);
          assert.deepEqual(readBytes(memory, PFN, at, bytes.length), bytes);
        }
        assert.deepEqual(readBytes(memory, PFN, 0, 4096), expected);
      }),
    );
  });

  it("change a word once, and no other word", () => {
    const store = new Store();
    const memory = new Memory(store);
    writeBytes(
      memory,
      PFN,
      0,
      Uint8Array.from({ length: 24 }, (_, i) => i + 1),
    );
    const words = memory.frame(PFN).data as DataWords;
    const seen: [number, number, number][] = [];
    const watches = [0, 1, 2, 3, 4, 5].map((half) => ({
      chunk: words.chunk,
      index: words.base + half,
      hit: (before: number, after: number) => seen.push([half, before, after]),
    }));
    words.$.watch(watches);
    writeBytes(memory, PFN, 6, Uint8Array.of(0xaa, 0xbb, 0xcc));
    assert.deepEqual(
      seen.filter(([, before, after]) => before !== after),
      [
        [1, 0x08070605, 0xbbaa0605],
        [2, 0x0c0b0a09, 0x0c0b0acc],
      ],
    );
  });
});
