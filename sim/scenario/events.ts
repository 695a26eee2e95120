// The events whose names are fixed; others bear the name of the kernel function or tracepoint that makes them.

export interface EventSpec {
  readonly name: string;
  readonly doc: string;
}

export const fixedEvents: readonly EventSpec[] = [
  { name: "page_fault", doc: "A hardware page fault, also one that minflt does not count." },
  { name: "tlb_flush", doc: "A CPU flushes translations because a mapping changed; one event a CPU." },
  { name: "switch_mm", doc: "A CPU loads another mm at a task switch." },
  { name: "ipi", doc: "A CPU interrupts another one." },
  { name: "set_pgd", doc: "An entry of a PGD is written." },
  { name: "set_p4d", doc: "An entry of a P4D table is written." },
  { name: "set_pud", doc: "An entry of a PUD table is written." },
  { name: "set_pmd", doc: "An entry of a PMD table is written." },
  { name: "set_pte", doc: "An entry of a PTE table is written." },
  { name: "pgd_populate", doc: "A PGD entry gets a table below it." },
  { name: "p4d_populate", doc: "A P4D entry gets a PUD table below it." },
  { name: "pud_populate", doc: "A PUD entry gets a PMD table below it." },
  { name: "pmd_populate", doc: "A PMD entry gets a PTE table below it." },
  { name: "alloc_page", doc: "A frame is taken from the free ones." },
  { name: "free_page", doc: "A frame goes back to the free ones." },
  { name: "alloc_table", doc: "A page table is made." },
  { name: "free_table", doc: "A page table is freed." },
  { name: "lock", doc: "A lock is taken." },
  { name: "unlock", doc: "A lock is released." },
  { name: "get_page", doc: "A page's reference count goes up." },
  { name: "put_page", doc: "A page's reference count goes down." },
];
