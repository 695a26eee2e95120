// What all detectors share: the system that they watch, and how they speak of its objects.
import type { Machine } from "../core/machine.ts";
import { type Handle, idOf } from "../core/struct.ts";
import type { System } from "../kernel/boot.ts";
import type { Cpu, Mm, Page, Vma } from "../kernel/mm_types.ts";
import { type Finding, hex, object } from "./report.ts";
import {
  type FrameWatch,
  frame_watch,
  type MachineWatch,
  machine_watch,
  type TableWatch,
  type ThreadWatch,
  table_watch,
  thread_watch,
} from "./watch.ts";

export interface Context {
  readonly system: System;
  readonly machine: Machine;
  readonly cpus: readonly Cpu[];
  readonly state: MachineWatch;
  /** By number of the thread; after them the interrupt contexts, by CPU. */
  readonly threads: readonly ThreadWatch[];
  raise(finding: Finding): void;
  /** struct page of a frame, of a huge page that of its first, and what detectors remember of the frame. */
  page(pfn: number): Page;
  frame(pfn: number): FrameWatch;
  /** What they remember of it as a page table. */
  table(pfn: number): TableWatch;
  /** What detectors remember of the thread that runs. */
  mine(): ThreadWatch;
  threadName(index: number): string;
  /** Name of the thread that runs. */
  runner(): string;
  /** An object in words: "mm_struct 3#1 (reader)". */
  describe(handle: Handle): string;
}

export function createContext(system: System, raise: (finding: Finding) => void): Context {
  const { machine, threads, config } = system;
  const { store } = machine;
  const pages = store.storage("page");
  const frames = store.storage(frame_watch.name);
  const tables = store.storage(table_watch.name);
  const state = store.alloc(machine_watch) as MachineWatch;
  const watches = Array.from({ length: threads.length + config.cpus }, () => store.alloc(thread_watch) as ThreadWatch);
  const indexOf = (id: number) => (id >= 0 ? id : threads.length - 1 - id);
  const { kernelThread } = system;
  return {
    system,
    machine,
    cpus: [...store.all(store.storage("cpu").type)] as unknown as Cpu[],
    state,
    threads: watches,
    raise,
    page: (pfn) => pages.fixed(system.straight.compound_head(pfn)) as Page,
    frame: (pfn) => frames.fixed(pfn) as FrameWatch,
    table: (pfn) => tables.fixed(pfn) as TableWatch,
    mine: () => watches[indexOf((machine.thread ?? kernelThread).id)]!,
    threadName: (index) => threads[index]?.name ?? `irq/${index - threads.length}`,
    runner: () => (machine.thread ?? kernelThread).name,
    describe(handle) {
      const { type, id, name } = object(handle);
      return name ? `${type} ${id} (${name})` : `${type} ${id}`;
    },
  };
}

/** Whether the object that a pointer was made for still lives: detectors must not read freed ones themselves. */
export const alive = (handle: Handle): boolean => handle.$.isAlive(handle);

/** Equal for equal objects; for keys. */
export const nameOf = (handle: Handle): string => `${handle.$.type.name}:${handle.slot}#${handle.gen}`;

export const mmName = (mm: Mm): string => (alive(mm) ? mm.name || "unnamed" : "freed mm");

export const range = (vma: Vma): string => `${hex(vma.vm_start)}-${hex(vma.vm_end)}`;

/** The object with this number (`idOf`), or null where it has been freed. */
export function living<T extends Handle>(context: Context, type: string, id: number): T | null {
  if (id === 0) return null;
  const handle = context.machine.store.storage(type).deref(id) as T;
  return alive(handle) && idOf(handle) === id ? handle : null;
}
