// Whom to tell when an entry of shared page tables changes: option `tlb_flush` of both sharing designs. The tables belong to
// a host mm, which no CPU has ever loaded, so that Linux's own flush of it reaches nobody. The ways are those of the mails:
// Dave Hansen, 2024-10-02 (seed 003_0a3a0e7ddc0a762e.txt): flush_tlb_all; mm_cpumask of the host kept up to date; a walk
// of the file's i_mmap with a flush for each VMA; the same with one mask. Anthony Yznaga, 2024-10-08 and 2024-10-16:
// flush_tlb_all in arch_invalidate_secondary_tlbs. What each costs is in docs/tlb-flush.md.
//
// Whoever unlinks the tables has to keep its VMA in i_mmap until its own TLBs are flushed (flush_unlinked): the walks find
// the CPUs that may still use shared entries by the VMAs that are there.
import type { Steps } from "../../core/thread.ts";
import * as tlbflush from "../../kernel/arch/x86/mm/tlb.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import * as rmap from "../../kernel/mm/rmap_unmap.ts";
import type { Cpu, Mm, Task, Vma } from "../../kernel/mm_types.ts";
import type { SharingKernel } from "./sharing_kernel.ts";

export type FlushWay = "none" | "all" | "mm_cpumask" | "i_mmap" | "single_mask" | "mmu_notifier";

/** The option, or what the mend of "flush-sharers" takes where it says `none`: flush_tlb_all, the author's choice. */
export function flush_way(k: Kernel): FlushWay {
  const way = (k.option("tlb_flush") || "none") as FlushWay;
  return way === "none" && k.fixed("flush-sharers") ? "all" : way;
}

/** As without sharing, and where shared entries are in the range, whoever else may use them. */
export function* flush_tlb_mm_range(
  k: SharingKernel,
  mm: Mm,
  start: number,
  end: number,
  stride_shift: number,
  freed: "freed tables" | "no tables",
): Steps<void> {
  const shared = k.flush_way() === "none" ? [] : k.shared_ranges(mm, start, end);
  // The bits of a host's mask, if it has any, are of CPUs that have its guests loaded, never itself.
  if (shared.some(({ host }) => host === mm)) mm.tlb_gen++;
  else yield* tlbflush.flush_tlb_mm_range(k, mm, start, end, stride_shift, freed);
  for (const range of shared) yield* k.flush_sharers(range, stride_shift, freed);
}

/** fork, and what reclaim has put off: neither is about shared entries. */
export function* flush_tlb_mm(k: SharingKernel, mm: Mm): Steps<void> {
  yield* tlbflush.flush_tlb_mm_range(k, mm, 0, tlbflush.TLB_FLUSH_ALL, 12, "freed tables");
}

/** A part of a host mm. */
export interface SharedRange {
  readonly host: Mm;
  readonly start: number;
  readonly end: number;
}

export function* flush_sharers(
  k: SharingKernel,
  range: SharedRange,
  stride_shift: number,
  freed: "freed tables" | "no tables",
): Steps<void> {
  switch (k.flush_way()) {
    case "all":
      return yield* k.flush_tlb_all(tlbflush.TLB_REMOTE_SHOOTDOWN);
    case "mm_cpumask":
      return yield* k.flush_tlb_cpus(k.take_host_cpumask(range.host));
    case "i_mmap":
      return yield* k.flush_each_vma(range, stride_shift, freed);
    case "single_mask":
      return yield* k.flush_one_mask(range, freed);
    case "mmu_notifier":
      return yield* k.mmu_notifier_arch_invalidate_secondary_tlbs(range.host, range.start, range.end);
    default:
      return;
  }
}

/** `i_mmap`: a flush for each VMA that maps the tables, as many interrupts for a CPU as guests that have run on it. */
export function* flush_each_vma(
  k: SharingKernel,
  range: SharedRange,
  stride_shift: number,
  freed: "freed tables" | "no tables",
): Steps<void> {
  // i_mmap_rwsem sleeps, and page-table locks are held here: as under RCU, with a reference to each address space.
  const vmas = k.guest_vmas(range.host).map((vma) => ({ mm: vma.vm_mm!, ...guest_range(k, vma, range) }));
  for (const { mm } of vmas) mm.mm_count++;
  for (const { mm, start, end } of vmas) {
    if (start < end) yield* tlbflush.flush_tlb_mm_range(k, mm, start, end, stride_shift, freed);
    yield* k.mmdrop(mm);
  }
}

function guest_range(k: SharingKernel, vma: Vma, { start, end }: SharedRange): { start: number; end: number } {
  return {
    start: Math.max(vma.vm_start, k.guest_address(vma, start)),
    end: Math.min(vma.vm_end, k.guest_address(vma, end)),
  };
}

/**
 * `single_mask`: the CPUs of all guests, each interrupted once. What is loaded there need not be the guest of any one VMA, so
 * each flushes all of what it has loaded; guests that are not loaded are a generation behind then, and flush when they are.
 */
export function* flush_one_mask(
  k: SharingKernel,
  { host }: SharedRange,
  freed: "freed tables" | "no tables",
): Steps<void> {
  let mask = 0;
  const mms = new Set(k.guest_vmas(host).map((vma) => vma.vm_mm!));
  for (const mm of mms) {
    mm.tlb_gen++;
    mask = k.mask_or(mask, mm.cpu_bitmap);
  }
  const everything = {
    mm: null,
    start: 0,
    end: tlbflush.TLB_FLUSH_ALL,
    stride_shift: 0,
    new_tlb_gen: tlbflush.TLB_GENERATION_INVALID,
  };
  yield* k.flush_tlb_multi(mask, { ...everything, freed_tables: freed === "freed tables" });
}

const has_cpu = (mask: number, cpu: number): boolean => Math.floor(mask / 2 ** cpu) % 2 === 1;

/** `mm_cpumask`: every CPU of the mask forgets everything, of all PCIDs: nobody knows which of them are guests'. */
export function* flush_tlb_cpus(k: SharingKernel, mask: number): Steps<void> {
  const me = k.cpu;
  const others: Cpu[] = [];
  for (let id = 0; id < k.config.cpus; id++) if (id !== me.id && has_cpu(mask, id)) others.push(k.cpuOf(id));
  for (const cpu of others) {
    k.queue_ipi(cpu, null);
    yield k.trace.ipi(cpu.id, null, me.id);
  }
  if (has_cpu(mask, me.id)) yield* k.do_flush_tlb_all(me, tlbflush.TLB_LOCAL_SHOOTDOWN);
  if (others.length > 0) yield* k.wait_for_cpus(others);
}

/** The host's mask. CPUs that run no guest any more leave it: the flush to come is their last. */
export function take_host_cpumask(k: SharingKernel, host: Mm): number {
  const mask = host.cpu_bitmap;
  const guests = new Set(k.guest_vmas(host).map((vma) => vma.vm_mm));
  for (let id = 0; id < k.config.cpus; id++) {
    if (has_cpu(mask, id) && !guests.has(k.cpuOf(id).loaded_mm)) host.cpu_bitmap -= 2 ** id;
  }
  return mask;
}

/** A guest's entry is about to lead to the host's tables: the CPUs that it has run on may use them from then on. */
export function join_host_cpumask(k: SharingKernel, host: Mm, guest: Mm): void {
  if (k.flush_way() === "mm_cpumask") host.cpu_bitmap = k.mask_or(host.cpu_bitmap, guest.cpu_bitmap);
}

export function* switch_mm_irqs_off(k: SharingKernel, cpu: Cpu, next: Mm, task: Task): Steps<void> {
  if (k.flush_way() === "mm_cpumask")
    for (const host of k.hosts_of(next)) host.cpu_bitmap = k.mask_or(host.cpu_bitmap, 2 ** cpu.id);
  yield* tlbflush.switch_mm_irqs_off(k, cpu, next, task);
}

/** One flush for many pages is by the CPUs of one mm: of no use where others have the entries too. */
export function should_defer_flush(k: SharingKernel, mm: Mm): boolean {
  if (k.flush_way() !== "none" && k.shared_ranges(mm, 0, tlbflush.TLB_FLUSH_ALL).length > 0) return false;
  return rmap.should_defer_flush(k, mm);
}

/** Tables were unlinked from a guest: it flushes them before its VMA leaves i_mmap. */
export function* flush_unlinked(k: SharingKernel, tlb: MmuGather): Steps<void> {
  if (k.flush_way() !== "none") yield* k.tlb_flush_mmu_tlbonly(tlb);
}
