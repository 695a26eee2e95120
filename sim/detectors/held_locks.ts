// Which locks each thread holds: what the lock detectors stand on. A lock is told by its place: the object it is in, and
// where in it; its class is the name that the kernel gives when it takes it.
import type { BatchListener } from "../core/batch.ts";
import { type Handle, idOf, type StructType } from "../core/struct.ts";
import type { AnonFaults } from "../kernel/mm/memory_batch.ts";
import { VMA_LOCK } from "../kernel/mm/mmap_lock.ts";
import { PTE_LOCK } from "../kernel/mm/pte_range.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Context } from "./context.ts";
import { type MachineWatch, MOST_LOCKS, type ThreadWatch } from "./watch.ts";

export const READ = 1;
export const WRITE = 2;
export type Mode = typeof READ | typeof WRITE;

/** How a lock is packed: mode in 2 bits, its place in its structure in 8, the structure in 10, the class above. */
const PLACE = 2;
const STRUCT = 10;
const CLASS = 20;
const PLACE_MASK = 2 ** (CLASS - PLACE) - 1;
const MODE_MASK = 3;

export interface HeldLocks {
  /** Index of the lock in the thread's list, the last one taken; -1: not held. */
  find(thread: ThreadWatch, lock: Handle): number;
  isHeld(thread: ThreadWatch, lock: Handle, mode: Mode): boolean;
  /** Whether the thread holds the mmap_lock of `mm`, or the lock of some VMA. */
  holdsIn(thread: ThreadWatch, mm: Mm): boolean;
  /** Whether it holds a reverse map: then the VMAs that this leads to stay as they are too. */
  holdsReverseMap(thread: ThreadWatch): boolean;
  /** Whether it holds some lock of the class that the kernel calls by this name. */
  holdsClass(thread: ThreadWatch, name: string, mode: Mode): boolean;
  /** Whether it holds the lock of the page table in this frame. */
  holdsTable(thread: ThreadWatch, pfn: number): boolean;
  classAt(thread: ThreadWatch, index: number): number;
  /** The object that the lock is in; it may be freed. */
  holder(thread: ThreadWatch, index: number): Handle;
  /** Name of a class, as the kernel gave it. */
  className(lockClass: number): string;
}

/** Told of what a thread does with its locks. */
export interface LockListener {
  /** Takes a lock that it would have waited for, holding others. It is not in its list yet. */
  nesting?(thread: ThreadWatch, lock: Handle, lockClass: number, mode: Mode): void;
  /** Releases a lock that is not in its list. */
  unheld?(thread: ThreadWatch, lock: Handle, name: string): void;
  released?(thread: ThreadWatch, lock: Handle): void;
}

interface LockNumbers {
  placeOf(lock: Handle): number;
  classOf(name: string): number;
}

/**
 * Faults take and release the VMA's lock, and within it the PTE table's. They leave no trace where the list of locks has
 * both from the fault before, and their order is known.
 */
function inFaults({ mine, page, state }: Context, { placeOf, classOf }: LockNumbers): BatchListener<AnonFaults> {
  const isLast = (thread: ThreadWatch, index: number, lock: Handle, lockClass: number, mode: Mode) =>
    thread.lock_ids(index) === idOf(lock) &&
    thread.lock_kinds(index) === (lockClass << CLASS) + (placeOf(lock) << PLACE) + mode;
  return {
    fits({ vma, tables }, count) {
      const thread = mine();
      const outer = classOf(VMA_LOCK);
      const inner = classOf(PTE_LOCK);
      const known =
        thread.held === 0 &&
        thread.unlinked_mm === 0 &&
        isLast(thread, 0, vma.vm_lock, outer, READ) &&
        isLast(thread, 1, page(tables.at(-1)!).ptl, inner, WRITE) &&
        state.lock_order.has(outer, inner);
      return known ? count : 0;
    },
    take() {},
  };
}

export function watchLocks(context: Context, state: MachineWatch, listeners: readonly LockListener[]): HeldLocks {
  const { machine } = context;
  const places = new Map<StructType, number>();
  machine.store.storages.forEach((storage, i) => {
    places.set(storage.type, i);
  });
  const structure = (name: string) => machine.store.storages.findIndex(({ type }) => type.name === name);
  const vmas = structure("vm_area_struct");
  const reverseMaps = [structure("anon_vma"), structure("address_space")];
  const classes = new Map<string, number>();
  const { init_mm } = context.system.straight;
  const nesting = listeners.flatMap((listener) => (listener.nesting ? [listener.nesting] : []));
  const unheld = listeners.flatMap((listener) => (listener.unheld ? [listener.unheld] : []));
  const released = listeners.flatMap((listener) => (listener.released ? [listener.released] : []));

  const placeOf = (lock: Handle) => (places.get(lock.$.type)! << (STRUCT - PLACE)) + lock.$.offset(lock);

  const mmapLock = placeOf(init_mm.mmap_lock);
  const tableLock = placeOf(context.page(init_mm.pgd).ptl);

  function classOf(name: string): number {
    const known = classes.get(name);
    if (known !== undefined && state.lock_classes[known] === name) return known;
    let found = state.lock_classes.indexOf(name);
    if (found < 0) {
      found = state.lock_classes.length;
      state.lock_classes = [...state.lock_classes, name];
    }
    classes.set(name, found);
    return found;
  }

  function find(thread: ThreadWatch, lock: Handle): number {
    const id = idOf(lock);
    const place = placeOf(lock);
    for (let i = thread.held - 1; i >= 0; i--) {
      if (thread.lock_ids(i) === id && ((thread.lock_kinds(i) >> PLACE) & PLACE_MASK) === place) return i;
    }
    return -1;
  }

  function remove(thread: ThreadWatch, index: number): void {
    const last = thread.held - 1;
    for (let i = index; i < last; i++) {
      thread.set_lock_ids(i, thread.lock_ids(i + 1));
      thread.set_lock_kinds(i, thread.lock_kinds(i + 1));
    }
    thread.held = last;
  }

  const asBefore = inFaults(context, { placeOf, classOf });
  const taken = () => {
    const { args } = machine;
    const lock = args[0] as Handle;
    const mode = args[2] === "read" ? READ : WRITE;
    const lockClass = classOf(args[1] as string);
    const thread = context.mine();
    const { held } = thread;
    if (held > 0 && !args[3]) for (const told of nesting) told(thread, lock, lockClass, mode);
    if (held >= MOST_LOCKS) return;
    thread.set_lock_ids(held, idOf(lock));
    thread.set_lock_kinds(held, (lockClass << CLASS) + (placeOf(lock) << PLACE) + mode);
    thread.held = held + 1;
  };

  const left = () => {
    const { args } = machine;
    const lock = args[0] as Handle;
    const thread = context.mine();
    const index = find(thread, lock);
    if (index < 0) {
      for (const told of unheld) told(thread, lock, args[1] as string);
      return;
    }
    if (args[2] === "downgrade") {
      thread.set_lock_kinds(index, thread.lock_kinds(index) - WRITE + READ);
      return;
    }
    remove(thread, index);
    for (const told of released) told(thread, lock);
  };
  machine.listen("lock", taken, { anon_faults: asBefore });
  machine.listen("unlock", left, { anon_faults: asBefore });

  return {
    find,
    isHeld(thread, lock, mode) {
      const index = find(thread, lock);
      return index >= 0 && (thread.lock_kinds(index) & MODE_MASK) >= mode;
    },
    holdsIn(thread, mm) {
      const id = idOf(mm);
      for (let i = 0; i < thread.held; i++) {
        const place = (thread.lock_kinds(i) >> PLACE) & PLACE_MASK;
        if (place >> (STRUCT - PLACE) === vmas || (place === mmapLock && thread.lock_ids(i) === id)) return true;
      }
      return false;
    },
    holdsReverseMap(thread) {
      for (let i = 0; i < thread.held; i++) {
        const place = (thread.lock_kinds(i) >> PLACE) & PLACE_MASK;
        if (reverseMaps.includes(place >> (STRUCT - PLACE))) return true;
      }
      return false;
    },
    holdsClass(thread, name, mode) {
      for (let i = 0; i < thread.held; i++) {
        const kind = thread.lock_kinds(i);
        if (state.lock_classes[kind >> CLASS] === name && (kind & MODE_MASK) >= mode) return true;
      }
      return false;
    },
    holdsTable(thread, pfn) {
      for (let i = thread.held - 1; i >= 0; i--) {
        if (thread.lock_ids(i) === pfn + 1 && ((thread.lock_kinds(i) >> PLACE) & PLACE_MASK) === tableLock) return true;
      }
      return false;
    },
    classAt: (thread, index) => thread.lock_kinds(index) >> CLASS,
    holder(thread, index) {
      const place = (thread.lock_kinds(index) >> PLACE) & PLACE_MASK;
      return machine.store.storages[place >> (STRUCT - PLACE)]!.deref(thread.lock_ids(index));
    },
    className: (lockClass) => state.lock_classes[lockClass]!,
  };
}
