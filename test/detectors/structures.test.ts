// Detectors of misused objects and of what a design says itself.
import assert from "node:assert/strict";
import { type BugObject, formatReport } from "../../sim/detectors/report.ts";
import { entryPfn } from "../../sim/hardware/entry.ts";
import { watched } from "./watched.ts";

describe("detectors", () => {
  it("are silent while a process maps, writes, unmaps and exits", () => {
    const m = watched([0]);
    const p = m.anon(0, 2 ** 22);
    m.touch(0, p, 2 ** 22, "write");
    m.touch(0, p, 2 ** 22, "read");
    assert.equal(m.sys(0, "munmap", p, 2 ** 21), 0);
    m.sys(0, "exit", 0);
    m.detectors.endOfRun();
    assert.deepEqual(m.detectors.reports(), []);
  });

  it("see a freed VMA that is read, and say when it was freed", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    const vma = m.task(0).mm!.mm_mt.at(0)!;
    m.sys(0, "munmap", p, 4096);
    m.as(0, () => void vma.vm_start);
    m.as(0, () => void vma.vm_start);
    const [report, ...others] = m.detectors.reports();
    assert.deepEqual(others, []);
    assert.equal(report!.kind, "use-after-free");
    assert.equal(report!.count, 2);
    assert.match(report!.message, /Read of vm_area_struct\.vm_start by task p0.*freed at step \d+/);
    const [{ born, died, ...object }] = report!.objects as [BugObject];
    assert.deepEqual(object, { type: "vm_area_struct", id: `${vma.slot}#${vma.gen}` });
    assert.ok(born! > 0 && born! < died! && died! <= report!.step, `${born} ${died} ${report!.step}`);
    assert.match(formatReport(report!), /BUG: use-after-free: .*\(2 times\)\nCPU: 0 Comm: p0 Step: \d+/);
  });

  it("let an inspector look at freed objects", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    const vma = m.task(0).mm!.mm_mt.at(0)!;
    m.sys(0, "munmap", p, 4096);
    m.as(0, () => m.detectors.quietly(() => void vma.vm_start));
    void vma.vm_start;
    assert.deepEqual(m.kinds(), []);
  });

  it("see an object that is freed twice", () => {
    const m = watched([0]);
    m.anon(0, 4096);
    const vma = m.task(0).mm!.mm_mt.at(0)!;
    m.as(0, () => {
      m.system.machine.store.free(vma);
      m.system.machine.store.free(vma);
    });
    assert.deepEqual(m.kinds(), ["double-free"]);
  });

  it("see a frame that is freed twice", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    m.touch(0, p, 4096, "write");
    const [, , , pte] = m.system.straight.walk_entries(m.task(0).mm!, p);
    m.sys(0, "munmap", p, 4096);
    m.call(0, "free_page", m.system.straight.page(entryPfn(pte)));
    assert.deepEqual(m.kinds(), ["double-free"]);
  });

  it("see a page-table entry that is read from a frame that is no page table", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    m.touch(0, p, 4096, "write");
    const pmd = m.system.straight.walk_entries(m.task(0).mm!, p)[2];
    m.sys(0, "munmap", p, 4096);
    m.as(0, () => void m.system.straight.read_entry(entryPfn(pmd) * 512));
    assert.deepEqual(m.kinds(), ["use-after-free"]);
    assert.match(m.detectors.reports()[0]!.message, /freed page table; the frame is free/);
  });

  it("see reference counts that go below zero or up from it", () => {
    const m = watched([0]);
    const page = m.system.straight.page(m.system.straight.zone.fresh + 5);
    m.call(0, "put_page", page);
    assert.deepEqual(m.kinds(), ["refcount-underflow"]);
    m.as(0, () => void m.system.straight.get_page(page));
    page.refcount = 0;
    m.as(0, () => void m.system.straight.get_page(page));
    assert.deepEqual(m.kinds(), ["refcount-underflow", "refcount-underflow"]);
  });

  it("check an mm that is freed: counters and tables", () => {
    const m = watched([0]);
    const p = m.anon(0, 4096);
    m.touch(0, p, 4096, "write");
    const { mm } = m.task(0);
    mm!.rss_anon += 2;
    mm!.pgtables_bytes += 4096;
    m.sys(0, "exit", 0);
    assert.deepEqual(m.kinds().sort(), ["page-table-leak", "rss-mismatch"]);
    const rss = m.detectors.reports().find(({ kind }) => kind === "rss-mismatch")!;
    assert.equal(rss.message, "Bad rss-counter state mm:p0 type:MM_ANONPAGES val:2");
  });

  it("pass on warnings, stalls, hangs and null pointers", () => {
    const m = watched([0]);
    const { trace } = m.system.straight;
    m.as(0, () => {
      trace.kernel_warning("kernel BUG at mm/foo.c:1");
      trace.livelock(4096, m.task(0).mm, m.task(0));
      trace.hung_task("p0", "p0 waits for &mm->mmap_lock for reading");
    });
    assert.equal(m.detectors.oops(new RangeError("stack overflow")), false);
    const nothing = null as unknown as { vm_mm: number };
    try {
      void nothing.vm_mm;
    } catch (error) {
      assert.equal(m.detectors.oops(error), true);
    }
    assert.deepEqual(m.kinds(), ["kernel-warning", "livelock", "deadlock", "null-deref"]);
    assert.match(m.detectors.reports()[3]!.message, /uses vm_mm of a null pointer/);
  });
});
