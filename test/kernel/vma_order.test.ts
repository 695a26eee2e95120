// What happens to VMAs, and in which order: Linux's own, read in mm/vma.c, mm/memory.c (free_pgtables), mm/interval_tree.c and
// dup_mmap, as no native run shows it.
import assert from "node:assert/strict";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 44;
const MIB = 2 ** 20;
const MAP_SHARED_ANON_FIXED = 0x31;
const MAP_PRIVATE_ANON_FIXED = 0x32;
const MAP_SHARED_FIXED = 0x11;

function mapped(flags: number): Driver {
  const driver = drive([0]);
  driver.call(0, "sys_mmap", BASE, 4 * MIB, 3, flags, -1, 0);
  driver.touch(0, BASE, 8192, "write");
  return driver;
}

const vmas = (driver: Driver) => [...driver.task(0).mm!.mm_mt];

/** What is announced from now on, by `say`, which gives nothing for what does not matter. */
function listen({ system: { machine } }: Driver, events: string[], say: (event: string, args: unknown[]) => string) {
  const seen: string[] = [];
  for (const event of events)
    machine.listen(event, () => {
      const text = say(event, [...(machine.args as unknown[])]);
      if (text !== "") seen.push(text);
    });
  return seen;
}

describe("VMAs", () => {
  it("a hole in the midst takes the VMA that was there: what stays on both sides is new", () => {
    const driver = mapped(MAP_PRIVATE_ANON_FIXED);
    const [before] = vmas(driver);
    driver.call(0, "sys_munmap", BASE + MIB, MIB);
    assert.equal(vmas(driver).length, 2);
    assert.ok(!vmas(driver).includes(before!));
  });

  it("what changes its flags in the midst keeps the VMA: what stays as it was is new", () => {
    const driver = mapped(MAP_PRIVATE_ANON_FIXED);
    const [before] = vmas(driver);
    driver.call(0, "sys_mprotect", BASE + MIB, MIB, 1);
    assert.equal(vmas(driver)[1], before);
    assert.deepEqual(
      vmas(driver).map(({ vm_start, vm_pgoff, anon_vma }) => [vm_start, vm_pgoff, anon_vma === before!.anon_vma]),
      [0, MIB, 2 * MIB].map((at) => [BASE + at, (BASE + at) / 4096, true]),
    );
  });

  it("what merges is found at every step in one VMA or the other", () => {
    for (const [start, length] of [
      [MIB, MIB],
      [0, MIB],
      [3 * MIB, MIB],
    ] as const) {
      const driver = mapped(MAP_PRIVATE_ANON_FIXED);
      driver.call(0, "sys_mprotect", BASE + start, length, 1);
      const mm = driver.task(0).mm!;
      const lost = listen(driver, ["lock", "unlock", "vma_change", "vma_unlink"], (event) => {
        const found = (at: number) => driver.system.straight.vma_lookup(mm, BASE + at) !== null;
        return [0, MIB, 2 * MIB, 4 * MIB - 4096].every(found) ? "" : event;
      });
      driver.call(0, "sys_mprotect", BASE + start, length, 3);
      assert.deepEqual(lost, []);
      assert.equal(vmas(driver).length, 1);
    }
  });

  it("what merges is locked, then the reverse maps; what disappears leaves them under these locks, but its anon_vmas after", () => {
    const driver = mapped(MAP_SHARED_ANON_FIXED);
    driver.call(0, "sys_mprotect", BASE + MIB, MIB, 1);
    const [, middle] = vmas(driver);
    const { i_mapping } = middle!.vm_file!.f_inode!;
    // Who locks a VMA for writing takes and gives back its lock: its number is what keeps faults out.
    const seen = listen(driver, ["lock", "unlock", "vma_change", "vma_unlink"], (event, args) => {
      if (event === "unlock" && args[1] === "vm_lock") return "";
      return event === "lock" || event === "unlock" ? `${event} ${args[1]}` : `${event} ${i_mapping!.i_mmap.length}`;
    });
    driver.call(0, "sys_mprotect", BASE + MIB, MIB, 3);
    const from = seen.indexOf("lock vm_lock");
    assert.deepEqual(seen.slice(from, from + 8), [
      ...["lock vm_lock", "lock vm_lock", "lock vm_lock", "lock &mapping->i_mmap_rwsem"],
      ...["vma_change 3", "vma_unlink 3", "vma_unlink 3", "unlock &mapping->i_mmap_rwsem"],
    ]);
    assert.equal(i_mapping!.i_mmap.length, 1);
  });

  it("munmap locks no VMA once it is a reader of mmap_lock; exit, which is a writer, does", () => {
    const locked = (call: (driver: Driver) => void): string[] => {
      const driver = mapped(MAP_PRIVATE_ANON_FIXED);
      const seen = listen(driver, ["lock", "unlock"], (event, [, name, mode]) =>
        name === "vm_lock" && event === "lock" ? "vm_lock" : mode === "downgrade" ? "downgrade" : "",
      );
      call(driver);
      return seen;
    };
    assert.deepEqual(
      locked((driver) => driver.call(0, "sys_munmap", BASE, 4 * MIB)),
      ["vm_lock", "downgrade"],
    );
    assert.deepEqual(
      locked((driver) => driver.call(0, "sys_exit", 0)),
      ["vm_lock"],
    );
  });

  it("neighbours of one file leave its reverse map together, eight at a time", () => {
    const driver = mapped(MAP_SHARED_ANON_FIXED);
    // Nine parts with a page between each two.
    for (let i = 1; i < 18; i += 2) driver.call(0, "sys_munmap", BASE + i * 4096, 4096);
    driver.call(0, "sys_munmap", BASE + 18 * 4096, 4 * MIB);
    assert.equal(vmas(driver).length, 9);
    const seen = listen(driver, ["lock"], (_, [, name]) => (name === "&mapping->i_mmap_rwsem" ? "lock" : ""));
    driver.call(0, "sys_munmap", BASE, 4 * MIB);
    assert.deepEqual(seen, ["lock", "lock"]);
  });

  it("a file is unmapped in order of what is mapped of it; who forked comes before its child, and both before who came later", () => {
    const driver = drive([0, { cpu: 1, forked: true }, 1], noPatch);
    const open = (who: number) => driver.call(who, "sys_open", "/dev/shm/file", 0o102, 0o600);
    const map = (who: number, at: number, pages: number, pgoff: number) =>
      driver.call(who, "sys_mmap", BASE + at, pages * 4096, 3, MAP_SHARED_FIXED, open(who), pgoff * 4096);
    assert.equal(driver.call(0, "sys_ftruncate", open(0), 16 * 4096), 0);
    map(0, MIB, 8, 8);
    map(2, 0, 16, 0);
    map(0, 0, 8, 0);
    driver.call(0, "sys_fork", driver.task(1));
    const mapping = vmas(driver)[0]!.vm_file!.f_inode!.i_mapping!;
    const found = () =>
      [...mapping.i_mmap].map(
        ({ vm_mm, vm_pgoff }) => `${[0, 1, 2].find((who) => driver.task(who).mm === vm_mm)} from ${vm_pgoff}`,
      );
    assert.deepEqual(found(), ["2 from 0", "0 from 0", "1 from 0", "0 from 8", "1 from 8"]);
    // What begins elsewhere from now on goes to its new place.
    driver.call(0, "sys_munmap", BASE, 4096);
    assert.deepEqual(found(), ["2 from 0", "1 from 0", "0 from 1", "0 from 8", "1 from 8"]);
    for (const who of [0, 1, 2])
      for (let page = 0; page < 16; page++) driver.touch(who, at(driver, who, page), 4096, "read");
    const seen = listen(driver, ["set_pte"], (_, [mm, address, entry]) =>
      entry === 0 && (address as number) % MIB === 4096 * 7
        ? `${[0, 1, 2].find((who) => driver.task(who).mm === mm)}`
        : "",
    );
    driver.call(0, "sys_ftruncate", open(0), 0);
    assert.deepEqual(seen, ["2", "1", "0", "0", "1"]);
  });

  it("fork puts the copy into the child's tree before its file's reverse map knows of it", () => {
    const driver = drive([0, { cpu: 1, forked: true }], noPatch);
    driver.call(0, "sys_mmap", BASE, MIB, 3, MAP_SHARED_ANON_FIXED, -1, 0);
    const seen = listen(driver, ["vma_link", "lock"], (event, [, name]) =>
      event === "vma_link" || name === "&mapping->i_mmap_rwsem" ? event : "",
    );
    driver.call(0, "sys_fork", driver.task(1));
    assert.deepEqual(seen, ["vma_link", "lock"]);
  });
});

/** Where a process has a page of the file: the first one has two mappings of it, as its child has. */
function at(driver: Driver, who: number, page: number): number {
  const vma = [...driver.task(who).mm!.mm_mt].find(
    ({ vm_pgoff, vm_start, vm_end }) => vm_pgoff <= page && page < vm_pgoff + (vm_end - vm_start) / 4096,
  );
  return vma ? vma.vm_start + (page - vma.vm_pgoff) * 4096 : BASE + MIB;
}
