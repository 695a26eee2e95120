// The machine at a glance, for views beside the variables: address spaces with what they share, TLBs, bugs found.
import type { FoundBug, ValueNode } from "../debugging.ts";
import { _PAGE_PRESENT, _PAGE_PSE, entryPfn } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import type { Mm } from "../kernel/mm_types.ts";
import { allMms } from "../scenario/run/sharers.ts";
import type { Loaded } from "./load.ts";
import { isExpected } from "./report.ts";
import { cpuNodes, hostNode } from "./scopes.ts";
import { hex } from "./show.ts";
import { levelName, type Sharers, sharedText, span, tableNode } from "./tables.ts";

/** All address spaces in order of their creation. What is shared comes first: side bars are narrow. */
export function addressSpaces(system: System, who: Sharers): readonly ValueNode[] {
  return allMms(system).map((mm) => {
    const node = hostNode(system, mm, who);
    const shared = sharedTables(system, mm, who);
    if (shared.length === 0) return node;
    const others = new Set(shared.flatMap(({ pfn }) => who.get(pfn)!).filter((one) => one !== mm));
    const list: ValueNode = {
      name: "shared tables",
      value: String(shared.length),
      children: () => shared.map((table) => sharedNode(system, table, who)),
    };
    return {
      ...node,
      value: `shares with ${[...others].map(({ name }) => name).join(", ")}; ${node.value}`,
      children: () => [list, ...(node.children?.() ?? [])],
    };
  });
}

/** What each CPU has loaded, and the translations that it keeps. */
export function tlbs(system: System): readonly ValueNode[] {
  return cpuNodes(system);
}

/** Reports of the detectors up to now, in order. */
export function bugs(loaded: Loaded): readonly FoundBug[] {
  return loaded.detectors.reports().map((bug) => {
    const { kind, message, step, task, file, line, count } = bug;
    return { kind, message, step, task, file, line, count, unexpected: !isExpected(loaded, kind) };
  });
}

interface Table {
  readonly pfn: number;
  readonly level: number;
  readonly base: number;
}

/** The tops of what `mm` shares: the tables below them are shared with them. */
function sharedTables(system: System, mm: Mm, who: Sharers): readonly Table[] {
  const found: Table[] = [];
  const { memory } = system.straight;
  const visit = ({ pfn, level, base }: Table): void => {
    for (let index = 0; index < 512; index++) {
      const entry = memory.readEntry(pfn, index);
      if (!(entry & _PAGE_PRESENT) || entry & _PAGE_PSE) continue;
      const below = { pfn: entryPfn(entry), level: level - 1, base: base + index * span(level) };
      if ((who.get(below.pfn)?.length ?? 0) > 1) found.push(below);
      else if (below.level > 1) visit(below);
    }
  };
  visit({ pfn: mm.pgd, level: system.config.levels, base: 0 });
  return found;
}

function sharedNode(system: System, { pfn, level, base }: Table, who: Sharers): ValueNode {
  const node = tableNode(system, `${levelName(system, level)} at ${hex(base)}`, pfn, level, base, who);
  return { ...node, value: `${sharedText(who.get(pfn))}; frame ${hex(pfn)}` };
}
