// Each rule broken in a small way: a kernel function replaced, or a structure changed behind the kernel's back.
import assert from "node:assert/strict";
import { entryPfn } from "../../sim/hardware/entry.ts";
import { OOM } from "../../sim/kernel/arch/x86/mm/fault.ts";
import type { Patch } from "../../sim/kernel/boot.ts";
import { mm_struct } from "../../sim/kernel/mm_types.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ } from "../../sim/kernel/uapi/mman.ts";
import { noPatch } from "../kernel/harness.ts";
import { type Watched, watched } from "./watched.ts";

/** The kernel with one function that does nothing. */
const without = (name: string): Patch => ({
  ...noPatch,
  stepping: [{ *[name]() {} }],
  straight: [{ [name]() {} }],
});
const pteOf = (m: Watched, address: number) => m.system.straight.walk_entries(m.task(0).mm!, address)[3];
const THREADS = [0, { cpu: 1, threadOf: 0 }] as const;

describe("the rule about translations", () => {
  it("a frame that is freed without a flush, on the CPU of another thread, and the access that follows", () => {
    const m = watched(THREADS, without("flush_tlb_mm_range"));
    const p = m.anon(0, 2 ** 13);
    m.store(0, p + 4096);
    m.store(1, p);
    m.sys(0, "munmap", p, 4096);
    assert.deepEqual(m.kinds(), ["missing-tlb-flush"]);
    assert.match(
      m.message("missing-tlb-flush"),
      /page pfn:0x\w+ is freed while CPU 1 may still use its translation of p0/,
    );
    m.load(1, p);
    assert.match(
      m.message("stale-tlb-access"),
      /p0 reads 0x\w+ on CPU 1 through a stale translation to pfn:0x\w+, which is free now/,
    );
    assert.match(m.message("permission-bypass"), /has no VMA there/);
  });

  it("with the flush there is nothing to say", () => {
    const m = watched(THREADS);
    const p = m.anon(0, 2 ** 13);
    m.touch(1, p, 2 ** 13, "write");
    m.sys(0, "munmap", p, 4096);
    m.load(1, p);
    assert.deepEqual(m.kinds(), []);
  });

  it("a right that is taken away without a flush is due at the return to user space", () => {
    const m = watched(THREADS, without("flush_tlb_mm_range"));
    const p = m.anon(0, 4096);
    m.store(1, p);
    m.sys(0, "mprotect", p, 4096, PROT_READ);
    assert.deepEqual(m.kinds(), ["missing-tlb-flush"]);
    assert.match(m.message("missing-tlb-flush"), /p0 returns to user space while CPU 1 may still use/);
    m.store(1, p);
    assert.deepEqual(m.kinds(), ["missing-tlb-flush", "stale-tlb-access", "permission-bypass"]);
  });

  it("a page table that is freed while the CPU may still walk it", () => {
    const m = watched([0], without("flush_tlb_mm_range"));
    const p = m.anon(0, 4096);
    m.store(0, p);
    m.sys(0, "munmap", p, 4096);
    const tables = m.detectors.reports().filter(({ message }) => /PTE table .* is freed/.test(message));
    assert.equal(tables.length, 1);
    assert.equal(tables[0]!.kind, "missing-tlb-flush");
  });

  it("a CPU that will flush before it comes back owes nothing", () => {
    const m = watched([0, 0, { cpu: 1, threadOf: 0 }], undefined, { pcid: true });
    const p = m.anon(0, 4096);
    m.store(0, p);
    m.load(1, p);
    m.sys(2, "munmap", p, 4096);
    assert.deepEqual(m.kinds(), []);
  });
});

describe("the rules about locks and counts", () => {
  it("an entry is written by who does not hold the table's lock", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    m.store(0, p);
    const k = m.system.straight;
    const pte = pteOf(m, p);
    const table = entryPfn(k.walk_entries(m.task(0).mm!, p)[2]);
    m.as(0, () => k.set_pte(m.task(0).mm!, p, table * 512 + ((p / 4096) % 512), pte));
    assert.deepEqual(m.kinds(), ["missing-lock"]);
    assert.match(
      m.message("missing-lock"),
      /the PTE entry of p0 for 0x\w+ is written by p0, who does not hold the page table's lock/,
    );
  });

  it("a VMA is taken out by who does not hold mmap_lock", () => {
    const m = watched([0]);
    m.anon(0, 4096);
    const mm = m.task(0).mm!;
    const vma = mm.mm_mt.at(0)!;
    m.as(0, () => m.system.straight.trace.vma_unlink(vma, mm, vma.vm_start, vma.vm_end));
    assert.deepEqual(m.kinds(), ["missing-lock"]);
  });

  it("pages that keep a reference nobody has, found at the end", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    m.store(0, p);
    m.system.straight.page(entryPfn(pteOf(m, p))).refcount++;
    m.sys(0, "exit", 0);
    assert.deepEqual(m.kinds(), []);
    m.detectors.endOfRun();
    assert.deepEqual(m.kinds(), ["refcount-leak"]);
    assert.match(m.message("refcount-leak"), /anon page pfn:0x\w+ has 1 references at the end/);
  });

  it("open files that nobody can close, found at the end", () => {
    const m = watched([0]);
    m.sys(0, "open", "/dev/shm/x", 0o102, 0o600);
    m.task(0).files!.fdt = [];
    m.sys(0, "exit", 0);
    m.detectors.endOfRun();
    assert.match(m.message("refcount-leak"), /the open file \/dev\/shm\/x has f_count 1 at the end/);
  });

  it("a count of page tables that does not fit, found at the end", () => {
    const m = watched([0]);
    m.store(0, m.anon(0, 4096));
    m.system.straight.vmstat.nr_pagetable -= 1;
    m.detectors.endOfRun();
    assert.deepEqual(m.kinds(), ["accounting-mismatch"]);
  });

  it("memory that no task uses, when memory has run out", () => {
    const m = watched([0]);
    const { trace, zone } = m.system.straight;
    m.as(0, () => trace.signal(OOM, 0, m.task(0)));
    assert.deepEqual(m.kinds(), []);
    const host = m.system.machine.store.alloc(mm_struct);
    host.name = "host";
    host.rss_shmem = zone.managed_pages;
    m.as(0, () => trace.signal(OOM, 0, m.task(0)));
    assert.deepEqual(m.kinds(), ["oom-stuck"]);
  });
});

describe("the rules about contents", () => {
  it("a word that was stored is not there any more", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    m.store(0, p, 42);
    m.system.straight.memory.writeWord(entryPfn(pteOf(m, p)), 0, 7, 0);
    m.load(0, p);
    assert.match(
      m.message("data-mismatch"),
      /p0 reads 0x\w+ in pfn:0x\w+, and it holds 0x7, but 0x2a was stored there last/,
    );
  });

  it("copies on write keep what was stored before, and what the kernel writes itself counts", () => {
    const m = watched([0, { cpu: 0, forked: true }]);
    const p = m.anon(0, 4096);
    m.store(0, p, 42);
    m.sys(0, "fork", m.task(1));
    m.store(1, p + 8, 1);
    m.load(1, p);
    m.load(0, p);
    const fd = m.sys(0, "open", "/dev/shm/x", 0o102, 0o600);
    m.sys(0, "pwrite64", fd, p, 8, 0);
    m.sys(0, "pread64", fd, p + 16, 8, 0);
    m.load(0, p + 16);
    assert.deepEqual(m.kinds(), []);
  });

  it("an address that leads to the anonymous page of another one", () => {
    const m = watched([0]);
    const p = m.anon(0, 2 ** 13);
    m.touch(0, p, 2 ** 13, "write");
    const k = m.system.straight;
    const table = entryPfn(k.walk_entries(m.task(0).mm!, p)[2]);
    k.memory.writeEntry(table, (p / 4096) % 512, pteOf(m, p + 4096));
    m.call(0, "flush_tlb_mm", m.task(0).mm!);
    m.load(0, p);
    assert.match(m.message("data-mismatch"), /the anonymous page of another address/);
  });
});

describe("reports", () => {
  const broken = (flavour: "straight" | "stepping") => {
    const m = watched([0, { cpu: 1, threadOf: 0 }], without("flush_tlb_mm_range"));
    const p = m.anon(0, 2 ** 13);
    m.touch(1, p, 2 ** 13, "write");
    m.as(0, () => {
      const unit = m.system.platform.unit("do_syscall", ["munmap", [p, 4096]]);
      if (flavour === "straight") unit.straight();
      else {
        m.system.machine.straight = false;
        for (const _step of unit.stepping());
      }
    });
    m.load(1, p);
    return m;
  };
  const plain = (m: Watched) =>
    m.detectors.reports().map(({ stack, ...rest }) => ({ ...rest, stack: stack.length > 0 }));

  it("are the same whether calls are stepped or run as a whole", () => {
    assert.deepEqual(plain(broken("stepping")), plain(broken("straight")));
    assert.equal(broken("stepping").system.machine.store.hash(), broken("straight").system.machine.store.hash());
  });

  it("go away when the machine goes back, and come again", () => {
    const m = watched([0], without("flush_tlb_mm_range"));
    const p = m.sys(0, "mmap", 0, 4096, PROT_READ | 2, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    m.store(0, p);
    const before = m.system.machine.snapshot();
    m.sys(0, "munmap", p, 4096);
    const found = plain(m);
    assert.ok(found.length > 0);
    m.system.machine.restore(before);
    assert.deepEqual(plain(m), []);
    m.sys(0, "munmap", p, 4096);
    assert.deepEqual(plain(m), found);
  });
});
