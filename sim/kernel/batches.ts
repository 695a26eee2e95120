// The kinds of runs that this kernel can do at once (core/batch.ts). Each file declares its own, beside the functions that
// do one element.
import type { Batch } from "../core/batch.ts";
import type { Machine } from "../core/machine.ts";
import { type AnonFaults, anon_faults, charged_anon_faults } from "./mm/memory_batch.ts";
import { type AnonZaps, anon_zaps } from "./mm/memory_zap_batch.ts";
import { type PageFrees, page_frees } from "./mm/page_alloc_batch.ts";

export interface Batches {
  readonly faults: Batch<AnonFaults>;
  readonly charged_faults: Batch<AnonFaults>;
  readonly zaps: Batch<AnonZaps>;
  readonly frees: Batch<PageFrees>;
}

/** `replaced`: kernel functions that a design has other ones for. */
export function createBatches(machine: Machine, replaced: ReadonlySet<string>): Batches {
  const batch = <R>(spec: Parameters<Machine["batch"]>[0]): Batch<R> => {
    const made = machine.batch<R>(spec);
    if (spec.functions.some((name) => replaced.has(name))) made.refuse();
    return made;
  };
  return {
    faults: batch(anon_faults),
    charged_faults: batch(charged_anon_faults),
    zaps: batch(anon_zaps),
    frees: batch(page_frees),
  };
}
