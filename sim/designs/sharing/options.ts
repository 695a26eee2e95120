// Options that the sharing designs have in common.
import type { Kernel } from "../../kernel/kernel.ts";
import type { OptionSpec } from "../design.ts";

export const tlbFlush: OptionSpec = {
  name: "tlb_flush",
  doc: "Who is told when an entry of shared tables changes: `none` but the CPUs of the one mm through which it was changed (a host mm has none), as posted; `all` CPUs; the CPUs of the host's `mm_cpumask`, kept up to date; each VMA of the file's `i_mmap`, one after the other; their CPUs in a `single_mask`; or all CPUs by an `mmu_notifier` of the host. See docs/tlb-flush.md.",
  values: ["none", "all", "mm_cpumask", "i_mmap", "single_mask", "mmu_notifier"],
  default: "none",
};

export const mmapLock: OptionSpec = {
  name: "mmap_lock",
  doc: "How a host's mmap_lock is taken inside a guest's: `plain`, as posted, or `nested`, with an annotation for lockdep (mmap_read_lock_nested, as the author answers on 2024-10-07).",
  values: ["plain", "nested"],
  default: "plain",
};

/** Whether lockdep is told; the mend of "nested-mmap-lock" is that option. */
export const lock_is_annotated = (k: Kernel): boolean =>
  k.fixed("nested-mmap-lock") || k.option("mmap_lock") === "nested";
