// One line in a declaration is all that a field needs: it is stored, shown, watched, hashed, kept by snapshots and poisoned.
import assert from "node:assert/strict";
import { number } from "../../sim/core/fields.ts";
import { type Of, struct } from "../../sim/core/struct.ts";
import { objectNode, objectPath } from "../../sim/session/nodes.ts";
import { findField, watchPlace, writePlace } from "../../sim/session/places.ts";
import { drive, noPatch } from "../kernel/harness.ts";

const widget = struct("widget", {
  widget_size: number("bytes"),
  // The line that this test is about.
  widget_flags: number("hex"),
});
interface Widget extends Of<typeof widget> {}

function machine() {
  const { system } = drive([0], { ...noPatch, structures: [widget] });
  const { store } = system.machine;
  const one = store.alloc(widget) as Widget;
  const shown = () => objectNode("widget", one).children!().find(({ name }) => name === "widget_flags")!;
  return { system, store, one, shown, dataId: `${objectPath(one)}/widget_flags` };
}

describe("a field that is declared", () => {
  it("is stored and shown, in its format and under a stable path", () => {
    const { one, shown, dataId } = machine();
    one.widget_flags = 0x1f;
    assert.equal(one.widget_flags, 0x1f);
    assert.deepEqual([shown().value, shown().dataId], ["0x1f", dataId]);
  });

  it("can be written by hand, and watched", () => {
    const { system, store, one, dataId } = machine();
    const hits: [number, number][] = [];
    const watched = watchPlace(system, dataId, (before, after) => hits.push([before, after]));
    assert.ok(typeof watched !== "string");
    store.storage("widget").watch(watched);
    one.widget_size = 8;
    writePlace(system, dataId, "0x20");
    one.widget_flags = 0x21;
    assert.deepEqual(hits, [
      [0, 0x20],
      [0x20, 0x21],
    ]);
  });

  it("is hashed, and goes back with a snapshot", () => {
    const { store, one } = machine();
    const before = store.hash();
    const snapshot = store.snapshot();
    one.widget_flags = 1;
    assert.notEqual(store.hash(), before);
    store.restore(snapshot);
    assert.deepEqual([store.hash(), one.widget_flags], [before, 0]);
  });

  it("is poison when the object is freed, and its use is told", () => {
    const { system, store, one } = machine();
    const told: string[] = [];
    store.onStale = (_, field, how) => told.push(`${field} ${how}`);
    one.widget_flags = 1;
    store.free(one);
    assert.equal(one.widget_flags, 0x6b6b6b6b);
    one.widget_flags = 2;
    assert.deepEqual(told, ["widget_flags read", "widget_flags written"]);
    const dataId = `${objectPath(one)}/widget_flags`;
    assert.equal(typeof findField(system, dataId), "string");
    // Who watched it is told of writes that come too late, and not of those to another object in its place.
    const hits: number[] = [];
    const watched = watchPlace(system, dataId, (_, after) => hits.push(after));
    assert.ok(typeof watched !== "string");
    store.storage("widget").watch(watched);
    one.widget_flags = 3;
    const other = store.alloc(widget) as Widget;
    other.widget_flags = 4;
    assert.deepEqual(hits, [3]);
  });
});
