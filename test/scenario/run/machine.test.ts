// Expressions, operations of the kernel and of CPUs, results in structures, labels and bugs.
import assert from "node:assert/strict";
import { ANONYMOUS, passes, run } from "./running.ts";

const REGION = `kernel mshare-v3
process w on cpu 0
w: fd = open("/sys/fs/mshare/db", O_CREAT|O_EXCL|O_RDWR, 0600)
w: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })
`;
const MAPPING = `w: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: 2MiB, offset: 0,
  prot: PROT_READ|PROT_WRITE, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1 })
w: p = mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
`;

describe("the machine as scenarios see it", () => {
  it("shows entries in the encoding of x86-64", () => {
    passes(`process a
      a: p = mmap(16TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
      expect pte(a, a.p).raw == 0 && !pte(a, a.p).present
      a: store(p, 1)
      expect pte(a, a.p).flags == 0x8000000000000067        // NX, dirty, accessed, user, writable, present
      expect pte(a, a.p).raw == pte(a, a.p).pfn * 4096 + pte(a, a.p).flags
      expect pmd(a, a.p).table == page(pmd(a, a.p).pfn) && pmd(a, a.p).table.sharers[0] == mm(a)
      expect walk(a, a.p).pte.pfn == pte(a, a.p).pfn && pagemap(a, a.p).pfn == pte(a, a.p).pfn
      expect pagemap(a, a.p).exclusive && !pagemap(a, a.p).file
      expect vma(a, a.p).vm_start == 16TiB && vma(a, a.p + 4MiB) == null
      expect smaps(a, a.p).Rss == 4KiB && status(a).VmPTE == 12KiB && mm(a).pgtables_bytes == 12KiB
      expect meminfo().PageTables == 16KiB
      expect tlb(0).lookup(a, a.p).pfn == pte(a, a.p).pfn && tlb(1).lookup(a, a.p) == null
      expect count(page_fault) == 1 && count(page_fault, task == a) == 1 && count(page_fault, mm == mm(a)) == 1
      a: smaps(p) == 4KiB
      a: smaps(p, "Nonsense") fails EINVAL
      a: status("VmRSS") == 4KiB`);
  });

  it("shows pages in swap", () => {
    passes(`machine { swap: 16MiB }\nprocess a
      a: p = mmap(0, 64KiB, ${ANONYMOUS})
      a: touch(p, 64KiB, write)
      kernel: swap_out(a, a.p, 4KiB) == 1
      expect pte(a, a.p).swapped && !pte(a, a.p).present && (pte(a, a.p).raw & 1) == 0
      expect pagemap(a, a.p).swap && status(a).VmSwap == 4KiB
      a: load(p) == 1
      expect stat(a).majflt == 1`);
  });

  it("moves a process: the CPU that it left gets one more IPI, and records no flush", () => {
    // facts/linux-6.18, TLB flushes: "after moving the process from CPU1 to CPU0 …".
    passes(`process a on cpu 1\nprocess other on cpu 1
      a: p = mmap(0, 64KiB, ${ANONYMOUS})
      a: touch(p, 64KiB, write)
      cpu 0: switch_to(a) == 0
      other: load(0) faults SIGSEGV
      a: store(p, 2)
      expect tlb(0).lookup(a, a.p) != null
      a: munmap(p, 4KiB)
      expect count(ipi) == 1 && count(tlb_flush, cpu == 1) == 0 && count(tlb_flush, cpu == 0) == 1
      a: munmap(p + 4KiB, 4KiB)
      expect count(ipi) == 1`);
  });

  it("leaves a CPU idle on the last tables until it is told to leave them", () => {
    passes(`process a on cpu 1
      a: p = mmap(0, 64KiB, ${ANONYMOUS})
      a: store(p, 1)
      kernel: exit_idle(1) fails EBUSY
      cpu 1: idle() == 0
      expect tlb(1).lookup(a, a.p) != null
      kernel: exit_idle(1) == 0
      expect tlb(1).lookup(a, a.p) == null
      a: exit()
      cpu 1: switch_to(a) fails ESRCH`);
  });

  it("gives what an ioctl writes in the variables that stand in its structure", () => {
    passes(`${REGION}w: ioctl(fd, MSHAREFS_GET_SIZE, { start: s, size: n }) == 0
      expect w.s == 2TiB
      expect w.n == 512GiB`);
  });

  it("finds bugs at labels: of a statement, of a block, within a block", () => {
    const text = `${REGION}${MAPPING}label here\nparallel {\n  label inner\n  w: store(p, 42)\n}\n`;
    passes(`${text}expect bug lock-recursion at here\nexpect bug lock-recursion at inner\nexpect no bug`);
    const elsewhere = `${REGION}label early\n${MAPPING}w: store(p, 42)\nexpect bug lock-recursion at early`;
    assert.equal(run(elsewhere).expectations.at(-1)?.ok, false);
  });

  it("fails for reports that nobody expects, and holds `unless fixed` to the fix", () => {
    const text = `${REGION}${MAPPING}w: store(p, 42)\n`;
    assert.equal(run(text).verdict, "fail");
    passes(`${text}allow bug lock-recursion, use-after-free`);
    const expecting = `${text}expect bug lock-recursion unless fixed nested-mmap-lock`;
    passes(expecting);
    passes(expecting.replace("mshare-v3", "mshare-v3 { fixes: [nested-mmap-lock] }"));
  });

  it("replays the turns of a random schedule", () => {
    const text = `process a on cpu 0\nprocess b on cpu 1\nparallel {
      a: p = mmap(0, 8KiB, ${ANONYMOUS})
      b: p = mmap(0, 8KiB, ${ANONYMOUS})
      a: store(p, 1)\n b: store(p, 2)\n}`;
    const { schedule, steps, events } = passes(text, "random:5");
    const again = passes(text, schedule);
    assert.equal(again.schedule, schedule);
    assert.deepEqual([again.steps, again.events], [steps, events]);
    assert.equal(passes(text, "random:5").schedule, schedule);
  });
});
