// Which test holds which fact of the measured kernel: none may be missing. A fact's id, or a word of it, stands in the title
// or in the comment of its test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { facts } from "./facts.ts";

/** Facts that came step by step: played, or, where steps were left out in measuring, told in a test. */
const stepwise: Readonly<Record<string, string>> = {
  "C3#0": "sharing: C3: munmap, close and unlink free tables and pages",
  "C4e#0": "measured: H.C4e.stale_remote",
  "H.A.cost": "sharing: H.A.cost",
  "H.C4.stale_own": "measured: H.C4.stale_own",
  "H.C4e.stale_remote": "measured: H.C4e.stale_remote",
  "H.C4e.stale_write": "measured: H.C4e.stale_write",
  "H.C5b.reclaim": "measured: H.C5b.reclaim",
  "H.C4d.mprotect": "sharing: C4d: mprotect of the whole mapping",
  "H.lockdep": "sharing: C5: the host's mmap_lock",
  "H.E1.calls": "sharing: E1: the first fault compares",
};
const played = "A#0 A#1 A#3 A#5 A#6 A#7 A#8 A#9 A#10 A#11 A#12 B5#0 B5#1 B5#2 C1#0 C4#0 C4#1 C4#2 C4e#1 H.B3.fs".split(
  " ",
);

/** Facts that came as sentences. */
const sentences: Readonly<Record<string, string>> = {
  "mshare_info reads 512 GiB; modes and inode numbers": "filesystem: mshare_info",
  "first toucher: 4,097 hardware faults, 4,096 counted": "sharing: H.A.cost",
  "the link fault is not counted": "sharing: E1: the first fault compares",
  "every later process: one fault, none counted": "sharing: H.A.cost",
  "64 processes": "measured: A: 64 processes",
  "a new process on a page that nobody has": "measured: A: the first access of a new process",
  "tables of others are seen": "measured: A: tables that others add later",
  "fault-around through the host": "measured: A: pages that are there without entries",
  "holes; read pages are writable": "measured: A: holes cost a fault a page",
  "page tables in kB, SecPageTables": "sharing: SecPageTables",
  "tables and pages stay until unlink": "sharing: A: pages and tables stay",
  "VmPTE, RssShmem, VmSize": "measured: A: users of the region have no RSS",
  "smaps and pagemap": "sharing: A: smaps says private and whole",
  mincore: "facts: mincore",
  "faults run twice": "sharing: A: every fault runs twice",
  "plain memory under the VMA's lock": "measured: A: plain memory succeeds",
  "no huge pages": "measured: A: MADV_HUGEPAGE",
  "B1 SET_SIZE and GET_SIZE": "ioctls: SET_SIZE with start 0 may be repeated",
  "B1 size 0": "ioctls: SET_SIZE with size 0",
  "B1 no user address": "ioctls: SET_SIZE beyond user addresses",
  "B1 O_RDONLY": "ioctls: through a descriptor that was opened for reading",
  "B1 unknown requests, NULL": "ioctls: with a NULL argument",
  "B1 CREATE_MAPPING": "ioctls: CREATE_MAPPING",
  "B1 LOCKED and POPULATE": "ioctls: LOCKED and POPULATE populate nothing",
  "B1 adjacent, by others, later": "measured: B1: adjacent",
  "B1 second slot": "measured: B1: a second slot",
  B3: "filesystem: H.B3.fs",
  "B4 munmap and mmap of parts": "measured: B4: nothing can be mapped over a part",
  "B4 mprotect, DONTNEED": "sharing: B4: parts can neither be unmapped nor protected",
  "B4 POPULATE_WRITE": "measured: B4: MADV_POPULATE_WRITE",
  "B4 DONTNEED_LOCKED, PAGEOUT": "measured: B4: MADV_DONTNEED_LOCKED",
  "B5 DONTFORK": "measured: B5: madvise(DONTFORK)",
  B6: "measured: B6: an unlinked region lives on",
  C1: "sharing: C1: after munmap the tables stay linked",
  C3: "sharing: C3: munmap, close and unlink",
  "C4 control": "measured: C4, control",
  C5: "sharing: C5",
  "E1 hole": "sharing: E1: a hole in the region",
};

describe("mshare v3: facts", () => {
  it("that came step by step are played, or told in a test", () => {
    assert.deepEqual(facts.map(({ id }) => id).sort(), [...played].sort());
    for (const [id, where] of Object.entries(stepwise)) holds(id, where);
  });

  it("that came as sentences are told in a test", () => {
    for (const [fact, where] of Object.entries(sentences)) holds(fact, where);
  });
});

function holds(fact: string, where: string): void {
  const [file, ...title] = where.split(": ");
  const name = file === "facts" ? "facts.ts" : `${file}.test.ts`;
  const text = readFileSync(`test/designs/mshare-v3/${name}`, "utf8");
  assert.ok(text.includes(title.join(": ")), `${fact}: no test "${title.join(": ")}" in ${name}`);
}
