// get_user_pages_fast, by what the comment above gup_fast of Linux's mm/gup.c and CVE-2025-38085 say: interrupts are off
// during the walk, so that whoever waits for an answer of every CPU, or a grace period, waits for the walk.
import assert from "node:assert/strict";
import { entryPfn } from "../../sim/hardware/entry.ts";
import { pte_offset } from "../../sim/kernel/arch/x86/mm/pgtable.ts";
import { KVM_CREATE_VM, KVM_SET_USER_MEMORY_REGION } from "../../sim/kernel/uapi/kvm.ts";
import { MAP_ANONYMOUS, MAP_FIXED, MAP_HUGETLB, MAP_PRIVATE, MAP_SHARED } from "../../sim/kernel/uapi/mman.ts";
import { type Watched, watched } from "../detectors/watched.ts";
import { noPatch } from "./harness.ts";

const HUGE = 2 ** 21;
const BASE = 2 ** 44;
const VM = 4;

/** A process with a guest in its memory at BASE, of huge pages or small ones, and a thread on another CPU. */
function guest(flags: number): Watched {
  const m = watched([0, { cpu: 1, threadOf: 0 }], noPatch, { hugepages: 4 });
  assert.equal(m.sys(0, "mmap", BASE, 2 * HUGE, 3, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0), BASE);
  m.sys(0, "open", "/dev/kvm", 2);
  assert.equal(m.sys(0, "ioctl", 3, KVM_CREATE_VM, 0), VM);
  const region = { slot: 0n, guest_phys_addr: 0n, memory_size: BigInt(2 * HUGE), userspace_addr: BigInt(BASE) };
  assert.equal(m.sys(0, "ioctl", VM, KVM_SET_USER_MEMORY_REGION, region), 0);
  return m;
}

const read = (m: Watched, gpa: number) => BigInt(m.sys(0, "kvm_load", VM, gpa) as unknown as bigint);

/** Does the steps of a call until it has read an entry of `level`, and leaves it there. */
function stopAt(m: Watched, level: string): () => void {
  const { machine, platform, threads } = m.system;
  m.as(0, () => {});
  machine.thread = threads[0]!;
  const steps = platform.unit("get_user_page_fast_only", [BASE, 0]).stepping();
  do assert.equal(steps.next().done, false);
  while (machine.args[0] !== level);
  machine.thread = null;
  return () => {
    machine.thread = threads[0]!;
    while (!steps.next().done);
    machine.thread = null;
  };
}

describe("a lockless walk", () => {
  for (const [what, flags] of [
    ["private", MAP_PRIVATE | MAP_HUGETLB],
    ["shared", MAP_SHARED | MAP_HUGETLB],
  ] as const)
    it(`gives a guest each frame of a ${what} huge page`, () => {
      const m = guest(flags);
      const places = [0, 4096, 511 * 4096, HUGE + 8];
      for (const at of places) m.store(0, BASE + at, at + 1);
      for (const at of places) assert.equal(read(m, at), BigInt(at + 1));
      for (const at of places) m.sys(0, "kvm_store", VM, at, 7n);
      for (const at of places) assert.equal(read(m, at), 7n);
      assert.equal(m.sys(0, "munmap", BASE, 2 * HUGE), 0);
      m.sys(0, "exit", 0);
      m.detectors.endOfRun();
      assert.deepEqual(m.kinds(), []);
      assert.equal(m.system.straight.hstate.free_huge_pages, 4);
    });

  it("holds interrupts off: a CPU in it answers when it has left", () => {
    const m = guest(MAP_PRIVATE);
    m.store(0, BASE);
    const leave = stopAt(m, "pud");
    assert.equal(m.system.straight.cpuOf(0).irqs_off, 1);
    m.system.straight.queue_ipi(m.system.straight.cpuOf(0), "sync");
    assert.deepEqual([...m.system.platform.interrupts()], []);
    leave();
    assert.equal(m.system.platform.interrupts().length, 1);
  });

  it("takes no page whose entry has changed since it was read", () => {
    const m = guest(MAP_PRIVATE);
    m.store(0, BASE);
    const { straight } = m.system;
    const mm = m.task(0).mm!;
    const page = straight.page(entryPfn(straight.leaf_entry(mm, BASE)));
    const ptep = pte_offset(straight.walk_entries(mm, BASE)[2], BASE);
    for (const [entry, references] of [
      [straight.read_entry(ptep), 1],
      [0, 0],
    ] as const) {
      const leave = stopAt(m, "pte");
      const before = page.refcount;
      m.as(1, () => straight.set_pte(mm, BASE, ptep, entry));
      leave();
      assert.equal(page.refcount - before, references);
    }
  });
});
