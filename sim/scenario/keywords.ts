// The words of the language, for hovers and completion.

export interface KeywordSpec {
  readonly word: string;
  /** Its forms, one a line. */
  readonly forms: string;
  readonly doc: string;
  /** Where it may stand. */
  readonly where: "declaration" | "statement" | "inside";
}

export const keywords: readonly KeywordSpec[] = [
  {
    word: "kernel",
    forms: "kernel DESIGN { option: value, fixes: [ID, …] }\nkernel: op(…)",
    doc: "The kernel design under test and its options; at most once, `linux` where it is left out. Before a colon: something that no process asked for, on CPU 0.",
    where: "declaration",
  },
  {
    word: "machine",
    forms: "machine { cpus: 2, memory: 1GiB, … }",
    doc: "Hardware and boot options.",
    where: "declaration",
  },
  {
    word: "process",
    forms: "process NAME on cpu N\nprocess NAME[COUNT]",
    doc: "A process with its own address space, run by root; or an array of them. Without `on cpu` they are placed round robin.",
    where: "declaration",
  },
  {
    word: "thread",
    forms: "thread PROC.NAME on cpu N",
    doc: "A thread that shares the address space of PROC.",
    where: "declaration",
  },
  {
    word: "schedule",
    forms: "schedule sequential\nschedule random SEED\nschedule [A*12, B until EVENT, C]",
    doc: "How `parallel` blocks interleave, unless the run says otherwise. `A*12` is twelve steps of A, `A until EVENT` runs A to just before its next such event, `A` to its end; what the list leaves runs sequentially.",
    where: "declaration",
  },
  { word: "let", forms: "let NAME = EXPR", doc: "A constant of the file.", where: "declaration" },
  {
    word: "include",
    forms: 'include "other.mshare"',
    doc: "The declarations and statements of another file, in place.",
    where: "declaration",
  },
  {
    word: "cpu",
    forms: "cpu N: switch_to(A)\ncpu N: idle()",
    doc: "Puts a process on a CPU, or leaves the CPU idle in lazy-TLB mode.",
    where: "statement",
  },
  {
    word: "parallel",
    forms: "parallel { … }",
    doc: "Statements of different actors interleave step by step, as the schedule says; those of one actor stay in order.",
    where: "statement",
  },
  {
    word: "repeat",
    forms: "repeat N { … }\nrepeat N as i { … }",
    doc: "A loop; `i` counts from 0.",
    where: "statement",
  },
  {
    word: "expect",
    forms: "expect EXPR\nexpect bug KIND at LABEL unless fixed ID\nexpect no bug",
    doc: "Must be true now, else the run fails; or: such a report by the end of the run, with the named fix on none.",
    where: "statement",
  },
  {
    word: "allow",
    forms: "allow bug KIND, KIND\nallow bugs",
    doc: "Such reports, or any, do not fail the run.",
    where: "statement",
  },
  {
    word: "label",
    forms: "label NAME",
    doc: "A name for the statement behind it, for breakpoints and `at`.",
    where: "statement",
  },
  { word: "fails", forms: "A: call(…) fails ERRNO", doc: "The call must return this errno.", where: "inside" },
  {
    word: "faults",
    forms: "A: load(p) faults SIGSEGV",
    doc: "The access must raise this signal: `SIGSEGV`, `SIGBUS` or `OOM`.",
    where: "inside",
  },
  { word: "on", forms: "process NAME on cpu N", doc: "Pins to a CPU.", where: "inside" },
  { word: "as", forms: "repeat N as i { … }", doc: "Names the counter of a loop.", where: "inside" },
  {
    word: "at",
    forms: "expect bug KIND at LABEL",
    doc: "The report comes from the statement behind that label.",
    where: "inside",
  },
  {
    word: "unless",
    forms: "expect bug KIND unless fixed ID",
    doc: "With this fix on, no such report may come.",
    where: "inside",
  },
  {
    word: "fixed",
    forms: "expect bug KIND unless fixed ID",
    doc: "With this fix on, no such report may come.",
    where: "inside",
  },
  {
    word: "until",
    forms: "schedule [A until EVENT]",
    doc: "Runs A to just before its next such event.",
    where: "inside",
  },
  {
    word: "random",
    forms: "schedule random SEED",
    doc: "A random interleaving, the same for the same seed.",
    where: "inside",
  },
  { word: "sequential", forms: "schedule sequential", doc: "One actor after the other.", where: "inside" },
  { word: "bug", forms: "expect bug KIND\nallow bug KIND", doc: "A report of a detector.", where: "inside" },
  { word: "bugs", forms: "allow bugs", doc: "Any report.", where: "inside" },
  {
    word: "no",
    forms: "expect no bug",
    doc: "No report that is neither expected nor allowed; the default.",
    where: "inside",
  },
  {
    word: "fixes",
    forms: "kernel DESIGN { fixes: [ID, …] }",
    doc: "Mends known bugs of the design, by id; `all` mends every one.",
    where: "inside",
  },
];

export const keywordsByWord: ReadonlyMap<string, KeywordSpec> = new Map(
  keywords.map((keyword) => [keyword.word, keyword]),
);
