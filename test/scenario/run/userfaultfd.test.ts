// userfaultfd: results, messages and fault counts as a C program of the same calls got them from Linux 6.18.44.
import assert from "node:assert/strict";
import { ANONYMOUS, passes, run } from "./running.ts";

const RW_PRIVATE = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0";
/** A userfaultfd of `a`, 64 KiB at p for it, 64 KiB at q to copy from, and another thread to fault. */
const BEGIN = `process a on cpu 0
  thread a.t on cpu 1
  a: fd = userfaultfd(O_CLOEXEC|O_NONBLOCK)
  a: ioctl(fd, UFFDIO_API, { api: UFFD_API, features: 0, ioctls: known }) == 0
  a: p = mmap(1TiB, 64KiB, ${RW_PRIVATE})
  a: q = mmap(2TiB, 64KiB, ${RW_PRIVATE})
  a: store(q, 42)`;
const register = (range: string, mode: string) =>
  `a: ioctl(fd, UFFDIO_REGISTER, { range: { ${range} }, mode: ${mode} })`;
const MISSING = "UFFDIO_REGISTER_MODE_MISSING";
const ALL = register("start: p, len: 64KiB", MISSING);
/** `a.t` does something that `a` has to hear of (\`flags\` of the message at \`address\`) and to do something about. */
const told = (access: string, flags: number, address: string, resolve: string) => `
  parallel {
    a.t: ${access}
    a {
      repeat 30 { read(fd, q + 8KiB, 32) }
      load(q + 8KiB) == 0x12
      load(q + 8KiB + 8) == ${flags}
      load(q + 8KiB + 16) == ${address}
      ${resolve}
    }
  }`;

describe("userfaultfd", () => {
  it("agrees on its version first", () =>
    void passes(`process a
      a: userfaultfd(4) fails EINVAL
      a: fd = userfaultfd(O_NONBLOCK)
      a: p = mmap(1TiB, 64KiB, ${RW_PRIVATE})
      ${register("start: p, len: 4KiB", MISSING)} fails EINVAL
      a: read(fd, p, 32) fails EINVAL
      a: ioctl(fd, UFFDIO_API, { api: 0xab }) fails EINVAL
      a: ioctl(fd, UFFDIO_API, { api: UFFD_API, ioctls: known }) == 0
      expect a.known == 0x8000000000000003
      a: ioctl(fd, UFFDIO_API, { api: UFFD_API }) fails EINVAL
      a: ioctl(fd, 0x1234) fails EINVAL`));

  it("registers whole pages of what is mapped, and of nobody else's", () =>
    void passes(`${BEGIN}
      ${register("start: p, len: 4KiB", "0")} fails EINVAL
      ${register("start: p, len: 4KiB", "8")} fails EINVAL
      ${register("start: p + 1, len: 4KiB", MISSING)} fails EINVAL
      ${register("start: p, len: 4KiB", "UFFDIO_REGISTER_MODE_MINOR")} fails EINVAL
      ${register("start: 3TiB, len: 4KiB", MISSING)} fails EINVAL
      ${register("start: p, len: 1MiB", MISSING)} == 0
      ${register("start: p, len: 32KiB", `${MISSING}|UFFDIO_REGISTER_MODE_WP`)} == 0
      expect mm(a).map_count == 3
      a: fd2 = userfaultfd(0)
      a: ioctl(fd2, UFFDIO_API, { api: UFFD_API })
      a: ioctl(fd2, UFFDIO_REGISTER, { range: { start: p, len: 4KiB }, mode: ${MISSING} }) fails EBUSY
      a: ioctl(fd2, UFFDIO_UNREGISTER, { start: p, len: 4KiB }) fails EINVAL
      a: ioctl(fd, UFFDIO_UNREGISTER, { start: p, len: 64KiB }) == 0
      a: ioctl(fd, UFFDIO_UNREGISTER, { start: p, len: 64KiB }) == 0
      a: ioctl(fd, UFFDIO_UNREGISTER, { start: 3TiB, len: 4KiB }) fails EINVAL
      a: ioctl(fd, UFFDIO_WAKE, { start: 3TiB, len: 4KiB }) == 0
      expect mm(a).map_count == 2
      a: load(p + 40KiB) == 0`));

  it("fills what is missing, and nothing else", () =>
    void passes(`${BEGIN}
      ${ALL}
      a: read(fd, q + 8KiB, 32) fails EAGAIN
      a: read(fd, q + 8KiB, 16) fails EINVAL
      a: ioctl(fd, UFFDIO_COPY, { dst: p, src: q, len: 4KiB, copy: n }) == 0
      expect a.n == 4096
      a: ioctl(fd, UFFDIO_COPY, { dst: p, src: q, len: 4KiB }) fails EEXIST
      a: ioctl(fd, UFFDIO_COPY, { dst: q, src: q, len: 4KiB }) fails ENOENT
      a: ioctl(fd, UFFDIO_COPY, { dst: p, src: q, len: 100 }) fails EINVAL
      a: ioctl(fd, UFFDIO_COPY, { dst: p + 4KiB, src: 16, len: 4KiB }) fails EFAULT
      a: ioctl(fd, UFFDIO_COPY, { dst: p, src: q, len: 4KiB, mode: 4 }) fails EINVAL
      a: ioctl(fd, UFFDIO_COPY, { dst: p + 60KiB, src: q, len: 8KiB }) fails ENOENT
      a: load(p) == 42
      a: ioctl(fd, UFFDIO_ZEROPAGE, { range: { start: p + 4KiB, len: 8KiB }, zeropage: z }) == 0
      expect a.z == 8192
      a: ioctl(fd, UFFDIO_ZEROPAGE, { range: { start: p + 4KiB, len: 8KiB } }) fails EEXIST
      a: ioctl(fd, UFFDIO_COPY, { dst: p + 12KiB, src: q, len: 4KiB })
      a: ioctl(fd, UFFDIO_COPY, { dst: p + 16KiB, src: q, len: 12KiB }) == 0
      a: load(p + 8KiB) == 0
      expect stat(a).minflt == 3
      expect status(a).RssAnon == 24KiB`));

  it("lets a reading and a writing fault wait, which count once", () =>
    void passes(`${BEGIN}
      ${ALL}
      ${told("load(p + 12KiB + 8) == 0", 0, "p + 12KiB", "ioctl(fd, UFFDIO_COPY, { dst: p + 12KiB, src: q, len: 4KiB }) == 0")}
      // The store to q, the copy of the message, and this: both threads count.
      expect stat(a).minflt == 3 && stat(a).majflt == 0
      ${told("store(p + 16KiB, 43)", 1, "p + 16KiB", "ioctl(fd, UFFDIO_ZEROPAGE, { range: { start: p + 16KiB, len: 4KiB } }) == 0")}
      a: load(p + 16KiB) == 43
      expect count(handle_userfault) == 2`));

  it("tells of writes to what is write-protected, also after swapping", () =>
    void passes(`machine { swap: 16MiB }
      ${BEGIN}
      a: store(p, 7)
      a: ioctl(fd, UFFDIO_WRITEPROTECT, { range: { start: p, len: 4KiB }, mode: 1 }) fails ENOENT
      ${register("start: p, len: 32KiB", "UFFDIO_REGISTER_MODE_WP")}
      a: ioctl(fd, UFFDIO_WRITEPROTECT, { range: { start: p, len: 4KiB }, mode: 3 }) fails EINVAL
      a: ioctl(fd, UFFDIO_WRITEPROTECT, { range: { start: q, len: 4KiB }, mode: 1 }) fails ENOENT
      a: ioctl(fd, UFFDIO_WRITEPROTECT, { range: { start: p, len: 4KiB }, mode: 1 }) == 0
      a: mprotect(p, 8KiB, PROT_READ)
      a: mprotect(p, 8KiB, PROT_READ|PROT_WRITE)
      kernel: swap_out(a, a.p, 4KiB)
      a: load(p) == 7
      ${told("store(p, 43)", 3, "p", "ioctl(fd, UFFDIO_WRITEPROTECT, { range: { start: p, len: 4KiB }, mode: 0 }) == 0")}
      a: load(p) == 43
      expect count(handle_userfault) == 1`));

  it("tells of minor faults of shared memory, and maps what the file has", () =>
    void passes(`${BEGIN}
      a: s = memfd_create("s", 0)
      a: ftruncate(s, 64KiB)
      a: m = mmap(3TiB, 64KiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, s, 0)
      a: r = mmap(4TiB, 64KiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, s, 0)
      a: store(r, 99)
      ${register("start: m, len: 64KiB", `${MISSING}|UFFDIO_REGISTER_MODE_MINOR`)} == 0
      ${told("load(m) == 99", 4, "m", "ioctl(fd, UFFDIO_CONTINUE, { range: { start: m, len: 8KiB } }) fails EAGAIN")}
      a: ioctl(fd, UFFDIO_CONTINUE, { range: { start: m + 4KiB, len: 4KiB } }) fails EFAULT
      a: ioctl(fd, UFFDIO_CONTINUE, { range: { start: m, len: 4KiB } }) fails EEXIST
      a: ioctl(fd, UFFDIO_COPY, { dst: m + 4KiB, src: q, len: 4KiB }) == 0
      a: load(r + 4KiB) == 42
      a: ioctl(fd, UFFDIO_COPY, { dst: m + 4KiB, src: q, len: 4KiB }) fails EEXIST
      a: ioctl(fd, UFFDIO_ZEROPAGE, { range: { start: m + 8KiB, len: 4KiB } }) == 0
      ${told("load(m + 32KiB) == 0", 0, "m + 32KiB", "close(fd) == 0")}
      expect vma(a, a.m).vm_flags == vma(a, a.r).vm_flags`));

  it("is not a child's, nor of a mapping that has moved", () =>
    void passes(`process b
      ${BEGIN}
      ${ALL}
      a: fork(b)
      b: load(p + 4KiB) == 0
      a: m = mremap(p, 32KiB, 32KiB, MREMAP_MAYMOVE|MREMAP_FIXED, 5TiB)
      a: load(m + 8KiB) == 0
      expect count(handle_userfault) == 0`));

  it("with UFFD_FEATURE_SIGBUS raises that instead", () =>
    void passes(`process a
      a: fd = userfaultfd(0)
      a: ioctl(fd, UFFDIO_API, { api: UFFD_API, features: UFFD_FEATURE_SIGBUS })
      a: p = mmap(0, 64KiB, ${ANONYMOUS})
      ${ALL}
      a: load(p) faults SIGBUS
      a: store(p, 1) faults SIGBUS`));

  it("that nobody serves makes a write wait for ever: what the call has taken is not lost", () => {
    const { bugs } = run(`${BEGIN}
      a: file = open("/dev/shm/f", O_CREAT|O_RDWR, 0600)
      ${ALL}
      a: write(file, p, 8)
      a.t: close(file)`);
    assert.deepEqual(
      bugs.map(({ kind }) => kind),
      ["deadlock"],
    );
  });

  it("that nobody serves makes its fault wait for ever: a deadlock, unless the process is killed", () => {
    const alone = run(`${BEGIN}
      ${ALL}
      a: load(p)`);
    assert.ok(alone.bugs.some(({ message }) => /userfaultfd/.test(message)));
    // All of a block: it is over then, and what follows is done by who is left.
    const both = run(`${BEGIN}
      process c on cpu 1
      ${ALL}
      parallel {
        a: load(p)
        a.t: load(p + 4KiB)
      }
      c: close(77) fails EBADF`);
    assert.deepEqual(
      both.bugs.filter(({ message }) => /blocked/.test(message)).map(({ message }) => /a and a\.t|a\.t/.test(message)),
      [true],
    );
    assert.equal(both.statements.at(-1)?.call, "close");
    passes(`${BEGIN}
      process c on cpu 1
      ${ALL}
      parallel {
        a: load(p)
        kernel: oom_kill(a)
      }
      expect count(exit) == 2`);
  });
});
