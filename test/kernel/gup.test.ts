// Populating mappings, and faults of the kernel's own: which locks, in which order (mm/gup.c).
import assert from "node:assert/strict";
import { passes } from "../scenario/run/running.ts";
import { type Driver, drive } from "./harness.ts";

const BASE = 2 ** 44;
const PRIVATE = 0x32;
const MCL_CURRENT = 1;
const MADV_POPULATE_WRITE = 23;

/** Locks that are taken and given back from now on, by class. */
function locks({ system: { machine } }: Driver, classes: Readonly<Record<string, string>>): string[] {
  const seen: string[] = [];
  for (const event of ["lock", "unlock"])
    machine.listen(event, () => {
      const [, name, mode] = machine.args as readonly unknown[];
      const short = classes[name as string];
      if (short) seen.push(`${event === "lock" ? "+" : "-"}${short}${mode === "write" ? " write" : ""}`);
    });
  return seen;
}

describe("populating", () => {
  it("holds mmap_lock from the first VMA to the last", () => {
    const driver = drive([0]);
    for (const at of [0, 2 ** 30, 2 ** 31]) driver.call(0, "sys_mmap", BASE + at, 8192, 3, PRIVATE, -1, 0);
    const seen = locks(driver, { "&mm->mmap_lock": "mmap" });
    driver.call(0, "sys_mlockall", MCL_CURRENT);
    assert.deepEqual(seen, ["+mmap write", "-mmap write", "+mmap", "-mmap"]);
    assert.equal(driver.task(0).mm!.rss_anon, 6);
  });

  it("goes on behind a VMA that gives nothing, with the lock", () => {
    const driver = drive([0]);
    for (const [at, prot] of [
      [0, 0],
      [8192, 3],
    ] as const)
      driver.call(0, "sys_mmap", BASE + at, 8192, prot, PRIVATE, -1, 0);
    const seen = locks(driver, { "&mm->mmap_lock": "mmap" });
    driver.call(0, "sys_mlockall", MCL_CURRENT);
    assert.deepEqual(seen, ["+mmap write", "-mmap write", "+mmap", "-mmap"]);
    assert.equal(driver.task(0).mm!.rss_anon, 2);
  });

  it("looks at each page under its page table's lock, before its fault and after it", () => {
    const driver = drive([0]);
    driver.call(0, "sys_mmap", BASE, 8192, 3, PRIVATE, -1, 0);
    driver.touch(0, BASE, 4096, "write");
    const seen = locks(driver, { "ptlock_ptr(ptdesc)": "pte" });
    assert.equal(driver.call(0, "sys_madvise", BASE, 8192, MADV_POPULATE_WRITE), 0);
    // The first page is there; the second is looked for, faulted in, and found.
    assert.deepEqual(seen, ["+pte", "-pte", "+pte", "-pte", "+pte", "-pte", "+pte", "-pte"]);
  });
});

describe("a fault of a copy that a userfaultfd resolves", () => {
  // Seen on 6.18.44 by getrusage(RUSAGE_THREAD): read() into such a page counts 1 major fault, a store there 1 minor one.
  for (const [access, counts] of [
    ["read(file, p, 8)", { minflt: 0, majflt: 1 }],
    ["store(p, 1)", { minflt: 1, majflt: 0 }],
  ] as const)
    it(`${access}: ${JSON.stringify(counts)}`, () =>
      void passes(`machine { memory: 64MiB }
        process a on cpu 0
        thread a.t on cpu 1
        a: fd = userfaultfd(O_CLOEXEC|O_NONBLOCK)
        a: ioctl(fd, UFFDIO_API, { api: UFFD_API, features: 0, ioctls: known }) == 0
        a: p = mmap(1TiB, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
        a: q = mmap(2TiB, 8KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)
        a: file = memfd_create("f", 0)
        a: ftruncate(file, 4KiB)
        a: ioctl(fd, UFFDIO_REGISTER, { range: { start: p, len: 4KiB }, mode: UFFDIO_REGISTER_MODE_MISSING }) == 0
        parallel {
          a.t: ${access}
          a {
            repeat 30 { read(fd, q + 4KiB, 32) }
            ioctl(fd, UFFDIO_COPY, { dst: p, src: q, len: 4KiB, mode: 0 }) == 0
          }
        }
        // Two are of q.
        expect stat(a.t).minflt == ${2 + counts.minflt}
        expect stat(a.t).majflt == ${counts.majflt}`));
});
