// MMU notifiers and the secondary MMU of a guest: what Documentation/mm/mmu_notifier.rst and include/linux/mmu_notifier.h
// promise. Whatever changes a process's page tables tells the guest first, and its next access finds what the process has.
import assert from "node:assert/strict";
import { KVM_CREATE_VM, KVM_GET_API_VERSION, KVM_SET_USER_MEMORY_REGION } from "../../sim/kernel/uapi/kvm.ts";
import { MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, PROT_NONE, PROT_READ } from "../../sim/kernel/uapi/mman.ts";
import { type Watched, watched } from "../detectors/watched.ts";
import { noPatch } from "./harness.ts";

const BASE = 2 ** 40;
const PAGES = 8;
const KVM = 3;
const VM = 4;

interface Region {
  readonly slot?: bigint;
  readonly flags?: bigint;
  readonly guest_phys_addr?: bigint;
  readonly memory_size?: bigint;
  readonly userspace_addr?: bigint;
}

function region(m: Watched, fields: Region): number {
  const all = { slot: 0n, flags: 0n, guest_phys_addr: 0n, memory_size: 4096n, userspace_addr: BigInt(BASE) };
  return m.sys(0, "ioctl", VM, KVM_SET_USER_MEMORY_REGION, { ...all, ...fields });
}

/** A process with a guest, whose memory from 0 on is the process's from BASE on; and a process that it may fork. */
function guest(flags = 0x32, prot = 3): Watched {
  const m = watched([0, { cpu: 1, forked: true }], noPatch, { swap: 2 ** 24 });
  assert.equal(m.sys(0, "mmap", BASE, PAGES * 4096, prot, flags, -1, 0), BASE);
  assert.equal(m.sys(0, "open", "/dev/kvm", 2), KVM);
  assert.equal(m.sys(0, "ioctl", KVM, KVM_CREATE_VM, 0), VM);
  assert.equal(region(m, { memory_size: BigInt(PAGES * 4096) }), 0);
  return m;
}

const count = (m: Watched, event: string) => m.system.machine.counts[m.system.machine.events.id(event)!]!;
const read = (m: Watched, gpa: number) => BigInt(m.sys(0, "kvm_load", VM, gpa) as unknown as bigint);
const write = (m: Watched, gpa: number, value: bigint) => m.sys(0, "kvm_store", VM, gpa, value);
const entries = (m: Watched) =>
  [...m.system.machine.store.storage("kvm").all()].map((vm) => (vm as never as { spte: { size: number } }).spte.size);

/** Each way in which the process's page tables lose the first page, or the right to write to it. */
const CHANGES: readonly [string, (m: Watched) => unknown][] = [
  ["munmap", (m) => m.sys(0, "munmap", BASE, 4096)],
  ["mmap over it", (m) => m.sys(0, "mmap", BASE, 4096, 3, 0x32, -1, 0)],
  ["mprotect without access", (m) => m.sys(0, "mprotect", BASE, 4096, PROT_NONE)],
  ["mprotect for reading", (m) => m.sys(0, "mprotect", BASE, 4096, PROT_READ)],
  ["mremap", (m) => m.sys(0, "mremap", BASE, PAGES * 4096, PAGES * 4096, 3, 2 * BASE)],
  ["MADV_DONTNEED", (m) => m.sys(0, "madvise", BASE, 4096, MADV_DONTNEED)],
  ["MADV_PAGEOUT", (m) => m.sys(0, "madvise", BASE, 4096, MADV_PAGEOUT)],
  ["reclaim", (m) => m.call(0, "kernel_swap_out", m.task(0), BASE, 4096)],
  ["migration", (m) => m.call(0, "kernel_migrate", m.task(0), BASE)],
  ["fork", (m) => m.sys(0, "fork", m.task(1))],
  ["the OOM killer", (m) => m.call(0, "kernel_oom_kill", m.task(0))],
  ["exit", (m) => m.sys(0, "exit", 0)],
];

describe("a guest's secondary MMU", () => {
  it("is filled by faults through the process's own tables, and holds no reference", () => {
    const m = guest();
    assert.equal(write(m, 8, 7n), 0);
    assert.equal(read(m, 8), 7n);
    assert.equal(m.load(0, BASE + 8), 0);
    assert.equal(m.task(0).load_low, 7);
    assert.deepEqual([count(m, "ept_violation"), count(m, "set_spte")], [1, 1]);
    assert.deepEqual([m.task(0).min_flt, m.task(0).mm!.rss_anon], [1, 1]);
    const pfn = Math.floor(m.system.straight.walk_entries(m.task(0).mm!, BASE)[3] / 4096) % 2 ** 40;
    assert.deepEqual([m.system.straight.page(pfn).refcount, m.system.straight.page(pfn).mapcount], [1, 1]);
    assert.deepEqual(m.kinds(), []);
  });

  it("reads of untouched memory map the zero page for reading; a write gets a page of its own, and the guest is told", () => {
    const m = guest();
    assert.equal(read(m, 0), 0n);
    assert.equal(m.task(0).mm!.rss_anon, 0);
    m.store(0, BASE, 5);
    assert.equal(read(m, 0), 5n);
    assert.equal(write(m, 4096, 6n), 0);
    assert.deepEqual(m.kinds(), []);
  });

  for (const [name, change] of CHANGES) {
    it(`${name}: told before the entry changes`, () => {
      const m = guest();
      write(m, 0, 1n);
      assert.deepEqual(entries(m), [1]);
      change(m);
      assert.ok(count(m, "set_spte") >= 2, "taken away");
      m.detectors.endOfRun();
      assert.deepEqual(m.kinds(), []);
    });

    it(`${name}: a kernel that does not tell is found`, () => {
      const untold = {
        *mmu_notifier_invalidate_range_start() {},
        *mmu_notifier_invalidate_range_end() {},
        *mmu_notifier_release() {},
      };
      const plain = {
        mmu_notifier_invalidate_range_start() {},
        mmu_notifier_invalidate_range_end() {},
        mmu_notifier_release() {},
      };
      const m = watched(
        [0, { cpu: 1, forked: true }],
        { ...noPatch, stepping: [untold], straight: [plain] },
        { swap: 2 ** 24 },
      );
      m.sys(0, "mmap", BASE, PAGES * 4096, 3, 0x32, -1, 0);
      m.sys(0, "open", "/dev/kvm", 2);
      m.sys(0, "ioctl", KVM, KVM_CREATE_VM, 0);
      region(m, { memory_size: BigInt(PAGES * 4096) });
      write(m, 0, 1n);
      change(m);
      assert.ok(m.kinds().includes("notifier-missed"), m.kinds().join(" "));
      assert.match(
        m.message("notifier-missed"),
        /the secondary MMU of a guest of p0 maps pfn:0x\w+ at guest address 0x0, and /,
      );
    });
  }

  it("an access through an entry that was not taken away is reported too", () => {
    const untold = { *mmu_notifier_invalidate_range_start() {}, *mmu_notifier_invalidate_range_end() {} };
    const plain = { mmu_notifier_invalidate_range_start() {}, mmu_notifier_invalidate_range_end() {} };
    const m = watched([0], { ...noPatch, stepping: [untold], straight: [plain] });
    m.sys(0, "mmap", BASE, 4096, 3, 0x32, -1, 0);
    m.sys(0, "open", "/dev/kvm", 2);
    m.sys(0, "ioctl", KVM, KVM_CREATE_VM, 0);
    region(m, {});
    write(m, 0, 1n);
    m.sys(0, "madvise", BASE, 4096, MADV_DONTNEED);
    assert.equal(read(m, 0), 1n, "the freed page's contents");
    const messages = m.detectors.reports().map(({ message }) => message);
    assert.ok(
      messages.some((text) => /the guest reads 0x0 in that page, which is free now/.test(text)),
      messages.join("\n"),
    );
  });

  it("after MADV_FREE the guest's write keeps the page", () => {
    const m = guest();
    write(m, 0, 1n);
    m.sys(0, "madvise", BASE, 4096, MADV_FREE);
    assert.deepEqual(entries(m), [0]);
    write(m, 0, 2n);
    m.call(0, "kernel_swap_out", m.task(0), BASE, 4096);
    assert.equal(read(m, 0), 2n);
    assert.deepEqual(m.kinds(), []);
  });

  it("what the guest uses counts as used", () => {
    const m = guest();
    read(m, 0);
    write(m, 0, 1n);
    const k = m.system.straight;
    const page = k.page(Math.floor(k.walk_entries(m.task(0).mm!, BASE)[3] / 4096) % 2 ** 40);
    m.call(0, "folio_referenced", page);
    read(m, 0);
    assert.deepEqual(m.call(0, "folio_referenced", page), { ptes: 1, locked: false }, "by the guest alone");
    assert.deepEqual(m.call(0, "folio_referenced", page), { ptes: 0, locked: false });
  });

  it("no subscriber, no step", () => {
    const m = watched([0]);
    m.touch(0, m.anon(0, 2 ** 16), 2 ** 16, "write");
    m.sys(0, "exit", 0);
    assert.equal(count(m, "mmu_notifier_invalidate_range_start"), 0);
  });

  it("the last descriptor takes the machine along, and the subscription", () => {
    const m = guest();
    write(m, 0, 1n);
    m.sys(0, "close", VM);
    assert.deepEqual(entries(m), []);
    assert.equal(m.task(0).mm!.notifier_subscriptions, null);
    assert.equal(m.task(0).mm!.mm_count, 1);
  });
});

describe("KVM's requests", () => {
  const EINVAL = -22;
  it("KVM_GET_API_VERSION is 12; other requests and arguments are refused", () => {
    const m = guest();
    assert.equal(m.sys(0, "ioctl", KVM, KVM_GET_API_VERSION, 0), 12);
    assert.equal(m.sys(0, "ioctl", KVM, KVM_GET_API_VERSION, 1), EINVAL);
    assert.equal(m.sys(0, "ioctl", KVM, KVM_CREATE_VM, 77), EINVAL);
    assert.equal(m.sys(0, "ioctl", KVM, 0xae99, 0), -25);
    assert.equal(m.sys(0, "ioctl", VM, 0xae99, 0), -25);
  });

  it("KVM_SET_USER_MEMORY_REGION checks what api.rst says", () => {
    const m = guest();
    assert.equal(region(m, { slot: 1n, guest_phys_addr: 4097n }), EINVAL);
    assert.equal(region(m, { slot: 1n, memory_size: 100n }), EINVAL);
    assert.equal(region(m, { slot: 1n, userspace_addr: 8n }), EINVAL);
    assert.equal(region(m, { slot: 1n, userspace_addr: 2n ** 47n }), EINVAL);
    assert.equal(region(m, { slot: 1n, flags: 8n }), EINVAL);
    assert.equal(region(m, { slot: 1n, memory_size: 0n }), EINVAL, "no such slot");
    assert.equal(region(m, { slot: 1n }), -17, "overlaps slot 0");
    assert.equal(region(m, { memory_size: 4096n }), EINVAL, "another size");
    assert.equal(region(m, { memory_size: BigInt(PAGES * 4096), flags: 2n }), EINVAL, "read-only is for ever");
    assert.equal(region(m, { slot: 32767n, guest_phys_addr: 2n ** 40n }), EINVAL);
    assert.equal(region(m, { slot: 1n, guest_phys_addr: 2n ** 40n }), 0, "the same memory at another address");
    write(m, 0, 9n);
    assert.equal(m.sys(0, "kvm_load", VM, 2 ** 40) as unknown, 9n);
    assert.deepEqual(m.kinds(), []);
  });

  it("a slot that moves or goes takes its entries along", () => {
    const m = guest();
    write(m, 0, 1n);
    assert.equal(region(m, { memory_size: BigInt(PAGES * 4096), guest_phys_addr: 0x10000n }), 0);
    assert.deepEqual(entries(m), [0]);
    assert.equal(m.sys(0, "kvm_load", VM, 0), -6, "MMIO");
    assert.equal(read(m, 0x10000), 1n);
    assert.equal(region(m, { memory_size: 0n }), 0);
    assert.equal(m.sys(0, "kvm_load", VM, 0x10000), -6);
    assert.deepEqual(entries(m), [0]);
  });

  it("a guest without memory of its process gets EFAULT; a read-only slot exits for writes", () => {
    const m = guest(0x32, 1);
    assert.equal(read(m, 0), 0n);
    assert.equal(write(m, 0, 1n), -14);
    assert.equal(region(m, { slot: 1n, guest_phys_addr: 0x100000n, flags: 2n }), 0);
    assert.equal(write(m, 0x100000, 1n), -6);
    m.sys(0, "munmap", BASE, 4096);
    assert.equal(m.sys(0, "kvm_load", VM, 0), -14);
  });

  it("only the process that made the machine may use it", () => {
    const m = guest();
    m.sys(0, "fork", m.task(1));
    assert.equal(m.sys(1, "kvm_load", VM, 0), -5);
    assert.equal(m.sys(1, "ioctl", VM, KVM_SET_USER_MEMORY_REGION, 0), -5);
    assert.equal(m.sys(0, "kvm_load", KVM, 0), -25);
    assert.equal(m.sys(0, "kvm_load", 77, 0), -9);
    m.sys(0, "exit", 0);
    m.sys(1, "exit", 0);
    m.detectors.endOfRun();
    assert.deepEqual(m.kinds(), []);
  });
});
