// What no fact tells, and the series on the source of Linux 6.12 does: read there, function by function.
import { passes } from "../../scenario/run/running.ts";

/** A region of 512 GiB with 2 MiB in it; `a` and `b`, on two CPUs, have it mapped. */
const REGION = `kernel mshare-v3
  machine { memory: 1536MiB, swap: 256MiB }
  process a on cpu 0
  process b on cpu 1
  allow bugs
  let RW = PROT_READ|PROT_WRITE
  let MEMORY = MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED
  a: fd = open("/sys/fs/mshare/db", O_CREAT|O_EXCL|O_RDWR, 0600)
  a: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })
  a: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: 2MiB, prot: RW, flags: MEMORY, fd: -1 })
  a: p = mmap(2TiB, 512GiB, RW, MAP_SHARED, fd, 0)
  b: fd = open("/sys/fs/mshare/db", O_RDWR)
  b: p = mmap(2TiB, 512GiB, RW, MAP_SHARED, fd, 0)
`;

describe("mshare v3: read in the source", () => {
  it("its files end at 2 GiB, as fill_super does not say how long they can be (fs/super.c, fs/attr.c, fs/open.c)", () =>
    void passes(`${REGION}
      a: ftruncate(fd, 2147483647) == 0
      a: ftruncate(fd, 2GiB) fails EFBIG
      a: madvise(p, 4096, MADV_REMOVE) fails EOPNOTSUPP
      a: madvise(p, 512GiB, MADV_REMOVE) fails EFBIG
      a: fallocate(fd, 0, 0, 4GiB) fails EFBIG`));

  it("msync cannot write back what has no fsync (mm/msync.c)", () =>
    void passes(`${REGION}
      a: msync(p, 4096, MS_SYNC) fails EINVAL
      a: msync(p, 4096, MS_ASYNC) == 0
      a: msync(p, 4096, MS_INVALIDATE) == 0`));

  it("an mmap that msharefs refuses takes the tables of a region with it, where munmap has left the link (mm/mmap.c)", () => {
    const text = (fixes: string) => `${REGION.replace("mshare-v3", `mshare-v3 { ${fixes} }`)}
      a: touch(p, 8KiB, write)
      b: touch(p, 4096)
      b: munmap(p, 512GiB)
      b: mmap(2TiB, 4096, RW, MAP_SHARED|MAP_FIXED, fd, 0) fails EINVAL`;
    passes(`${text("fixes: []")}
      expect meminfo().PageTables == 0
      expect mm(b).rss_shmem == -1
      expect bug dangling-page-table
      expect bug rss-mismatch
      expect bug page-table-leak`);
    passes(`${text("fixes: [unlink-on-munmap]")}
      expect meminfo().PageTables == 12KiB
      expect mm(b).rss_shmem == 0`);
  });

  it("advice that needs anonymous memory, or a split, is refused; the rest does nothing or populates (mm/madvise.c)", () =>
    void passes(`${REGION}
      a: madvise(p, 512GiB, MADV_FREE) fails EINVAL
      a: madvise(p, 512GiB, MADV_WIPEONFORK) fails EINVAL
      a: madvise(p, 4096, MADV_DONTDUMP) fails EINVAL
      a: madvise(p, 512GiB, MADV_DONTDUMP) == 0
      a: madvise(p, 512GiB, MADV_MERGEABLE) == 0
      a: madvise(p, 512GiB, MADV_WILLNEED) == 0
      a: madvise(p, 512GiB, MADV_POPULATE_READ) fails EFAULT
      expect stat(a).minflt == 512
      expect meminfo().Shmem == 2MiB`));

  it("mremap moves no part, makes no second mapping and grows beyond the region (mm/mremap.c)", () =>
    void passes(`${REGION}
      a: mremap(p, 512GiB, 256GiB) fails EINVAL
      a: mremap(p, 0, 512GiB, MREMAP_MAYMOVE) fails EINVAL
      a: mremap(p, 512GiB, 512GiB, MREMAP_MAYMOVE|MREMAP_FIXED, p) fails EINVAL
      a: mremap(p, 512GiB, 512GiB) == 2TiB
      a: mremap(p, 512GiB, 1TiB) == 2TiB
      a: load(p + 512GiB) faults SIGSEGV
      a: munmap(p, 512GiB) fails EINVAL`));

  it("mlock of a region ends at its first hole, but locks: VmLck all of it, Locked what is there (mm/mlock.c, mm/gup.c)", () =>
    void passes(`${REGION}
      a: touch(p, 1MiB, write)
      a: mlock(p, 512GiB) fails ENOMEM
      expect status(a).VmLck == 512GiB
      expect stat(a).minflt == 512
      a: smaps(p, "Locked") == 2MiB
      b: load(p)
      b: smaps(p, "Locked") == 0
      a: madvise(p, 4096, MADV_PAGEOUT) fails EINVAL
      a: munlock(p, 4096) fails EINVAL
      a: munlock(p, 512GiB) == 0
      expect status(a).VmLck == 0
      b: mlockall(MCL_CURRENT) == 0`));

  it("MAP_POPULATE and MAP_LOCKED of a region fill what is mapped in it, for reading", () =>
    void passes(`${REGION}
      a: munmap(p, 512GiB)
      a: p = mmap(2TiB, 512GiB, RW, MAP_SHARED|MAP_POPULATE, fd, 0)
      expect stat(a).minflt == 512
      b: munmap(p, 512GiB)
      b: p = mmap(2TiB, 512GiB, RW, MAP_SHARED|MAP_LOCKED, fd, 0)
      expect stat(b).minflt == 0
      b: smaps(p, "Locked") == 2MiB`));

  it("a private mapping that may be written is charged: 512 GiB are too much, MAP_NORESERVE and reading are not", () =>
    void passes(`${REGION}
      b: munmap(p, 512GiB)
      b: mmap(2TiB, 512GiB, RW, MAP_PRIVATE, fd, 0) fails ENOMEM
      b: p = mmap(2TiB, 512GiB, PROT_READ, MAP_PRIVATE, fd, 0) == 2TiB
      b: mprotect(p, 512GiB, RW) fails ENOMEM
      b: mmap(2TiB, 512GiB, RW, MAP_PRIVATE|MAP_NORESERVE|MAP_FIXED, fd, 0) == 2TiB`));

  it("where a region can be mapped: lengths are rounded up, offsets are not looked at, other addresses are refused", () =>
    void passes(`${REGION}
      b: munmap(p, 512GiB)
      b: mmap(2TiB, 549755813800, RW, MAP_SHARED, fd, 4096) == 2TiB
      b: mmap(2TiB, 512GiB, RW, MAP_SHARED, fd, 0) fails EINVAL
      b: mmap(0, 512GiB, RW, MAP_SHARED, fd, 0) fails EINVAL
      b: mmap(2TiB, 512GiB, RW, MAP_SHARED|MAP_FIXED_NOREPLACE, fd, 0) fails EEXIST
      b: mmap(2TiB, 512GiB, RW, MAP_SHARED|MAP_FIXED, fd, 0) == 2TiB
      b: mmap(2TiB, 512GiB, RW, MAP_SHARED_VALIDATE|MAP_SYNC|MAP_FIXED, fd, 0) fails EOPNOTSUPP
      a: g = open("/sys/fs/mshare/top", O_CREAT|O_EXCL|O_RDWR, 0600)
      a: ioctl(g, MSHAREFS_SET_SIZE, { start: 127TiB + 512GiB, size: 512GiB }) == 0
      a: ioctl(g, MSHAREFS_CREATE_MAPPING, { addr: 128TiB - 4096, size: 4096, prot: RW, flags: MEMORY, fd: -1 }) fails ENOMEM
      a: ioctl(g, MSHAREFS_CREATE_MAPPING, { addr: 128TiB - 8192, size: 4096, prot: RW, flags: MEMORY, fd: -1 }) == 0
      a: mmap(127TiB + 512GiB, 512GiB, RW, MAP_SHARED|MAP_FIXED, g, 0) fails ENOMEM
      a: mmap(127TiB + 512GiB, 512GiB, RW, MAP_SHARED, g, 0) fails EINVAL`));

  it("CREATE_MAPPING with a size that wraps is inside the region, and too long for mmap", () =>
    void passes(`${REGION}
      a: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: -4096, prot: RW, flags: MEMORY, fd: -1 }) fails ENOMEM
      a: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: -1, prot: RW, flags: MEMORY, fd: -1 }) fails ENOMEM
      a: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB + 2MiB, size: 5000, prot: RW, flags: MEMORY, fd: -1 }) == 0
      a: load(p + 2MiB + 4096) == 0
      a: load(p + 2MiB + 8192) faults SIGSEGV`));

  it("populating for writing what is read-only in the region never ends, and is found out (mm/gup.c)", () =>
    void passes(`${REGION}
      a: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB + 2MiB, size: 4096, prot: PROT_READ, flags: MEMORY, fd: -1 }) == 0
      a: madvise(p + 2MiB, 4096, MADV_POPULATE_READ) == 0
      a: madvise(p + 2MiB, 4096, MADV_POPULATE_WRITE) fails EINTR
      expect bug livelock
      a: touch(p, 8KiB, write)
      b: load(p)
      b: mprotect(p, 512GiB, PROT_NONE) == 0
      a: madvise(p + 4096, 4096, MADV_POPULATE_READ) == 0`));

  it("a userfaultfd cannot watch a region: it is neither anonymous nor shmem (mm/userfaultfd.c)", () =>
    void passes(`${REGION}
      a: u = userfaultfd(O_NONBLOCK)
      a: ioctl(u, UFFDIO_API, { api: UFFD_API }) == 0
      a: ioctl(u, UFFDIO_REGISTER, { range: { start: p, len: 512GiB }, mode: UFFDIO_REGISTER_MODE_MISSING }) fails EINVAL`));
});
