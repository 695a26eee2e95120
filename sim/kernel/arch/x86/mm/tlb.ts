// Which CPU has which translations, and how they are made to forget them (arch/x86/mm/tlb.c): the loaded address space of
// each CPU, its PCIDs with their generations, lazy mode, flushes near and far.
import { idOf } from "../../../../core/struct.ts";
import type { Steps } from "../../../../core/thread.ts";
import { tlbFlushPcid, tlbInvalidatePage } from "../../../../hardware/tlb.ts";
import { VM_HUGETLB } from "../../../flags.ts";
import type { Kernel } from "../../../kernel.ts";
import type { Cpu, Mm, Task, Vma } from "../../../mm_types.ts";

export const TLB_NR_DYN_ASIDS = 6;
/** More pages than this are flushed by forgetting everything. Also the default of debugfs's tlb_single_page_flush_ceiling. */
export const tlb_single_page_flush_ceiling = 33;
export const TLB_FLUSH_ALL = Number.POSITIVE_INFINITY;
/** Of no generation in particular: whoever is behind at all flushes. */
export const TLB_GENERATION_INVALID = 0;

export const TLB_LOCAL_SHOOTDOWN = "local shootdown";
export const TLB_LOCAL_MM_SHOOTDOWN = "local mm shootdown";
export const TLB_REMOTE_SHOOTDOWN = "remote shootdown";

const PAGE_SIZE = 4096;
/** In the queue of a CPU: it is asked to answer only (tlb_remove_table_smp_sync). */
const SYNC_ONLY = -1;
const cpu_bit = (cpu: Cpu): number => 2 ** cpu.id;
const in_mask = (mask: number, cpu: number): boolean => Math.floor(mask / 2 ** cpu) % 2 === 1;
/** Whether a CPU other than this is in the mask. */
const any_but = (mask: number, cpu: Cpu): boolean => (in_mask(mask, cpu.id) ? mask - cpu_bit(cpu) : mask) !== 0;

function clear_cpu(mm: Mm, cpu: Cpu): void {
  if (in_mask(mm.cpu_bitmap, cpu.id)) mm.cpu_bitmap -= cpu_bit(cpu);
}

/** What is to be forgotten. */
export interface FlushInfo {
  /** null: whatever a CPU has loaded. */
  readonly mm: Mm | null;
  readonly start: number;
  /** TLB_FLUSH_ALL: everything. */
  readonly end: number;
  /** 2^stride_shift bytes lie between the addresses to forget. */
  readonly stride_shift: number;
  readonly new_tlb_gen: number;
  readonly freed_tables: boolean;
}

/** For callers outside of the scheduler, which have interrupts on. */
export function* switch_mm(k: Kernel, cpu: Cpu, next: Mm, task: Task): Steps<void> {
  yield* k.switch_mm_irqs_off(cpu, next, task);
}

/** Loads `next` on a CPU. Idle and kernel threads come here only to get rid of what they borrow (`next`: init_mm). */
export function* switch_mm_irqs_off(k: Kernel, cpu: Cpu, next: Mm, task: Task): Steps<void> {
  const tlb = k.tlbOf(cpu.id);
  const prev = cpu.loaded_mm;
  const was_lazy = cpu.is_lazy;
  cpu.is_lazy = 0;
  if (prev === next) {
    if (!was_lazy) return;
    // A flush may have been skipped while lazy: catch up by the generation.
    if (cpu.ctxs_tlb_gen(cpu.loaded_mm_asid) === next.tlb_gen) return;
    cpu.set_ctxs_tlb_gen(cpu.loaded_mm_asid, next.tlb_gen);
    tlbFlushPcid(tlb, cpu.loaded_mm_asid);
    yield k.trace.switch_mm(next, cpu.id, task);
    return;
  }
  // Since 6.14 the CPU stays in the mask of the one that it leaves until a flush reaches it: writing to a mask is dear.
  if (prev && prev !== k.init_mm && k.config.version === "6.12") clear_cpu(prev, cpu);
  if (next !== k.init_mm && !in_mask(next.cpu_bitmap, cpu.id)) next.cpu_bitmap += cpu_bit(cpu);
  const { asid, flush } = choose_new_asid(k, cpu, next);
  if (flush) {
    cpu.set_ctxs_ctx_id(asid, next.ctx_id);
    cpu.set_ctxs_tlb_gen(asid, next.tlb_gen);
    tlbFlushPcid(tlb, asid);
  }
  cpu.loaded_mm = next;
  cpu.loaded_mm_asid = asid;
  yield k.trace.switch_mm(next, cpu.id, task);
}

function choose_new_asid(k: Kernel, cpu: Cpu, next: Mm): { asid: number; flush: boolean } {
  if (!k.config.pcid) return { asid: 0, flush: true };
  for (let asid = 0; asid < TLB_NR_DYN_ASIDS; asid++) {
    if (cpu.ctxs_ctx_id(asid) === next.ctx_id) return { asid, flush: cpu.ctxs_tlb_gen(asid) < next.tlb_gen };
  }
  const asid = cpu.next_asid;
  cpu.next_asid = (asid + 1) % TLB_NR_DYN_ASIDS;
  return { asid, flush: true };
}

/** A kernel thread or the idle task comes: the loaded tables stay, as nobody will use user addresses. */
export function enter_lazy_tlb(_k: Kernel, cpu: Cpu): void {
  if (cpu.loaded_mm !== null) cpu.is_lazy = 1;
}

/** Makes every CPU forget [start, end) of `mm`; 2^stride_shift is the size of a page there. */
export function* flush_tlb_mm_range(
  k: Kernel,
  mm: Mm,
  start: number,
  end: number,
  stride_shift: number,
  freed: "freed tables" | "no tables",
): Steps<void> {
  let from = start;
  let to = end;
  if (end === TLB_FLUSH_ALL || (end - start) / 2 ** stride_shift > tlb_single_page_flush_ceiling) {
    from = 0;
    to = TLB_FLUSH_ALL;
  }
  mm.tlb_gen++;
  const freed_tables = freed === "freed tables";
  const info: FlushInfo = { mm, start: from, end: to, stride_shift, new_tlb_gen: mm.tlb_gen, freed_tables };
  if (any_but(mm.cpu_bitmap, k.cpu)) yield* k.flush_tlb_multi(mm.cpu_bitmap, info);
  else if (k.cpu.loaded_mm === mm) yield* k.flush_tlb_func(info, k.cpu, "local");
  // 6.12 tells of the range that the CPUs flush.
  const told = k.config.version === "6.12" ? info : { start, end };
  yield* k.mmu_notifier_arch_invalidate_secondary_tlbs(mm, told.start, told.end);
}

export function* flush_tlb_mm(k: Kernel, mm: Mm): Steps<void> {
  yield* k.flush_tlb_mm_range(mm, 0, TLB_FLUSH_ALL, 12, "freed tables");
}

/** For whoever changed entries of a VMA; tables may be among them. */
export function* flush_tlb_range(k: Kernel, vma: Vma, start: number, end: number): Steps<void> {
  const stride_shift = vma.vm_flags & VM_HUGETLB ? 21 : 12;
  yield* k.flush_tlb_mm_range(vma.vm_mm!, start, end, stride_shift, "freed tables");
}

export function* flush_tlb_page(k: Kernel, mm: Mm, address: number): Steps<void> {
  yield* k.flush_tlb_mm_range(mm, address, address + PAGE_SIZE, 12, "no tables");
}

/** Interrupts the other CPUs of `mask`, flushes here, waits for them. Lazy ones may sleep on unless tables go away. */
export function* flush_tlb_multi(k: Kernel, mask: number, info: FlushInfo): Steps<void> {
  const me = k.cpu;
  const asked = (cpu: Cpu) => in_mask(mask, cpu.id) && (info.freed_tables || !cpu.is_lazy);
  const targets: Cpu[] = [];
  for (let id = 0; mask >= 2 ** id; id++) if (id !== me.id && asked(k.cpuOf(id))) targets.push(k.cpuOf(id));
  for (const cpu of targets) {
    k.queue_ipi(cpu, info);
    yield k.trace.ipi(cpu.id, info.mm, me.id);
  }
  if (asked(me)) yield* k.flush_tlb_func(info, me, "local");
  if (targets.length > 0) yield* k.wait_for_cpus(targets);
}

export function* wait_for_cpus(k: Kernel, cpus: readonly Cpu[]): Steps<void> {
  const done = () => cpus.every((cpu) => cpu.pending === 0);
  k.runInterrupts();
  while (!done()) yield k.wait(done, "other CPUs to flush");
}

/** For reclaim: the CPUs of `mask` forget everything of what they have loaded, where they are behind. */
export function* arch_tlbbatch_flush(k: Kernel, mask: number): Steps<void> {
  const everything = { mm: null, start: 0, end: TLB_FLUSH_ALL, stride_shift: 0, new_tlb_gen: TLB_GENERATION_INVALID };
  const info: FlushInfo = { ...everything, freed_tables: false };
  if (any_but(mask, k.cpu)) yield* k.flush_tlb_multi(mask, info);
  else if (in_mask(mask, k.cpu.id)) yield* k.flush_tlb_func(info, k.cpu, "local");
}

/** The CPUs of either mask. */
export function mask_or(_k: Kernel, a: number, b: number): number {
  let both = a;
  for (let bit = 1; bit <= b; bit *= 2) if (Math.floor(b / bit) % 2 === 1 && Math.floor(a / bit) % 2 === 0) both += bit;
  return both;
}

/** On the CPU that was interrupted, or here: forgets, unless this CPU is past that generation already. */
export function* flush_tlb_func(k: Kernel, info: FlushInfo, cpu: Cpu, where: "local" | "remote"): Steps<void> {
  const { start, end, stride_shift, new_tlb_gen } = info;
  const mm = cpu.loaded_mm;
  if (info.mm && info.mm !== mm) {
    // The task has moved on: this CPU need not be asked again.
    clear_cpu(info.mm, cpu);
    return;
  }
  if (!mm || mm === k.init_mm) return;
  // Switching to the kernel's own tables is cheaper than following all flushes.
  if (cpu.is_lazy) {
    yield* k.switch_mm_irqs_off(cpu, k.init_mm, cpu.curr!);
    return;
  }
  const asid = cpu.loaded_mm_asid;
  const known = cpu.ctxs_tlb_gen(asid);
  if (new_tlb_gen !== TLB_GENERATION_INVALID && new_tlb_gen <= known) return;
  if (known === mm.tlb_gen) return;
  const tlb = k.tlbOf(cpu.id);
  const stride = 2 ** stride_shift;
  // A part may be flushed only by who is just one generation behind; whoever missed one flushes all.
  const partial = end !== TLB_FLUSH_ALL && new_tlb_gen === known + 1 && new_tlb_gen === mm.tlb_gen;
  if (partial) for (let address = start; address < end; address += stride) tlbInvalidatePage(tlb, address, asid);
  else tlbFlushPcid(tlb, asid);
  cpu.set_ctxs_tlb_gen(asid, mm.tlb_gen);
  const local = info.mm ? TLB_LOCAL_MM_SHOOTDOWN : TLB_LOCAL_SHOOTDOWN;
  const pages = partial ? Math.floor((end - start) / stride) : -1;
  yield k.trace.tlb_flush(where === "local" ? local : TLB_REMOTE_SHOOTDOWN, pages, mm, cpu.id, partial ? start : 0);
}

/** Every CPU forgets everything. */
export function* flush_tlb_all(k: Kernel, reason: string): Steps<void> {
  const me = k.cpu;
  const targets: Cpu[] = [];
  for (let id = 0; id < k.config.cpus; id++) if (id !== me.id) targets.push(k.cpuOf(id));
  for (const cpu of targets) {
    k.queue_ipi(cpu, null);
    yield k.trace.ipi(cpu.id, null, me.id);
  }
  yield* k.do_flush_tlb_all(me, reason);
  yield* k.wait_for_cpus(targets);
}

export function* do_flush_tlb_all(k: Kernel, cpu: Cpu, reason: string): Steps<void> {
  const tlb = k.tlbOf(cpu.id);
  for (let asid = 0; asid < TLB_NR_DYN_ASIDS; asid++) tlbFlushPcid(tlb, asid);
  // No generation is taken over: whoever is behind flushes once more.
  yield k.trace.tlb_flush(reason, -1, cpu.loaded_mm, cpu.id, 0);
}

/** Work for another CPU: a flush, of everything for null, or nothing but to answer. A CPU does what it was asked in order. */
export function queue_ipi(_k: Kernel, cpu: Cpu, info: FlushInfo | null | "sync"): void {
  const request =
    info === "sync"
      ? [SYNC_ONLY]
      : info
        ? [
            info.mm ? idOf(info.mm) : 0,
            info.start,
            info.end,
            info.stride_shift,
            info.new_tlb_gen,
            info.freed_tables ? 1 : 0,
          ]
        : [];
  cpu.call_queue = [...cpu.call_queue, request];
  cpu.pending = cpu.call_queue.length;
}

/** The interrupt handler of a CPU: does what is queued (smp_call_function). */
export function* handle_ipi(k: Kernel, cpu: Cpu): Steps<void> {
  while (cpu.call_queue.length > 0) {
    const [mm, start, end, stride_shift, new_tlb_gen, freed] = cpu.call_queue[0]!;
    if (mm === SYNC_ONLY) yield k.trace.tlb_remove_table_smp_sync(cpu.id);
    else if (mm === undefined) yield* k.do_flush_tlb_all(cpu, TLB_REMOTE_SHOOTDOWN);
    else {
      const info: FlushInfo = {
        mm: mm === 0 ? null : (k.store.storage("mm_struct").deref(mm) as Mm),
        start: start!,
        end: end!,
        stride_shift: stride_shift!,
        new_tlb_gen: new_tlb_gen!,
        freed_tables: freed === 1,
      };
      yield* k.flush_tlb_func(info, cpu, "remote");
    }
    cpu.call_queue = cpu.call_queue.slice(1);
    cpu.pending = cpu.call_queue.length;
    yield k.trace.ipi_done(cpu.id);
  }
}
