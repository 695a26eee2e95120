// What calls in their middle name is copied with them: changed by one who goes on from there, not by all.
import assert from "node:assert/strict";
import { copied } from "../../sim/core/frames.ts";

describe("a copy of what variables name", () => {
  it("has lists, maps, sets, records and bytes of its own", () => {
    const value = { list: [1], map: new Map([["a", [2]]]), set: new Set([3]), bytes: new Uint8Array([4]), none: null };
    const copy = copied(value, new Map());
    value.list.push(5);
    value.map.get("a")!.push(6);
    value.set.add(7);
    value.bytes[0] = 8;
    assert.deepEqual(copy, {
      list: [1],
      map: new Map([["a", [2]]]),
      set: new Set([3]),
      bytes: new Uint8Array([4]),
      none: null,
    });
  });

  it("keeps what is named twice one thing, also in two calls, and views of the same bytes", () => {
    const locked = { held: true };
    const bytes = new Uint8Array(8);
    const copies = new Map();
    const [one, two] = copied([locked, locked], copies) as [typeof locked, typeof locked];
    assert.ok(one === two && one !== locked);
    assert.equal(copied({ locked }, copies).locked, one);
    const [view, same] = copied([new DataView(bytes.buffer, 2), bytes] as const, copies);
    view.setUint8(0, 9);
    assert.equal(same[2], 9);
    assert.equal(bytes[2], 0);
  });

  it("shares what is frozen, what has a class and functions, and can go round in a circle", () => {
    class Place {}
    const [frozen, place, call] = [Object.freeze({ a: [1] }), new Place(), () => 1];
    const round: { self?: unknown } = {};
    round.self = round;
    const copy = copied({ frozen, place, call, round }, new Map());
    assert.ok(copy.frozen === frozen && copy.place === place && copy.call === call);
    assert.ok(copy.round !== round && copy.round.self === copy.round);
  });
});
