// Structures are declared once, like a C struct. From the declaration come storage, views, watchpoints, poison after
// free, snapshots and hashes (storage.ts, store.ts). This file turns a declaration into a layout and its accessors.
import type { ArrayKind, EmbedKind, Fields, Kind, NumberKind, RefKind, RefsKind, ValueKind } from "./fields.ts";
import type { RefList } from "./ref_list.ts";
import type { Storage } from "./storage.ts";

const NONE: (Handle | undefined)[] = [];

/** Numbers before the fields of every object: generation (odd while it lives), step of its allocation, step of its free. */
export const HEADER = 3;

/** Where a field lives: `at` numbers (or values) after the structure's first; `valuesAt` for the values of an embedded one. */
export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly at: number;
  readonly valuesAt: number;
}

/** Objects that come and go; or one for each number, of which many are used at once (rows.ts). */
export type Population = "allocated" | "numbered";

export interface StructType<F extends Fields = Fields> {
  readonly name: string;
  readonly population: Population;
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  /** Numbers and values that one object takes, without the header. */
  readonly numbers: number;
  readonly values: number;
  /** Initial values, by place. */
  readonly initial: readonly unknown[];
  /** By number of the field's name (`nameId`): where the field is, what it points to or embeds. */
  readonly at: readonly number[];
  readonly to: readonly number[];
  readonly inner: readonly (StructType | undefined)[];
  readonly innerValues: readonly number[];
  readonly declaration: F;
}

/**
 * A pointer to one object: its place and the generation that it had when the pointer was made. Two pointers to one
 * living object are the same handle, so `===` compares them. One class serves all structures: the accessors, which are
 * the hottest code of all, then see one hidden class only.
 */
export class Handle {
  /** The storage of the object's type in this machine. */
  readonly $: Storage;
  readonly layout: StructType;
  /** `$.chunks` and `layout.at`, at hand for the accessors. */
  readonly chunks: readonly Float64Array[];
  readonly places: readonly number[];
  readonly slot: number;
  readonly gen: number;
  /** Index of the object's chunk, and of its generation, first number and first value in that chunk. */
  readonly chunk: number;
  readonly genAt: number;
  readonly base: number;
  readonly valueBase: number;
  /** The object that this is embedded in, or itself. */
  readonly whole: Handle;
  /** Handles of embedded structures, made when first asked for. */
  parts: (Handle | undefined)[] = NONE;

  constructor($: Storage, layout: StructType, slot: number, gen: number, place: Place, whole?: Handle) {
    this.$ = $;
    this.layout = layout;
    this.chunks = $.chunks;
    this.places = layout.at;
    this.slot = slot;
    this.gen = gen;
    this.chunk = place.chunk;
    this.genAt = place.genAt;
    this.base = place.base;
    this.valueBase = place.valueBase;
    this.whole = whole ?? this;
  }

  /** A pointer kept as a value (`void *`) counts as which object it points to. */
  hashParts(): unknown[] {
    return [this.layout.name, this.slot, this.gen];
  }
}

export interface Place {
  readonly chunk: number;
  readonly genAt: number;
  readonly base: number;
  readonly valueBase: number;
}

/** The numbers among which a living object's own lie, from `base` on: for reading only, before anything is written. */
export function numbersOf(handle: Handle): Readonly<Float64Array> {
  trace?.readAll(handle);
  return handle.chunks[handle.chunk]!;
}

type FieldType<K> = K extends NumberKind
  ? number
  : K extends RefKind<infer T>
    ? T | null
    : K extends RefsKind<infer T>
      ? RefList<T & Handle>
      : K extends ValueKind<infer T>
        ? T
        : K extends EmbedKind<infer F>
          ? HandleOf<F>
          : never;

type ArrayNames<F> = { [N in keyof F]: F[N] extends ArrayKind ? N : never }[keyof F] & string;
type EmbedNames<F> = { [N in keyof F]: F[N] extends EmbedKind<Fields> ? N : never }[keyof F];

/** The type of the handles of a structure with these fields. */
export type HandleOf<F extends Fields> = Handle & {
  -readonly [N in Exclude<keyof F, ArrayNames<F> | EmbedNames<F>>]: FieldType<F[N]>;
} & { readonly [N in EmbedNames<F>]: FieldType<F[N]> } & {
  [N in ArrayNames<F>]: (index: number) => number;
} & { [N in ArrayNames<F> as `set_${N}`]: (index: number, value: number) => void };

/** The handle type of a declared structure: `interface Mm extends Of<typeof mm_struct> {}`. */
export type Of<S> = S extends StructType<infer F> ? HandleOf<F> : never;

/** Declares a structure. Field names are Linux's where Linux has the structure. */
export const struct = <const F extends Fields>(name: string, declaration: F): StructType<F> =>
  declare(name, declaration, "allocated");

/** A structure of which there is one for each number: frames. */
export const numberedStruct = <const F extends Fields>(name: string, declaration: F): StructType<F> =>
  declare(name, declaration, "numbered");

function declare<F extends Fields>(name: string, declaration: F, population: Population): StructType<F> {
  const fields: Field[] = [];
  const initial: unknown[] = [];
  const at: number[] = [];
  const to: number[] = [];
  const inner: (StructType | undefined)[] = [];
  const innerValues: number[] = [];
  let numbers = 0;
  let values = 0;
  for (const [field, kind] of Object.entries(declaration)) {
    const inValues = kind.kind === "value" || kind.kind === "refs";
    const entry: Field = { name: field, kind, at: inValues ? values : numbers, valuesAt: values };
    const id = accessorFor(field, kind.kind);
    fields.push(entry);
    while (at.length <= id) {
      at.push(-1);
      to.push(-1);
      inner.push(undefined);
      innerValues.push(0);
    }
    at[id] = entry.at;
    if (kind.kind === "ref" || kind.kind === "refs") to[id] = structId(kind.to);
    if (kind.kind === "embed") {
      inner[id] = kind.struct;
      innerValues[id] = values;
      numbers += kind.struct.numbers;
      values += kind.struct.values;
      initial.push(...kind.struct.initial);
    } else if (inValues) {
      values++;
      initial.push(kind.kind === "value" ? kind.initial : NO_REFS);
    } else numbers += kind.kind === "array" ? kind.length : 1;
  }
  const byName = new Map(fields.map((field) => [field.name, field]));
  return { name, population, fields, byName, numbers, values, initial, at, to, inner, innerValues, declaration };
}

const NO_REFS: readonly number[] = Object.freeze([]);
const structIds = new Map<string, number>();

/** A small number for each structure name, for quick look-ups. */
export function structId(name: string): number {
  const known = structIds.get(name) ?? structIds.size;
  structIds.set(name, known);
  return known;
}

const nameIds = new Map<string, { id: number; kind: Kind["kind"] }>();

/** A field name has one kind in all structures, so that one accessor can serve them all. */
function accessorFor(name: string, kind: Kind["kind"]): number {
  const known = nameIds.get(name);
  if (known && known.kind !== kind)
    throw new Error(`field ${name} is a ${known.kind} in another structure, not a ${kind}`);
  if (known) return known.id;
  if (name in Handle.prototype || name in OWN) throw new Error(`a field cannot be called ${name}`);
  const id = nameIds.size;
  nameIds.set(name, { id, kind });
  Object.defineProperties(Handle.prototype, properties[kind](name, id, null));
  return id;
}

/** Told of every access to a field. `index`: of the number in its chunk; -1 - index of a value. */
export interface AccessTrace {
  read(handle: Handle, index: number): void;
  write(handle: Handle, index: number): void;
  /** All its numbers are read where they lie. */
  readAll(handle: Handle): void;
  /** It is freed: nobody may use it after that. */
  free(handle: Handle): void;
}

let trace: AccessTrace | null = null;

/** Who is told that an object is freed; null: nobody. */
export const tracing = (): AccessTrace | null => trace;

/**
 * From now on `to` is told of every access to any store of this program, which makes each of them several times slower;
 * null ends that. Only for who searches interleavings: who watches single places has watches (storage.ts).
 */
export function traceAccesses(to: AccessTrace | null): void {
  trace = to;
  for (const [name, { id, kind }] of nameIds) Object.defineProperties(Handle.prototype, properties[kind](name, id, to));
}

const OWN = {
  $: 0,
  layout: 0,
  chunks: 0,
  places: 0,
  slot: 0,
  gen: 0,
  chunk: 0,
  genAt: 0,
  base: 0,
  valueBase: 0,
  whole: 0,
  parts: 0,
};

/**
 * The properties by which a field of each kind is read and written. `told`: hears of every access before it is done; null, as
 * in all plain runs: nobody, and the question is left out of what the engine compiles.
 */
const properties: Record<Kind["kind"], (name: string, id: number, to: AccessTrace | null) => PropertyDescriptorMap> = {
  number(name, id, to) {
    const told = to;
    return {
      [name]: {
        configurable: true,
        get(this: Handle) {
          const index = this.base + this.places[id]!;
          if (told !== null) told.read(this, index);
          const numbers = this.chunks[this.chunk]!;
          if (numbers[this.genAt] !== this.gen) this.$.stale(this, name, "read");
          return numbers[index];
        },
        set(this: Handle, v: number) {
          const $ = this.$;
          const index = this.base + this.places[id]!;
          if (told !== null) told.write(this, index);
          if ($.epochs[this.chunk] !== $.store.epoch) $.beforeWrite(this.chunk, index, v);
          const numbers = this.chunks[this.chunk]!;
          if (numbers[this.genAt] !== this.gen) $.stale(this, name, "written");
          numbers[index] = v;
        },
      },
    };
  },
  array(name, id, to) {
    const told = to;
    return {
      [name]: {
        configurable: true,
        value(this: Handle, i: number) {
          const index = this.base + this.places[id]! + i;
          if (told !== null) told.read(this, index);
          const numbers = this.chunks[this.chunk]!;
          if (numbers[this.genAt] !== this.gen) this.$.stale(this, name, "read");
          return numbers[index];
        },
      },
      [`set_${name}`]: {
        configurable: true,
        value(this: Handle, i: number, v: number) {
          const $ = this.$;
          const index = this.base + this.places[id]! + i;
          if (told !== null) told.write(this, index);
          if ($.epochs[this.chunk] !== $.store.epoch) $.beforeWrite(this.chunk, index, v);
          const numbers = this.chunks[this.chunk]!;
          if (numbers[this.genAt] !== this.gen) $.stale(this, name, "written");
          numbers[index] = v;
        },
      },
    };
  },
  ref(name, id, to) {
    const told = to;
    return {
      [name]: {
        configurable: true,
        get(this: Handle) {
          const index = this.base + this.places[id]!;
          if (told !== null) told.read(this, index);
          const numbers = this.chunks[this.chunk]!;
          if (numbers[this.genAt] !== this.gen) this.$.stale(this, name, "read");
          const target = numbers[index]!;
          return target === 0 ? null : this.$.target(this.layout, id).deref(target);
        },
        set(this: Handle, target: Handle | null) {
          const $ = this.$;
          const v = target === null ? 0 : idOf(target);
          const index = this.base + this.places[id]!;
          if (told !== null) told.write(this, index);
          if ($.epochs[this.chunk] !== $.store.epoch) $.beforeWrite(this.chunk, index, v);
          const numbers = this.chunks[this.chunk]!;
          if (numbers[this.genAt] !== this.gen) $.stale(this, name, "written");
          numbers[index] = v;
        },
      },
    };
  },
  value(name, id, to) {
    const told = to;
    return {
      [name]: {
        configurable: true,
        get(this: Handle) {
          const index = this.valueBase + this.places[id]!;
          if (told !== null) told.read(this, -1 - index);
          if (this.chunks[this.chunk]![this.genAt] !== this.gen) this.$.stale(this, name, "read");
          const v = this.$.values[this.chunk]![index];
          // The store may have been at another time since this pointer was kept: there is one for each object.
          return v instanceof Handle && v.whole === v ? v.$.handle(v.slot, v.gen) : v;
        },
        set(this: Handle, v: unknown) {
          const index = this.valueBase + this.places[id]!;
          if (told !== null) told.write(this, -1 - index);
          this.$.setValue(this, name, index, v);
        },
      },
    };
  },
  refs(name, id, to) {
    const told = to;
    return {
      [name]: {
        configurable: true,
        get(this: Handle) {
          const index = this.valueBase + this.places[id]!;
          if (told !== null) told.read(this, -1 - index);
          if (this.chunks[this.chunk]![this.genAt] !== this.gen) this.$.stale(this, name, "read");
          const ids = this.$.values[this.chunk]![index] as readonly number[];
          return this.$.target(this.layout, id).list(ids);
        },
        set(this: Handle, list: RefList<Handle>) {
          const index = this.valueBase + this.places[id]!;
          if (told !== null) told.write(this, -1 - index);
          this.$.setValue(this, name, index, list.ids);
        },
      },
    };
  },
  embed(name, id) {
    return {
      [name]: {
        configurable: true,
        get(this: Handle) {
          const known = this.parts[id];
          if (known) return known;
          const base = this.base + this.places[id]!;
          const valueBase = this.valueBase + this.layout.innerValues[id]!;
          const place = { chunk: this.chunk, genAt: this.genAt, base, valueBase };
          const made = new Handle(this.$, this.layout.inner[id]!, this.slot, this.gen, place, this.whole);
          if (this.parts === NONE) this.parts = [];
          this.parts[id] = made;
          return made;
        },
      },
    };
  },
};

const SLOTS = 2 ** 31;

/** A pointer as a number: never 0, says slot and generation. */
export function idOf(handle: Handle): number {
  return handle.gen * SLOTS + handle.slot + 1;
}

/** The low 31 bits, plus 1 so that no pointer is 0. Not by `%`, which JavaScript does in software for large numbers. */
export const slotOf = (id: number): number => (id & (SLOTS - 1)) - 1;
export const genOf = (id: number): number => (id - (id & (SLOTS - 1))) / SLOTS;
