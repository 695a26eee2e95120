// Mechanisms of mm step by step: what 6.18.44 showed by its tracepoints tlb_flush and rss_stat, with their stack traces, for
// private anonymous memory of one thread unless it is said otherwise.
import assert from "node:assert/strict";
import { openDebugSession } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { passes, run } from "../scenario/run/running.ts";
import { answerOf, go } from "../session/answers.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 44;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MAP_PRIVATE_ANON_FIXED = 0x32;

function mapped(bytes: number, version: "6.12" | "6.18" = "6.18"): Driver {
  const driver = drive([0], noPatch, { version, memory: 2 ** 31 });
  driver.call(0, "sys_mmap", BASE, bytes, 3, MAP_PRIVATE_ANON_FIXED, -1, 0);
  return driver;
}

/** One page in each of 512 page tables. */
function sparse(version: "6.12" | "6.18"): Driver {
  const driver = mapped(GIB, version);
  for (let at = 0; at < GIB; at += 2 * MIB) driver.touch(0, BASE + at, 4096, "write");
  return driver;
}

/** Pages of each flush from now on, -1 for all. */
function flushes({ system: { machine } }: Driver): number[] {
  const seen: number[] = [];
  machine.listen("tlb_flush", () => seen.push(machine.args[1] as number));
  return seen;
}

describe("mechanisms of mm", () => {
  it("509 page tables are a batch, which is flushed; before 6.14 they lie with the pages", () => {
    for (const [version, call, expected] of [
      ["6.18", ["sys_munmap", BASE, GIB], [-1, -1]],
      ["6.18", ["sys_madvise", BASE, GIB, 4], [-1, -1]],
      ["6.12", ["sys_munmap", BASE, GIB], [-1]],
    ] as const) {
      const driver = sparse(version);
      const seen = flushes(driver);
      assert.equal(driver.call(0, ...(call as readonly [string, ...number[]])), 0);
      assert.deepEqual(seen, expected, `${version} ${call[0]}`);
    }
  });

  it("9678 pages fill a gather: then the tables get a flush of their own, counted in what a table maps", () => {
    for (const [pages, expected] of [
      [9677, [-1]],
      [9678, [-1, 17]],
    ] as const) {
      const driver = mapped(128 * MIB);
      driver.touch(0, BASE, pages * 4096, "write");
      const seen = flushes(driver);
      driver.call(0, "sys_munmap", BASE, pages * 4096);
      assert.deepEqual(seen, expected, `${pages} pages`);
    }
  });

  it("tables without pages are flushed as no page at all", () => {
    const driver = mapped(2 * MIB);
    driver.touch(0, BASE, 4096, "write");
    driver.call(0, "sys_madvise", BASE, 2 * MIB, 4);
    const seen = flushes(driver);
    driver.call(0, "sys_munmap", BASE, 2 * MIB);
    assert.deepEqual(seen, [0]);
  });

  it("who exits has its tables loaded lazily: the flush loads the kernel's instead, and is none", () => {
    const driver = mapped(MIB);
    driver.touch(0, BASE, MIB, "write");
    const seen = flushes(driver);
    const loads = driver.count("switch_mm");
    driver.call(0, "sys_exit", 0);
    assert.deepEqual(seen, []);
    assert.equal(driver.count("switch_mm"), loads + 1);
  });

  it("a thread that exits leaves its CPU lazy: only what frees tables interrupts it", () => {
    const driver = drive([0, { cpu: 1, threadOf: 0 }], noPatch, { memory: 2 ** 28 });
    driver.call(0, "sys_mmap", BASE, 2 * MIB, 3, MAP_PRIVATE_ANON_FIXED, -1, 0);
    driver.touch(0, BASE, 8192, "write");
    driver.touch(1, BASE, 4096, "read");
    driver.call(1, "sys_exit", 0);
    const cpu = driver.system.straight.cpuOf(1);
    assert.equal(cpu.is_lazy, 1);
    const sent = driver.count("ipi");
    driver.call(0, "sys_mprotect", BASE, 4096, 1);
    assert.equal(driver.count("ipi"), sent);
    driver.call(0, "sys_munmap", BASE, 2 * MIB);
    assert.equal(driver.count("ipi"), sent + 1);
    assert.equal(cpu.loaded_mm, driver.system.straight.init_mm);
  });

  it("who goes on to another process leaves the CPU in the mask until a flush reaches it; before 6.14 it left at once", () => {
    for (const [version, interrupts] of [
      ["6.18", 1],
      ["6.12", 0],
    ] as const)
      passes(`kernel linux { version: "${version}" }
        machine { cpus: 2, memory: 64MiB }
        process a on cpu 1
        process b on cpu 1
        a: p = mmap(16TiB, 8KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
        a: touch(p, 8KiB, write)
        cpu 1: switch_to(b)
        cpu 0: switch_to(a)
        a: madvise(p, 4KiB, MADV_DONTNEED)
        expect count(ipi) == ${interrupts}
        a: madvise(p, 8KiB, MADV_DONTNEED)
        expect count(ipi) == ${interrupts}`);
  });

  it("a CPU that had it loaded lazily loads the kernel's own tables; since 6.14 one more interrupt finds it gone", () => {
    for (const [version, interrupts] of [
      ["6.18", [1, 1, 0]],
      ["6.12", [1, 0, 0]],
    ] as const) {
      const driver = drive([0, { cpu: 1, threadOf: 0 }], noPatch, { version });
      for (const at of [0, GIB, 2 * GIB]) {
        driver.call(0, "sys_mmap", BASE + at, MIB, 3, MAP_PRIVATE_ANON_FIXED, -1, 0);
        driver.touch(0, BASE + at, 8192, "write");
      }
      driver.touch(1, BASE, 4096, "read");
      driver.call(1, "sys_exit", 0);
      const sent = interrupts.map((_, i) => {
        const before = driver.count("ipi");
        driver.call(0, "sys_munmap", BASE + i * GIB, MIB);
        return driver.count("ipi") - before;
      });
      assert.deepEqual(sent, interrupts, version);
    }
  });

  it("PageTables counts a table until it is freed, after the flush; 6.12 until it is unlinked", () => {
    for (const [version, counted] of [
      ["6.18", 3],
      ["6.12", 0],
    ] as const) {
      const driver = mapped(2 * MIB, version);
      driver.touch(0, BASE, 4096, "write");
      const { machine, straight } = driver.system;
      const { vmstat } = straight;
      const before = vmstat.nr_pagetable;
      let atFlush = 0;
      machine.listen("tlb_flush", () => (atFlush = vmstat.nr_pagetable));
      driver.call(0, "sys_munmap", BASE, 2 * MIB);
      assert.deepEqual([atFlush - vmstat.nr_pagetable, before - vmstat.nr_pagetable], [counted, 3], version);
    }
  });

  it("RSS changes once for a table that is zapped or copied, before its lock is released", () => {
    const driver = drive([0, { cpu: 1, forked: true }], noPatch, { memory: 2 ** 28 });
    driver.call(0, "sys_mmap", BASE, 2 * MIB, 3, MAP_PRIVATE_ANON_FIXED, -1, 0);
    driver.touch(0, BASE, 8192, "write");
    const { machine } = driver.system;
    const mm = driver.task(0).mm!;
    const parent: number[] = [];
    machine.listen("set_pte", () => parent.push(mm.rss_anon));
    driver.call(0, "sys_fork", driver.task(1));
    assert.equal(driver.task(1).mm!.rss_anon, 2);
    parent.length = 0;
    driver.call(0, "sys_madvise", BASE, 2 * MIB, 4);
    assert.deepEqual(parent, [2, 2]);
    assert.equal(mm.rss_anon, 0);
  });

  it("MADV_DONTNEED of one VMA lets go of its lock before the flush", () => {
    const driver = mapped(2 * MIB);
    driver.touch(0, BASE, 4096, "write");
    const { machine } = driver.system;
    const seen: string[] = [];
    machine.listen("unlock", () => seen.push(machine.args[1] as string));
    machine.listen("tlb_flush", () => seen.push("flush"));
    driver.call(0, "sys_madvise", BASE, 2 * MIB, 4);
    assert.deepEqual(seen.slice(-2), ["vm_lock", "flush"]);
    assert.ok(!seen.includes("&mm->mmap_lock"));
  });

  it("PT_RECLAIM unlinks a table under the lock with which it was emptied", () => {
    const driver = mapped(2 * MIB);
    driver.touch(0, BASE, 4096, "write");
    const { machine } = driver.system;
    const seen: string[] = [];
    for (const name of ["lock", "unlock", "set_pte", "set_pmd"] as const) machine.listen(name, () => seen.push(name));
    driver.call(0, "sys_madvise", BASE, 2 * MIB, 4);
    const from = seen.indexOf("set_pte");
    assert.deepEqual(seen.slice(from - 1, from + 5), ["lock", "set_pte", "lock", "set_pmd", "unlock", "unlock"]);
  });
});

const UNMAPPING = "vms_clear_ptes < vms_complete_munmap_vmas < do_vmi_align_munmap < do_vmi_munmap < __vm_munmap";
const FLUSHING = "flush_tlb_func < flush_tlb_mm_range";
/** What a process does, and for each of its flushes the functions that 6.18.44 had on its stack and did not inline. */
const stacks: readonly (readonly [string, ...string[]])[] = [
  ["p = mmap(16TiB, 32KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"],
  ["store(p, 1)"],
  ["munmap(p, 32KiB)", `${FLUSHING} < tlb_flush_mmu_tlbonly < tlb_finish_mmu < ${UNMAPPING}`],
  ["mmap(16TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"],
  ["store(p, 1)"],
  ["madvise(p, 2MiB, MADV_DONTNEED)", `${FLUSHING} < tlb_flush_mmu_tlbonly < tlb_finish_mmu < do_madvise`],
  ["store(p, 1)"],
  ["mprotect(p, 4KiB, PROT_READ)", `${FLUSHING} < tlb_flush_mmu_tlbonly < tlb_finish_mmu < do_mprotect_pkey`],
  [
    "mprotect(p, 4KiB, PROT_READ|PROT_WRITE)",
    `${FLUSHING} < tlb_flush_mmu_tlbonly < tlb_finish_mmu < do_mprotect_pkey`,
  ],
  ["fork(b)", `${FLUSHING} < dup_mmap < copy_process < kernel_clone`],
  ["load(p + 20KiB)"],
  ["store(p + 20KiB, 1)", `${FLUSHING} < ptep_clear_flush < do_wp_page < __handle_mm_fault < handle_mm_fault`],
  ["q = mmap(17TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"],
  ["store(q, 1)"],
  [
    "mremap(q, 2MiB, 2MiB, MREMAP_MAYMOVE|MREMAP_FIXED, 18TiB)",
    `${FLUSHING} < move_page_tables < copy_vma_and_data < move_vma < do_mremap`,
    // The old place has no page table any more, but those above.
    `${FLUSHING} < tlb_flush_mmu_tlbonly < tlb_finish_mmu < vms_clear_ptes < vms_complete_munmap_vmas`,
  ],
  ["s = mmap(19TiB, 8KiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"],
  ["store(s, 1)"],
  [
    "munmap(s, 8KiB)",
    `${FLUSHING} < tlb_flush_mmu_tlbonly < unmap_page_range < unmap_vmas < ${UNMAPPING}`,
    `${FLUSHING} < tlb_flush_mmu_tlbonly < tlb_finish_mmu < ${UNMAPPING}`,
  ],
];

describe("call stacks at TLB flushes, as 6.18.44 shows them", () => {
  it("of munmap, madvise, mprotect, fork, copy on write, mremap, and of dirty shared pages", () => {
    const statements = stacks.map(([statement]) => `a: ${statement}`);
    const text = ["machine { cpus: 1, memory: 64MiB }", "process a", "process b", ...statements].join("\n");
    const session = openDebugSession({ ...realHost, read: () => text }, { program: "test.mshare" });
    assert.ok(!("refused" in session), JSON.stringify(session));
    session.setEventBreakpoints([{ text: "tlb_flush" }]);
    for (const [statement, ...expected] of stacks)
      for (const stack of expected) {
        go(session, { kind: "continue" });
        const names: readonly string[] = answerOf(session.stack(session.current)).map(({ name }) => name);
        const inOrder = names.filter((name) => stack.split(" < ").includes(name)).join(" < ");
        assert.equal(inOrder, stack, `${statement}: ${names.join(" < ")}`);
        // There is no other CPU to ask.
        assert.ok(!names.includes("flush_tlb_multi"), names.join(" < "));
      }
  });
});

describe("moving a mapping that a userfaultfd watches", () => {
  it("looks at each entry, as whole tables would take their marks along", () => {
    passes(`machine { cpus: 1, memory: 64MiB }
      process a
      a: p = mmap(16TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
      a: touch(p, 2MiB, write)
      a: u = userfaultfd(O_CLOEXEC)
      a: ioctl(u, UFFDIO_API, { api: UFFD_API, features: 0, ioctls: known }) == 0
      a: ioctl(u, UFFDIO_REGISTER, { range: { start: p, len: 2MiB }, mode: UFFDIO_REGISTER_MODE_MISSING }) == 0
      a: mremap(p, 2MiB, 2MiB, MREMAP_MAYMOVE|MREMAP_FIXED, 17TiB)
      expect count(alloc_table, level == "pte") == 2
      a: mremap(17TiB, 2MiB, 2MiB, MREMAP_MAYMOVE|MREMAP_FIXED, 18TiB)
      expect count(alloc_table, level == "pte") == 2`);
  });
});

describe("filling for a userfaultfd", () => {
  const COPIED = `machine { cpus: 2, memory: 64MiB }
    process a on cpu 0
    thread a.t on cpu 1
    a: q = mmap(15TiB, 8KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
    a: store(q, 1)
    a: p = mmap(16TiB, 32KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
    a: store(p + 28KiB, 1)
    a: u = userfaultfd(O_CLOEXEC)
    a: ioctl(u, UFFDIO_API, { api: UFFD_API, features: 0, ioctls: known })
    a: ioctl(u, UFFDIO_REGISTER, { range: { start: p, len: 32KiB }, mode: UFFDIO_REGISTER_MODE_MISSING })`;

  it("locks the VMA, not mmap_lock; only what has to be faulted in to be copied takes that, the VMA unlocked", () => {
    const text = `${COPIED}
    a: ioctl(u, UFFDIO_COPY, { dst: p, src: q, len: 4KiB })
    a: ioctl(u, UFFDIO_COPY, { dst: p + 4KiB, src: q + 4KiB, len: 4KiB })`;
    const session = openDebugSession({ ...realHost, read: () => text }, { program: "test.mshare" });
    assert.ok(!("refused" in session), JSON.stringify(session));
    session.setEventBreakpoints([{ text: "lock" }, { text: "unlock" }]);
    const seen = new Map<number, string[]>();
    for (;;) {
      const stop = go(session, { kind: "continue" });
      const { kind, line } = answerOf(session.stack(session.current)).at(-1)!;
      if (stop.reason !== "event" || kind !== "scenario") break;
      const [, event, lock] = /^(lock|unlock): (?:&mm->)?(mmap_lock|vm_lock)/.exec(stop.description) ?? [];
      if (event) seen.set(line, [...(seen.get(line) ?? []), `${event} ${lock}`]);
    }
    assert.deepEqual(seen.get(11), ["lock vm_lock", "unlock vm_lock"]);
    assert.deepEqual(seen.get(12), [
      ...["lock vm_lock", "unlock vm_lock"],
      ...["lock mmap_lock", "unlock mmap_lock"],
      ...["lock vm_lock", "unlock vm_lock"],
    ]);
  });

  it("gets on with others who take away what is copied, or what it is copied to", () => {
    for (const address of ["q", "p"])
      for (let seed = 1; seed <= 20; seed++) {
        const { bugs } = run(
          `${COPIED}
          parallel {
            a: ioctl(u, UFFDIO_COPY, { dst: p, src: q, len: 8KiB })
            a.t: munmap(${address}, 8KiB)
          }`,
          `random ${seed}`,
        );
        assert.deepEqual(bugs, [], `${address}, random ${seed}`);
      }
  });
});
