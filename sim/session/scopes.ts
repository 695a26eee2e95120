// The scopes of a stopped thread: what happened, the task, its memory, the shared memory, TLBs, locks, frames.
import type { Handle } from "../core/struct.ts";
import type { Scope, ValueNode } from "../debugging.ts";
import { tlbContents } from "../hardware/tlb.ts";
import { task_size_max } from "../kernel/arch/x86/mm/pgtable.ts";
import type { System } from "../kernel/boot.ts";
import { simplificationsOf } from "../kernel/fidelity.ts";
import type { Mm, Task } from "../kernel/mm_types.ts";
import { allMms } from "../scenario/run/sharers.ts";
import { argumentText } from "./describe.ts";
import { entryText } from "./entry_words.ts";
import { isHost } from "./event_words.ts";
import { isLock, lockNode, lockNodes } from "./locks.ts";
import { partsOf } from "./machine_scopes.ts";
import { objectNode } from "./nodes.ts";
import { hex, mmName, pageText, showBytes, vmaText } from "./show.ts";
import { levelName, type Sharers, span, tableNode } from "./tables.ts";
import { variableText } from "./variables.ts";

export interface ScopeInput {
  readonly system: System;
  readonly task: Task | undefined;
  readonly cpu: number;
  readonly variables: Readonly<Record<string, bigint>>;
  readonly who: Sharers;
  /** What is different from the last stop. */
  readonly changed: readonly ValueNode[];
  /** Kernel functions of the call stack. */
  readonly functions: readonly string[];
  /** Who could do the next step. */
  readonly choice: readonly string[];
}

export function scopesOf(input: ScopeInput): Scope[] {
  const { system, task, who } = input;
  const mm = task?.mm ?? undefined;
  const hosts = allMms(system).filter((one) => isHost(system, one));
  const cheap = (name: string, children: () => readonly ValueNode[]): Scope => ({
    name,
    expensive: false,
    node: { name, value: "", children },
  });
  const scopes = [
    cheap("Event", () => [...eventNodes(system), ...choiceNodes(input.choice), ...simplerNodes(input.functions)]),
  ];
  if (task) scopes.push(cheap("Task", () => taskNodes(input, task)));
  if (input.changed.length > 0) scopes.push(cheap("Changed", () => input.changed));
  if (mm) scopes.push(cheap("mm", () => objectNode("mm", mm).children!()));
  if (hosts.length > 0) scopes.push(cheap("host mm", () => hosts.map((host) => hostNode(system, host, who))));
  if (mm) {
    scopes.push({ name: "VMAs", expensive: false, node: vmasNode(mm) });
    scopes.push(cheap("Page tables", () => [tableNode(system, mmName(mm), mm.pgd, system.config.levels, 0, who)]));
  }
  scopes.push(cheap(`TLB cpu${input.cpu}`, () => tlbNodes(system, input.cpu)));
  scopes.push(cheap("Locks", () => lockNodes(system)));
  for (const { name, rows } of partsOf(system)) scopes.push(cheap(name, rows));
  const expensive = (name: string, children: () => readonly ValueNode[]): Scope => ({
    ...cheap(name, children),
    expensive: true,
  });
  scopes.push(expensive("CPUs", () => (system.straight.tasks().length > 0 ? cpuNodes(system) : [])));
  scopes.push(expensive("Address spaces", () => allMms(system).map((one) => hostNode(system, one, who))));
  scopes.push(expensive("Pages", () => pageNodes(system)));
  return scopes;
}

/** Whether the schedule has to choose here. */
function choiceNodes(choice: readonly string[]): ValueNode[] {
  return choice.length > 1 ? [{ name: "scheduling point", value: `${choice.join(" or ")} goes on` }] : [];
}

/** Where the kernel that is stopped in is simpler than Linux: said in place, before somebody draws a conclusion. */
function simplerNodes(functions: readonly string[]): ValueNode[] {
  return simplificationsOf(functions).map(({ topic, level, means }) => ({
    name: level === "absent" ? "left out" : "simplified",
    value: `${topic}: ${means}`,
  }));
}

function eventNodes(system: System): ValueNode[] {
  const { machine } = system;
  const nodes: ValueNode[] = [{ name: "step", value: String(machine.step) }];
  if (machine.event < 0 || machine.step === 0) return nodes;
  const spec = machine.events.specs[machine.event]!;
  nodes.push({ name: "event", value: machine.events.names[machine.event]! });
  spec.args.forEach((name, i) => {
    const value = machine.args[i];
    if (value === undefined) return;
    if (isLock(value)) nodes.push(lockNode(system, name, value));
    else if (typeof value === "object" && value !== null && "layout" in value)
      nodes.push(objectNode(name, value as Handle));
    else nodes.push({ name, value: argumentText(name, value), expression: name });
  });
  return nodes;
}

function taskNodes({ system, variables }: ScopeInput, task: Task): ValueNode[] {
  const end = BigInt(task_size_max(system.straight));
  const own = Object.entries(variables).map(([name, value]) => ({
    name,
    value: variableText(value),
    expression: `${task.comm}.${name}`,
    variable: `variable:${task.comm}.${name}`,
    writable: true,
    memory: value >= 4096n && value < end ? `process:${task.comm}:${value}` : undefined,
  }));
  return [...own, objectNode("task", task)];
}

/** There may be tens of thousands: made as they are asked for. */
function vmasNode({ mm_mt }: Mm): ValueNode {
  const { length } = mm_mt;
  const vmaNode = (i: number): ValueNode => {
    const vma = mm_mt.at(i)!;
    return { ...objectNode(`[${i}]`, vma), value: vmaText(vma) };
  };
  return {
    name: "VMAs",
    value: String(length),
    count: length,
    children: (start = 0, count = length) =>
      Array.from({ length: Math.max(0, Math.min(count, length - start)) }, (_, i) => vmaNode(start + i)),
  };
}

/** An address space with its VMAs and page tables. */
export function hostNode(system: System, mm: Mm, who: Sharers): ValueNode {
  return {
    name: mm.name,
    value: `${mm.mm_mt.length} VMA${mm.mm_mt.length === 1 ? "" : "s"}, page tables ${showBytes(mm.pgtables_bytes)}`,
    children: () => [
      objectNode("mm", mm),
      vmasNode(mm),
      tableNode(system, "page tables", mm.pgd, system.config.levels, 0, who),
    ],
  };
}

function tlbNodes(system: System, cpu: number): ValueNode[] {
  const state = system.straight.cpuOf(cpu);
  const contents = tlbContents(system.straight.tlbOf(cpu));
  const leaves = contents.filter(({ level, entry }) => level === 1 || (entry & 0x80) !== 0);
  const upper = contents.filter((one) => !leaves.includes(one));
  const pcidText = (pcid: number) => (system.config.pcid ? `, pcid ${pcid}` : "");
  const leaf = ({ address, entry, level, pcid }: (typeof contents)[number]): ValueNode => ({
    name: hex(address),
    value: `${level > 1 ? `${showBytes(span(level))} page ` : ""}${entryText(entry, level)}${pcidText(pcid)}`,
  });
  const table = ({ address, entry, level, pcid }: (typeof contents)[number]): ValueNode => ({
    name: `${levelName(system, level)} ${hex(address)}`,
    value: `→ ${levelName(system, level - 1)} table in frame ${entryText(entry, level)}${pcidText(pcid)}`,
  });
  const list = (name: string, nodes: readonly ValueNode[]): ValueNode => ({
    name,
    value: String(nodes.length),
    count: nodes.length,
    children: nodes.length > 0 ? (start = 0, count = nodes.length) => nodes.slice(start, start + count) : undefined,
  });
  return [
    { name: "loaded", value: state.loaded_mm ? mmName(state.loaded_mm) : "nothing" },
    { name: "lazy", value: state.is_lazy ? "true" : "false" },
    list("translations", leaves.map(leaf)),
    list("paging-structure cache", upper.map(table)),
  ];
}

/** Each CPU with what it has loaded and its TLB. */
export function cpuNodes(system: System): ValueNode[] {
  return Array.from({ length: system.config.cpus }, (_, id) => {
    const cpu = system.straight.cpuOf(id);
    const value = `${cpu.curr?.comm ?? "idle"}, ${cpu.loaded_mm ? mmName(cpu.loaded_mm) : "no mm"}${cpu.is_lazy ? " (lazy)" : ""}`;
    return { name: `cpu${id}`, value, children: () => [objectNode("state", cpu), ...tlbNodes(system, id)] };
  });
}

/** Locks that somebody holds or waits for. */
function* usedFrames(system: System): Iterable<{ pfn: number }> {
  const { zone } = system.straight;
  for (let pfn = 256; pfn < zone.fresh; pfn++) if (system.straight.page(pfn).type !== 0) yield { pfn };
}

function pageNodes(system: System): ValueNode[] {
  const { zone } = system.straight;
  const used = [...usedFrames(system)];
  const list: ValueNode = {
    name: "in use",
    value: `${used.length} frames`,
    count: used.length,
    children: (start = 0, count = used.length) =>
      used.slice(start, start + count).map(({ pfn }) => {
        const page = system.straight.page(pfn);
        return { ...objectNode(hex(pfn), page), value: pageText(page) };
      }),
  };
  return [
    { name: "free", value: `${zone.nr_free} (${showBytes(zone.nr_free * 4096)})` },
    list,
    objectNode("zone", zone),
  ];
}
