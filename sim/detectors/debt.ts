// Translations whose rights a thread has taken away and not flushed yet: an immutable list, the newest first.
import type { Hashed } from "../core/hash.ts";

export class Debt implements Hashed {
  /** Where it is cached (tlb_watch.ts), and the frame that it leads to. */
  readonly fill: number;
  readonly pfn: number;
  readonly before: Debt | null;

  constructor(fill: number, pfn: number, before: Debt | null) {
    this.fill = fill;
    this.pfn = pfn;
    this.before = before;
  }

  *hashParts(): Iterable<unknown> {
    for (let debt: Debt | null = this; debt; debt = debt.before) {
      yield debt.fill;
      yield debt.pfn;
    }
  }
}
