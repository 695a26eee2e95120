// Five levels as scenarios see them, and what the sharing designs do there.
import assert from "node:assert/strict";
import { walkNodes } from "../../../sim/session/tables.ts";
import { loadText } from "../../session/load_text.ts";
import { ANONYMOUS, passes } from "./running.ts";

const REGION = "PROT_READ|PROT_WRITE, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1";

describe("five levels", () => {
  it("have a P4D entry of their own; the PGD entry is one level up", () =>
    void passes(`machine { levels: 5 }
      process a
      a: p = mmap(300TiB, 4KiB, ${ANONYMOUS}) == 300TiB
      a: store(p + 4088, 0x1122334455667788)
      a: load(p + 4088) == 0x1122334455667788
      expect pgd(a, a.p).pfn != p4d(a, a.p).pfn
      expect page(pgd(a, a.p).pfn).type == "p4d table" && page(p4d(a, a.p).pfn).type == "pud table"
      expect pgd(a, a.p + 512GiB).present && !p4d(a, a.p + 512GiB).present
      expect count(pgd_populate) == 1 && count(p4d_populate) == 1
      expect status(a).VmPTE == 12KiB
      expect mm(a).task_size == 65536TiB - 4KiB
      a: mmap(p + 1, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) fails EINVAL
      a: munmap(p, 4KiB)
      expect !pgd(a, a.p).present && count(set_pgd) == 2`));

  it("are five rows of a walk", () => {
    const { system, run } = loadText(`machine { levels: 5 }
      process a
      a: p = mmap(300TiB, 4KiB, ${ANONYMOUS})
      a: store(p, 1)
      repeat 100 { a: close(9) }`);
    run.forward(Number.POSITIVE_INFINITY, 20);
    const rows = walkNodes(system, system.taskOf(system.threads[0]!).mm!, 300 * 2 ** 40, new Map());
    assert.deepEqual(
      rows.map(({ name }) => name.split(" ")[0]),
      ["pgd[1]", "p4d[88]", "pud[0]", "pmd[0]", "pte[0]"],
    );
  });

  it("mshare shares below a PGD entry, of 256 TiB there, as PGDIR_SIZE says", () =>
    void passes(`kernel mshare-v3
      machine { levels: 5 }
      process writer on cpu 0
      process reader on cpu 1
      writer: buf = mmap(0, 4KiB, ${ANONYMOUS})
      writer: info = open("/sys/fs/mshare/mshare_info", O_RDONLY)
      writer: read(info, buf, 80) == 16
      writer: fd = open("/sys/fs/mshare/db", O_CREAT|O_EXCL|O_RDWR, 0600)
      // mshare-ignore always-fails
      writer: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB }) fails EINVAL
      writer: ioctl(fd, MSHAREFS_SET_SIZE, { start: 512TiB, size: 256TiB })
      writer: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 512TiB, size: 2MiB, offset: 0, prot: ${REGION} })
      writer: p = mmap(512TiB, 256TiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0) == 512TiB
      writer: store(p, 42)
      reader: fd = open("/sys/fs/mshare/db", O_RDWR)
      reader: p = mmap(512TiB, 256TiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
      reader: load(p) == 42
      expect pgd(writer, 512TiB).pfn == pgd(reader, 512TiB).pfn
      expect page(pgd(reader, 512TiB).pfn).type == "p4d table"
      expect page(pgd(reader, 512TiB).pfn).sharers.length == 3
      expect status(reader).VmPTE == 0
      expect host_mm("/sys/fs/mshare/db").pgtables_bytes == 12KiB
      allow bugs`));

  it("ptshare links PMD tables there as it does with four", () =>
    void passes(`kernel ptshare-v2
      machine { levels: 5 }
      process first on cpu 0
      process second on cpu 1
      first: fd = open("/dev/shm/db", O_RDWR|O_CREAT, 0600)
      first: ftruncate(fd, 4MiB)
      first: p = mmap(300TiB, 4MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_SHARED_PT, fd, 0) == 300TiB
      first: store(p, 42)
      expect status(first).VmPTE == 4KiB
      second: fd = open("/dev/shm/db", O_RDWR)
      second: p = mmap(300TiB, 4MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_SHARED_PT, fd, 0)
      second: load(p) == 42
      expect pmd(second, 300TiB).pfn == pmd(first, 300TiB).pfn
      expect status(second).VmPTE == 8KiB
      allow bugs`));
});
