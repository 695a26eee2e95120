// "Adding a field to a kernel structure takes one line, and it is stored, shown, watchable, hashed, snapshotted and poisoned":
// held for every field of every structure that any kernel, design or observer declares. Nobody lists fields here.
import assert from "node:assert/strict";
import { POISON } from "../../sim/core/storage.ts";
import { Store } from "../../sim/core/store.ts";
import { type Field, type Handle, idOf, type StructType } from "../../sim/core/struct.ts";
import type { ValueNode } from "../../sim/debugging.ts";
import { designs } from "../../sim/designs/registry.ts";
import { objectNode, objectPath } from "../../sim/session/nodes.ts";
import { findField, watchPlace } from "../../sim/session/places.ts";
import { loadText } from "./load_text.ts";

/** All structures, from machines as they run: the kernel's and each design's, the detectors', the scenario's. */
function declared(): StructType[] {
  const types = new Map<string, StructType>();
  for (const { name } of designs) {
    const { store } = loadText(`kernel ${name}\nprocess a`).system.machine;
    for (const { type } of store.storages) types.set(type.name, type);
  }
  return [...types.values()];
}

/** A field, its structures inside of structures spelled out: `mmap_lock.count`. */
interface Path {
  readonly path: string;
  readonly field: Field;
}

function* pathsOf(type: StructType, before = ""): Iterable<Path> {
  for (const field of type.fields) {
    const path = `${before}${field.name}`;
    if (field.kind.kind === "embed") yield* pathsOf(field.kind.struct, `${path}.`);
    else yield { path, field };
  }
}

type Anything = Record<string, unknown> & Record<string, (...args: readonly number[]) => unknown>;

/** The handle that a path's last name is a field of. */
function holder(handle: Handle, path: string): Anything {
  const parts = path.split(".").slice(0, -1);
  return parts.reduce((at, part) => at[part] as unknown as Anything, handle as unknown as Anything);
}

/** A living object: a new one, or where they are numbered and always there one of them. */
function objectOf(store: Store, type: StructType): Handle {
  return type.population === "numbered" ? store.storage(type.name).fixed(3) : (store.alloc(type) as Handle);
}

/** Another value than the blank one, written through the accessor; gives how to read it. */
function write(store: Store, types: readonly StructType[], handle: Handle, { path, field }: Path): () => unknown {
  const object = holder(handle, path);
  const { name, kind } = field;
  const target = (to: string): Handle => {
    assert.ok(
      types.some((type) => type.name === to),
      `${path} leads to ${to}, which nobody declares`,
    );
    return objectOf(store, types.find((type) => type.name === to)!);
  };
  switch (kind.kind) {
    case "number":
      (object as Record<string, unknown>)[name] = 77;
      return () => object[name];
    case "array":
      object[`set_${name}`]!(kind.length - 1, 77);
      return () => object[name]!(kind.length - 1);
    case "ref": {
      const to = target(kind.to);
      (object as Record<string, unknown>)[name] = to;
      return () => object[name] && idOf(object[name] as unknown as Handle);
    }
    case "refs": {
      const list = object[name] as unknown as { add(to: Handle): unknown };
      (object as Record<string, unknown>)[name] = list.add(target(kind.to));
      return () => [...(object[name] as unknown as { ids: readonly number[] }).ids].join();
    }
    case "value":
      (object as Record<string, unknown>)[name] = `another ${name}`;
      return () => object[name];
    default:
      return assert.fail(kind.kind);
  }
}

function read(handle: Handle, { path, field }: Path): unknown {
  const object = holder(handle, path);
  return field.kind.kind === "array" ? object[field.name]!(field.kind.length - 1) : object[field.name];
}

function opened(types: readonly StructType[]) {
  const store = new Store();
  for (const type of types) store.define(type);
  const stale: string[] = [];
  store.onStale = (handle, field, how) => stale.push(`${handle.$.type.name}.${field} ${how}`);
  return { store, stale };
}

/** The row of a field in the tree of values. */
function rowOf(handle: Handle, path: string): ValueNode | undefined {
  let nodes: readonly ValueNode[] = [objectNode("it", handle)];
  for (const name of ["it", ...path.split(".")]) {
    const found = nodes.find((node) => node.name === name);
    if (!found || name === path.split(".").at(-1)) return found;
    nodes = found.children?.() ?? [];
  }
  return undefined;
}

describe("every field of every structure", function () {
  this.timeout(120_000);
  const types = declared();

  it("are many", () => {
    assert.ok(types.length > 30, `${types.length} structures`);
    assert.ok(types.flatMap((type) => [...pathsOf(type)]).length > 300);
  });

  for (const type of types)
    for (const path of pathsOf(type))
      it(`${type.name}.${path.path} is stored, shown, watched, hashed, snapshotted${type.population === "numbered" ? "" : " and poisoned"}`, () => {
        const { store, stale } = opened(types);
        const system = { machine: { store } } as never;
        const handle = objectOf(store, type);
        const blankHash = store.hash();
        const before = store.snapshot();
        const dataId = `${objectPath(handle)}/${path.path}${path.field.kind.kind === "array" ? `[${path.field.kind.length - 1}]` : ""}`;

        // Watched: by its path, through the write barrier.
        let hits = 0;
        const watched = watchPlace(system, dataId, () => hits++);
        assert.ok(typeof watched !== "string", String(watched));
        store.storage(type.name).watch(watched);

        // Stored.
        const value = write(store, types, handle, path);
        const stored = value();
        assert.ok(stored, `${stored}`);
        assert.equal(hits, 1, "the watch is told, once");

        // Shown: as a row with the same path, which names the field.
        const found = findField(system, dataId);
        assert.ok(typeof found !== "string", String(found));
        const { index } = found;
        assert.ok(rowOf(handle, path.path), "it has a row");

        // Hashed and snapshotted.
        const changed = store.hash();
        assert.notEqual(changed, blankHash);
        const after = store.snapshot();
        store.restore(before);
        assert.equal(store.hash(), blankHash);
        store.restore(after);
        assert.equal(store.hash(), changed);
        assert.equal(value(), stored);

        // Poisoned: whoever reads or writes it then is told of, and reads what is no value.
        assert.deepEqual(stale, []);
        if (type.population === "numbered") {
          assert.throws(() => store.free(handle), /numbered/);
          assert.throws(() => store.alloc(type), /numbered/);
          return;
        }
        store.free(handle);
        const gone = read(handle, path);
        assert.deepEqual(stale, [`${type.name}.${path.field.name} read`]);
        const { kind } = path.field.kind;
        // The first number of a free object leads to the next free one.
        if ((kind === "number" || kind === "array") && index !== handle.base) assert.equal(gone, POISON);
        write(store, types, handle, path);
        assert.match(stale.join(), /written/);
      });
});
