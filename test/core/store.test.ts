// The store: what follows from a declaration.
import assert from "node:assert/strict";
import fc from "fast-check";
import { array, embed, number, ref, refs, value } from "../../sim/core/fields.ts";
import { Radix } from "../../sim/core/radix.ts";
import { Store } from "../../sim/core/store.ts";
import { type Of, struct } from "../../sim/core/struct.ts";

const inner = struct("test_inner", { test_low: number(), test_high: number() });
const thing = struct("test_thing", {
  test_count: number(),
  test_next: ref<Thing>("test_thing"),
  test_all: refs<Thing>("test_thing"),
  test_note: value<string>("blank"),
  test_private: value<Thing | null>(null),
  test_part: embed(inner),
  test_slots: array(600),
});
interface Thing extends Of<typeof thing> {}

function newStore(): Store {
  const store = new Store();
  store.define(thing);
  return store;
}
const make = (store: Store): Thing => store.alloc(thing) as Thing;

describe("the store", () => {
  it("gives objects that are blank, and keeps what is written", () => {
    const store = newStore();
    const a = make(store);
    const b = make(store);
    assert.deepEqual(
      [a.test_count, a.test_next, a.test_note, a.test_all.length, a.test_slots(599)],
      [0, null, "blank", 0, 0],
    );
    a.test_next = b;
    a.test_all = a.test_all.add(b).add(a);
    a.test_part.test_high = 7;
    a.set_test_slots(599, 5);
    assert.equal(a.test_next, b);
    assert.deepEqual([...a.test_all], [b, a]);
    assert.deepEqual([a.test_part.test_low, a.test_part.test_high, a.test_slots(599), b.test_slots(599)], [0, 7, 5, 0]);
  });

  it("reports every use of a freed object, and not of the one that takes its place", () => {
    const store = newStore();
    const said: string[] = [];
    store.onStale = (_, field, how) => said.push(`${field} ${how}`);
    const a = make(store);
    store.free(a);
    a.test_count = 1;
    void a.test_part.test_low;
    store.free(a);
    const b = make(store);
    assert.equal(b.slot, a.slot);
    b.test_count = 2;
    void a.test_note;
    assert.deepEqual(said, ["test_count written", "test_low read", " freed again", "test_note read"]);
    assert.equal(b.test_count, 2);
  });

  it("has room for the link between freed objects also where they have no numbers", () => {
    const note = struct("test_only_note", { test_note: value<string>("blank") });
    const store = new Store();
    store.define(note);
    store.onStale = (handle, field, how) => assert.fail(`${handle.slot} ${field} ${how}`);
    const [a, b, c] = [store.alloc(note), store.alloc(note), store.alloc(note)];
    store.free(a);
    store.free(c);
    b.test_note = "b";
    assert.deepEqual([store.alloc(note).slot, store.alloc(note).slot, b.test_note], [c.slot, a.slot, "b"]);
  });

  it("goes back to any of its snapshots, whatever was done since", () => {
    const action = fc.record({ what: fc.nat(4), which: fc.nat(30), n: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const store = newStore();
        const living: Thing[] = [];
        const kept: { snapshot: ReturnType<Store["snapshot"]>; hash: string; count: number }[] = [];
        for (const { what, which, n } of actions) {
          const one = living[which % Math.max(1, living.length)];
          if (what === 0 || !one) living.push(make(store));
          else if (what === 1) one.test_count = n;
          else if (what === 2) one.test_note = String(n);
          else if (what === 3) store.free(living.splice(living.indexOf(one), 1)[0]!);
          else kept.push({ snapshot: store.snapshot(), hash: store.hash(), count: [...store.all(thing)].length });
        }
        for (const { snapshot, hash, count } of kept.reverse()) {
          store.restore(snapshot);
          assert.equal(store.hash(), hash);
          assert.equal([...store.all(thing)].length, count);
        }
      }),
    );
  });

  it("has one pointer for each object, also for those kept as `void *` while the store was at another time", () => {
    const store = newStore();
    const [holder, first] = [make(store), make(store)];
    holder.test_private = first;
    holder.test_next = first;
    const before = store.snapshot();
    store.free(first);
    const second = make(store);
    assert.equal(second.slot, first.slot);
    store.restore(before);
    assert.equal(holder.test_private, holder.test_next);
  });

  it("hashes the state, not the way to it", () => {
    const one = newStore();
    const other = newStore();
    const a = make(one);
    const b = make(other);
    a.test_count = 3;
    b.test_count = 9;
    assert.notEqual(one.hash(), other.hash());
    other.snapshot();
    b.test_count = 3;
    assert.equal(one.hash(), other.hash());
  });

  it("tells a watch of the write before it happens, also after a jump", () => {
    const store = newStore();
    const a = make(store);
    const seen: [number, number][] = [];
    const at = thing.byName.get("test_count")!.at;
    a.$.watch([{ chunk: a.chunk, index: a.base + at, hit: (before, after) => seen.push([before, after]) }]);
    const snapshot = store.snapshot();
    a.test_count = 4;
    a.set_test_slots(0, 1);
    a.test_count = 5;
    store.restore(snapshot);
    a.test_count = 6;
    assert.deepEqual(seen, [
      [0, 4],
      [4, 5],
      [0, 6],
    ]);
  });

  it("refuses one name for two kinds of field", () => {
    assert.throws(() => struct("test_other", { test_count: value(0) }), /test_count/);
  });
});

describe("a persistent map", () => {
  it("is a map, and its old versions stay what they were", () => {
    const action = fc.tuple(fc.boolean(), fc.oneof(fc.nat(40), fc.nat(1_000_000)), fc.nat(99));
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        let map: Radix<number> = Radix.empty;
        const model = new Map<number, number>();
        const versions: [Radix<number>, string][] = [];
        const text = () => JSON.stringify([...model].sort(([a], [b]) => a - b));
        for (const [add, index, n] of actions) {
          map = add ? map.set(index, n + 1) : map.delete(index);
          if (add) model.set(index, n + 1);
          else model.delete(index);
          versions.push([map, text()]);
        }
        for (const [version, expected] of versions) {
          assert.equal(JSON.stringify([...version.entries()]), expected);
          assert.equal(version.size, JSON.parse(expected).length);
        }
      }),
    );
  });
});
