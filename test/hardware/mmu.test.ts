// The MMU and the TLB (Intel SDM vol. 3, 4.6 and 4.10): rights, accessed and dirty bits, what stays cached.
import assert from "node:assert/strict";
import { Store } from "../../sim/core/store.ts";
import { makeEntry } from "../../sim/hardware/entry.ts";
import { Memory } from "../../sim/hardware/memory.ts";
import { Mmu, X86_PF_PROT, X86_PF_WRITE } from "../../sim/hardware/mmu.ts";
import { type Tlb, tlb_cache, tlbContents, tlbFlushPcid, tlbInvalidatePage } from "../../sim/hardware/tlb.ts";

const ADDRESS = 2 ** 41 + 5 * 4096;
const TABLE = 0x67;

/** Tables in frames 1 to 4; the page of ADDRESS in frame 9. */
function machine(flags: number) {
  const store = new Store();
  const memory = new Memory(store);
  store.define(tlb_cache);
  const tlb = store.alloc(tlb_cache) as Tlb;
  memory.writeEntry(1, 4, makeEntry(2, TABLE));
  memory.writeEntry(2, 0, makeEntry(3, TABLE));
  memory.writeEntry(3, 0, makeEntry(4, TABLE));
  memory.writeEntry(4, 5, makeEntry(9, flags));
  const mmu = new Mmu(memory, 4);
  const access = (how: "read" | "write" | "exec") => mmu.translate(tlb, 0, 1, ADDRESS, how);
  return { memory, mmu, tlb, access };
}

describe("the MMU", () => {
  it("walks four levels, sets the accessed bit, and then hits the TLB", () => {
    const { memory, mmu, access } = machine(0x007);
    assert.ok(access("read") && mmu.pfn === 9 && !mmu.hit);
    assert.equal(memory.readEntry(4, 5) & 0x60, 0x20);
    assert.ok(access("read") && mmu.hit);
  });

  it("walks again for the first write, to set the dirty bit", () => {
    const { memory, mmu, access } = machine(0x007);
    access("read");
    assert.ok(access("write") && !mmu.hit);
    assert.equal(memory.readEntry(4, 5) & 0x60, 0x60);
    assert.ok(access("write") && mmu.hit);
  });

  it("says why it cannot", () => {
    const readOnly = machine(0x005);
    assert.equal(readOnly.access("write"), false);
    assert.equal(readOnly.mmu.error, X86_PF_PROT | X86_PF_WRITE);
    const missing = machine(0);
    assert.equal(missing.access("read"), false);
    assert.equal(missing.mmu.error, 0);
  });

  it("goes on translating from the TLB what the tables do not map any more, until it is told", () => {
    const { memory, mmu, tlb, access } = machine(0x067);
    access("write");
    memory.writeEntry(4, 5, 0);
    assert.ok(access("write") && mmu.hit && mmu.pfn === 9);
    tlbInvalidatePage(tlb, ADDRESS, 0);
    assert.equal(access("read"), false);
  });

  it("goes on walking through a table that was unlinked above, until the paging-structure caches are flushed", () => {
    const { memory, mmu, tlb, access } = machine(0x067);
    access("read");
    memory.writeEntry(1, 4, 0);
    assert.ok(mmu.translate(tlb, 0, 1, ADDRESS, "read"));
    const neighbour = ADDRESS + 4096;
    memory.writeEntry(4, 6, makeEntry(10, 0x067));
    assert.ok(mmu.translate(tlb, 0, 1, neighbour, "read") && mmu.pfn === 10);
    tlbFlushPcid(tlb, 0);
    assert.equal(mmu.translate(tlb, 0, 1, neighbour, "read"), false);
    assert.deepEqual(tlbContents(tlb), []);
  });

  it("never gives more rights than the levels above allow", () => {
    const { memory, access } = machine(0x067);
    memory.writeEntry(3, 0, makeEntry(4, 0x065));
    assert.ok(access("read"));
    assert.equal(access("write"), false);
  });
});
