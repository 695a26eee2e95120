// Locks that somebody holds or waits for: all that are declared in any structure, wherever it is; and what is not free yet
// because of readers without a lock.
import type { Storage } from "../core/storage.ts";
import type { Handle, StructType } from "../core/struct.ts";
import type { ValueNode } from "../debugging.ts";
import type { System } from "../kernel/boot.ts";
import {
  type Mm,
  PAGE_TYPES,
  type Page,
  type RwSemaphore,
  type Spinlock,
  type Task,
  type Vma,
} from "../kernel/mm_types.ts";
import { objectNode } from "./nodes.ts";
import { hex, summary } from "./show.ts";

export function lockNodes(system: System): ValueNode[] {
  const nodes: ValueNode[] = [];
  for (const storage of system.machine.store.storages) {
    const fields = lockFields(storage.type);
    if (fields.length === 0) continue;
    for (const whole of wholes(system, storage)) {
      for (const path of fields) {
        const lock = lockAt(whole, path);
        if (!isHeld(lock) && lock.waiting.length === 0) continue;
        nodes.push({ ...objectNode(nameOf(path, lock), lock, `${path.join(".")}.`), value: lockText(system, lock) });
      }
    }
  }
  nodes.push(...rcuNodes(system));
  return nodes.length > 0 ? nodes : [{ name: "none", value: "no lock is held" }];
}

const namesOf = (tasks: Iterable<Task>): string => [...tasks].map(({ comm }) => comm).join(", ");
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** Who is in a read-side section of RCU, the grace period that is on, and who waits for it. Nothing where there is nothing to say. */
function rcuNodes({ straight: k }: System): ValueNode[] {
  const { rcu_state } = k;
  const { gp_seq, gp_tasks, wait, next_gp } = rcu_state;
  const readers = k.tasks().filter(({ rcu_read_lock_nesting }) => rcu_read_lock_nesting > 0);
  const nodes: ValueNode[] = [];
  if (readers.length > 0) nodes.push({ name: "rcu_read_lock", value: `held by ${namesOf(readers)}` });
  const number = Math.floor(gp_seq / 4) + 1;
  const parts: string[] = [];
  if (gp_seq % 4 !== 0) {
    const on = `grace period ${number} is on`;
    parts.push(gp_tasks.length > 0 ? `${on}, waits for ${namesOf(gp_tasks)}` : on);
  }
  if (wait.len > 0) parts.push(`${counted(wait.len, "callback")} of ${gp_seq % 4 === 0 ? number - 1 : number}`);
  if (next_gp.len > 0) parts.push(`${counted(next_gp.len, "callback")} for the next one`);
  if (parts.length > 0) nodes.push({ ...objectNode("RCU", rcu_state), value: parts.join("; ") });
  return nodes;
}

/** Whether an argument of an event is a lock in an object. */
export function isLock(value: unknown): value is Lock {
  if (typeof value !== "object" || value === null || !("layout" in value)) return false;
  const handle = value as Handle;
  return handle.layout.name !== handle.$.type.name && handle.layout.byName.has("holder");
}

/** Which lock that is, and who has it. */
export function lockNode(system: System, name: string, lock: Lock): ValueNode {
  const whole = lock.$.handle(lock.slot, lock.gen);
  const path = lockFields(lock.$.type).find((one) => lockAt(whole, one).base === lock.base) ?? [];
  const state = isHeld(lock) ? lockText(system, lock) : "free";
  return { ...objectNode(name, lock, `${path.join(".")}.`), value: `${nameOf(path, lock)}: ${state}` };
}

const lockAt = (whole: Handle, path: readonly string[]): Lock =>
  path.reduce((at, name) => (at as unknown as Record<string, Handle>)[name]!, whole) as Lock;

/** Of which object a lock is a part: " of writer", " of pte table 0x107"; the lock's name says the rest. */
export function ownerText(lock: unknown): string {
  const part = lock as Handle | null | undefined;
  if (!part || part.layout.name === part.$.type.name) return "";
  const whole = part.$.handle(part.slot, part.gen);
  if (whole.layout.name === "page") return ` of frame ${hex(whole.slot)}`;
  if (!whole.$.isAlive(whole)) return ` of a freed ${whole.layout.name}`;
  if (whole.layout.name === "mm_struct") return ` of ${(whole as Mm).name}`;
  if (whole.layout.name === "vm_area_struct") return ` of the VMA at ${hex((whole as Vma).vm_start)}`;
  return ` of ${summary(whole)}`;
}

type Lock = RwSemaphore | Spinlock;

const isHeld = (lock: Lock): boolean =>
  "count" in lock.layout.declaration ? (lock as RwSemaphore).count !== 0 : lock.holder !== 0;

const known = new WeakMap<StructType, readonly (readonly string[])[]>();

/** Where in a structure its locks are: what has a holder and who waits. */
function lockFields(type: StructType): readonly (readonly string[])[] {
  const found = known.get(type) ?? [...locksWithin(type, [])];
  known.set(type, found);
  return found;
}

function* locksWithin(type: StructType, path: readonly string[]): Iterable<readonly string[]> {
  for (const { kind, name } of type.fields) {
    if (kind.kind !== "embed") continue;
    const names = new Set(kind.struct.fields.map((field) => field.name));
    if (names.has("holder") && names.has("waiting")) yield [...path, name];
    else yield* locksWithin(kind.struct, [...path, name]);
  }
}

/** The objects of a structure. Of frames those that are page tables: others have no lock, and they are many. */
function* wholes(system: System, storage: Storage): Iterable<Handle> {
  if (storage.type.name !== "page") {
    yield* storage.all();
    return;
  }
  const { zone } = system.straight;
  for (let pfn = 0; pfn < zone.fresh; pfn++) {
    const page = system.straight.page(pfn);
    if (TABLES.has(page.type)) yield page;
  }
}

const TABLES = new Set(
  Object.entries(PAGE_TYPES).flatMap(([type, name]) => (/table$/.test(name) ? [Number(type)] : [])),
);

function nameOf(path: readonly string[], lock: Lock): string {
  const whole = lock.$.handle(lock.slot, lock.gen);
  if (whole.layout.name !== "page") return `${path.join(".")}${ownerText(lock)}`;
  const type = PAGE_TYPES[(whole as Page).type as keyof typeof PAGE_TYPES];
  return `${path.join(".")} of ${type} ${hex(whole.slot)}`;
}

function lockText(system: System, lock: Lock): string {
  const name = (ticket: number) => system.threads[Math.abs(ticket) - 1]?.name ?? `cpu ${Math.abs(ticket) - 1_000_000}`;
  const count = "count" in lock.layout.declaration ? (lock as RwSemaphore).count : 0;
  const by = lock.holder !== 0 ? `held by ${name(lock.holder)}` : `${count} reader${count === 1 ? "" : "s"}`;
  return lock.waiting.length > 0 ? `${by}, ${lock.waiting.map(name).join(", ")} waiting` : by;
}
