// Parts of the machine that only some scenarios have: guests with their stage-2 tables, control groups, the swap device.
import type { ValueNode } from "../debugging.ts";
import { entryPfn, makeSwapEntry } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import { MEMCG_OOM_KILL, type MemCgroup, mem_cgroup } from "../kernel/mm/memcontrol.ts";
import { PAGE_COUNTER_MAX } from "../kernel/mm/page_counter.ts";
import {
  EPT_ACCESSED,
  EPT_DIRTY,
  EPT_EXEC,
  EPT_READ,
  EPT_WRITE,
  type Kvm,
  kvm,
  type MemorySlot,
} from "../kernel/virt/kvm/kvm_host.ts";
import { objectNode } from "./nodes.ts";
import { hex, pageText, showBytes } from "./show.ts";

/** A part with its rows; no such part where there are none. */
export interface Part {
  readonly name: string;
  readonly rows: () => readonly ValueNode[];
}

export function partsOf(system: System): Part[] {
  const { store } = system.machine;
  const guests = [...store.all(kvm)] as Kvm[];
  const groups = ([...store.all(mem_cgroup)] as MemCgroup[]).filter(({ parent }) => parent !== null);
  const parts: Part[] = [];
  if (guests.length > 0) parts.push({ name: "Guests", rows: () => guests.map((guest) => guestNode(system, guest)) });
  if (groups.length > 0) parts.push({ name: "Control groups", rows: () => groups.map(groupNode) });
  if (system.straight.swap_info.max > 0) parts.push({ name: "Swap", rows: () => swapNodes(system) });
  return parts;
}

const counted = (count: number, what: string): string =>
  `${count === 0 ? "no" : count} ${what}${count === 1 ? "" : "s"}`;

function guestNode(system: System, guest: Kvm): ValueNode {
  const object = objectNode("kvm", guest);
  const slots = guest.memslots.map(memorySlotNode);
  const entries = [...guest.spte.entries()].filter(([, entry]) => entry !== 0);
  return {
    name: object.value,
    value: `${counted(slots.length, "memory slot")}, ${counted(entries.length, "page")} mapped`,
    children: () => [...slots, ...entries.map(([gfn, entry]) => stage2Node(system, gfn, entry)), object],
  };
}

const memorySlotNode = ({ base_gfn, npages, userspace_addr }: MemorySlot, index: number): ValueNode => ({
  name: `slot ${index}`,
  value: `guest ${hex(base_gfn * 4096)}-${hex((base_gfn + npages) * 4096)} → ${hex(userspace_addr)}, ${showBytes(npages * 4096)}`,
});

const EPT_NAMES: readonly (readonly [number, string])[] = [
  [EPT_READ, "READ"],
  [EPT_WRITE, "WRITE"],
  [EPT_EXEC, "EXEC"],
  [EPT_ACCESSED, "ACCESSED"],
  [EPT_DIRTY, "DIRTY"],
];

function stage2Node(system: System, gfn: number, entry: number): ValueNode {
  const pfn = entryPfn(entry);
  const flags = EPT_NAMES.flatMap(([bit, name]) => (entry & bit ? [name] : []));
  return {
    name: `guest ${hex(gfn * 4096)}`,
    value: `→ ${pageText(system.straight.page(pfn))} · ${flags.join("|")}`,
    memory: `page:${pfn}`,
  };
}

function groupNode(group: MemCgroup): ValueNode {
  const { memory, swap } = group;
  const limit = memory.max >= PAGE_COUNTER_MAX ? "no limit" : `of ${showBytes(memory.max * 4096)}`;
  const swapped = swap.usage > 0 ? `, ${showBytes(swap.usage * 4096)} in swap` : "";
  const killed = group.memory_events(MEMCG_OOM_KILL);
  const kills = killed > 0 ? `, ${killed} killed` : "";
  const removed = group.online ? "" : ", removed";
  const node = objectNode(group.name.slice(1), group);
  return { ...node, value: `${showBytes(memory.usage * 4096)} ${limit}${swapped}${kills}${removed}` };
}

function swapNodes(system: System): ValueNode[] {
  const { swap_info } = system.straight;
  const cached = new Map(swap_info.swap_cache.entries());
  const slots = [...swap_info.swap_map.entries()];
  const slotNode = (slot: number): ValueNode => {
    const references = system.straight.swp_swapcount(makeSwapEntry(0, slot));
    const frame = cached.get(slot);
    const also = frame ? `, also in memory: frame ${hex(frame - 1)}` : "";
    return { name: `slot ${slot}`, value: `${references} reference${references === 1 ? "" : "s"}${also}` };
  };
  return [
    objectNode("swap_info", swap_info),
    {
      name: "slots in use",
      value: `${slots.length} (${showBytes(slots.length * 4096)})`,
      count: slots.length,
      ...(slots.length > 0 && {
        children: (start = 0, count = slots.length) =>
          slots.slice(start, start + count).map(([slot]) => slotNode(slot)),
      }),
    },
  ];
}
