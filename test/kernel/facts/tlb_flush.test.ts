// Every fact E2.*: which CPUs flush how many pages when a process of private anonymous memory loses translations.
import assert from "node:assert/strict";
import { type Driver, drive, noPatch } from "../harness.ts";
import { tlbFlushFacts } from "./tlb_flush.ts";

const BASE = 2 ** 44;
const ELSEWHERE = 2 ** 45;
const FOUR_MIB = 2 ** 22;
const SHORT: Readonly<Record<string, string>> = { "local mm shootdown": "local", "remote shootdown": "remote" };

/** Bytes mapped before, and the call. What is part of a larger mapping leaves its page tables in place. */
const operations: Readonly<
  Record<string, { mapped(bytes: number): number; call(bytes: number): readonly [string, ...number[]] }>
> = {
  munmap: { mapped: (bytes) => bytes, call: (bytes) => ["sys_munmap", BASE, bytes] },
  munmap4MB: { mapped: () => FOUR_MIB, call: () => ["sys_munmap", BASE, FOUR_MIB] },
  DONTNEED: { mapped: (bytes) => bytes, call: (bytes) => ["sys_madvise", BASE, bytes, 4] },
  mprotect_RO: { mapped: (bytes) => bytes, call: (bytes) => ["sys_mprotect", BASE, bytes, 1] },
  mremap: { mapped: () => FOUR_MIB, call: (bytes) => ["sys_mremap", BASE, bytes, bytes, 3, ELSEWHERE] },
};

/** What the machine does about TLBs from now on, as the facts write it. */
function watch({ system: { machine } }: Driver): string[] {
  const seen: string[] = [];
  const sent: { cpu: number; at: number }[] = [];
  machine.listen("ipi", () => sent.push({ cpu: machine.args[2] as number, at: seen.length }));
  machine.listen("tlb_flush", () => {
    const [reason, pages, , cpu] = machine.args;
    const flush = `${SHORT[reason as string]} ${cpu} ${pages}`;
    for (const { cpu: from, at } of sent.splice(0)) seen.splice(at, 0, `ipi ${from} ${pages}`);
    seen.push(flush);
  });
  return seen;
}

/** The process ran on CPU 1, which is idle now. */
function cameFromCpu1(driver: Driver): void {
  const { system } = driver;
  const thread = system.threads[0]!;
  thread.cpu = 1;
  driver.touch(0, BASE, 1, "read");
  const cpu = system.straight.cpuOf(1);
  driver.call(0, "context_switch", cpu, cpu.idle);
  thread.cpu = 0;
}

function measure(id: string): string[] {
  const [, operation, touched, cpus] = id.split(".") as [string, string, string, string];
  const bytes = Number.parseInt(touched, 10) * 4096;
  const { mapped, call } = operations[operation]!;
  const second = cpus === "2cpu" ? [{ cpu: 1, threadOf: 0 }] : [];
  const driver = drive([0, ...second], noPatch, { version: "6.12", memory: 2 ** 28 });
  driver.call(0, "sys_mmap", BASE, mapped(bytes), 3, 0x22, -1, 0);
  // The first measurement of the series came right after the process had moved to CPU 0 (fact H.E2.migr).
  if (id === "E2.munmap.1p.1cpu") cameFromCpu1(driver);
  driver.touch(0, BASE, bytes, "write");
  if (cpus === "2cpu") driver.touch(1, BASE, 1, "read");
  const seen = watch(driver);
  const [name, ...args] = call(bytes);
  assert.ok(driver.call(0, name, ...args) >= 0);
  return seen;
}

describe("TLB flushes of unpatched Linux 6.12", () => {
  for (const fact of tlbFlushFacts.trim().split("\n")) {
    const [id, events] = fact.split(" => ") as [string, string];
    it(id, () => assert.deepEqual(measure(id), events.split(", ")));
  }

  it("H.E2.migr: after a move the first flush still interrupts the old CPU, where nothing is flushed; later ones do not", () => {
    const driver = drive([0], noPatch, { version: "6.12", memory: 2 ** 28 });
    for (const at of [BASE, ELSEWHERE]) driver.call(0, "sys_mmap", at, 4096, 3, 0x22, -1, 0);
    cameFromCpu1(driver);
    for (const at of [BASE, ELSEWHERE]) driver.touch(0, at, 4096, "write");
    const seen = watch(driver);
    for (const at of [BASE, ELSEWHERE]) driver.call(0, "sys_munmap", at, 4096);
    assert.deepEqual(seen, ["ipi 0 1", "local 0 1", "local 0 1"]);
  });
});
