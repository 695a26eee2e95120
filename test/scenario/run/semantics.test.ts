// What docs/scenario-language.md says of statements and defaults, said by scenarios of themselves.
import assert from "node:assert/strict";
import { ANONYMOUS, passes, problemAt, refusal, run } from "./running.ts";

const MAPPED = `process a\na: p = mmap(0, 64KiB, ${ANONYMOUS})\n`;

describe("scenarios as they run", () => {
  it("start processes empty, with 1 GiB, pids from 1, descriptors from 3, round robin over two CPUs", () => {
    passes(`process a\nprocess b\nprocess c\n
      expect status(a).Pid == 1 && status(c).Pid == 3
      expect status(a).VmPTE == 0 && status(a).VmSize == 0 && stat(a).minflt == 0
      expect meminfo().PageTables == 12KiB          // the processes' top-level tables
      expect meminfo().MemTotal > 1000MiB && meminfo().MemTotal <= 1GiB
      a: open("/tmp/x", O_CREAT|O_RDWR, 0600) == 3
      b: open("/dev/shm/y", O_CREAT|O_RDWR, 0600) == 3
      c: open("/proc/meminfo", O_RDONLY) == 3
      expect count(sched_switch, cpu == 0) == 2
      expect count(sched_switch, cpu == 1) == 1`);
    passes(`kernel linux { version: "6.12" }\nprocess a\nexpect meminfo().PageTables == 0`);
  });

  it("keep 64 bits, compare them unsigned, and never wrap", () => {
    passes(`${MAPPED}
      a: store(p, -1) == 0xffffffffffffffff
      a: x = load(p) > 1
      expect a.x == -1 && a.x > -4096
      a: load(p + 8) == 0`);
    assert.match(problemAt(4, `${MAPPED}a: x = load(p)\na: load(x - 1)`) ?? "", /leaves 64 bits/);
    assert.deepEqual(refusal("let x = 0 - 1"), ["1 overflow"]);
  });

  it("keep results also where a clause judges them", () => {
    passes(
      `${MAPPED}a: x = store(p, 7) == 7\nexpect a.x == 7\na: munmap(1, 4096) fails EINVAL\na: load(0) faults SIGSEGV`,
    );
    assert.match(problemAt(3, `${MAPPED}a: x = store(p, 7) == 8`) ?? "", /gave 7, not == 8/);
    assert.match(problemAt(3, `${MAPPED}a: munmap(p, 4096) fails EINVAL`) ?? "", /expected EINVAL, but it gave 0/);
    assert.equal(problemAt(3, `${MAPPED}a: load(p) == 1 / (p - p)`), "Division by zero.");
  });

  it("warn of failing calls and signals that no clause judges", () => {
    const report = passes("process a\nrepeat 2 { a: munmap(1, 1) }\na: load(0)");
    assert.deepEqual(
      report.warnings.map(({ line, message, count }) => [line, message, count]),
      [
        [2, "munmap failed with EINVAL", 2],
        [3, "load raised SIGSEGV", 1],
      ],
    );
    assert.deepEqual(
      report.statements.map(({ result, errno, signal }) => [result, errno, signal]),
      [
        [null, "EINVAL", null],
        [null, "EINVAL", null],
        [null, null, "SIGSEGV"],
      ],
    );
  });

  it("touch page by page and stop at the first that faults", () => {
    passes(`${MAPPED}
      a: munmap(p + 8KiB, 4KiB)
      a: touch(p, 16KiB, write) faults SIGSEGV
      expect pte(a, a.p + 4KiB).present && !pte(a, a.p + 12KiB).present
      a: touch(p, 5000) == 2
      a: touch(p, 0) == 0
      a: load(p + 4KiB) == 1`);
  });

  it("raise SIGBUS behind the end of a file and go on, and OOM without memory, which is the end", () => {
    passes(`machine { memory: 2MiB }\nprocess a
      a: f = memfd_create("m")
      a: ftruncate(f, 4096)
      a: m = mmap(0, 8KiB, PROT_READ|PROT_WRITE, MAP_SHARED, f, 0)
      a: load(m + 4096) faults SIGBUS
      a: p = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
      a: load(m) == 0
      a: touch(p, 4MiB, write) faults OOM
      expect count(exit) == 1`);
  });

  it("hand out the frame that was freed last first", () => {
    passes(`${MAPPED}a: store(p, 77)\na: store(p + 4096, 78)
      a: f = pagemap(p + 4096)
      a: munmap(p + 4096, 4096)
      a: q = mmap(0, 4KiB, ${ANONYMOUS})
      a: store(q + 8, 1)
      expect (a.f & 0x7fffffffffffff) == pagemap(a, a.q).pfn
      a: load(q) == 0`);
  });

  it("copy variables, descriptors and threads at a fork, and count faults from 0", () => {
    passes(`process a on cpu 0\nprocess b on cpu 1\nthread b.t on cpu 0
      a: p = mmap(0, 4KiB, ${ANONYMOUS})
      a: fd = open("/tmp/q", O_CREAT|O_RDWR, 0600)
      a: store(p, 3)
      a: fork(b) == 2
      expect stat(b).minflt == 0 && b.p == a.p && mm(b) == mm(b.t)
      b: load(p) == 3
      b: ftruncate(fd, 4096)
      b.t: store(p, 4)
      b: load(p) == 4
      a: load(p) == 3
      b: p = mmap(0, 4KiB, ${ANONYMOUS})
      expect b.p != a.p
      b.t: exit()
      b: exit()
      a: wait(b) == 2
      a: fork(b) == 2
      b: load(p) == 3`);
  });

  it("refuse or fail what a process cannot do yet or any more", () => {
    assert.deepEqual(refusal("process a\nprocess b\nb: load(0)\na: fork(b)"), ["3 acts-too-early"]);
    const early = "process a\nprocess b[2]\nb[1]: load(0) faults SIGSEGV\na: fork(b[1])";
    assert.equal(problemAt(3, early), "`b[1]` has not been forked yet");
    assert.equal(problemAt(4, "process a\nprocess b\na: fork(b)\na: fork(b)"), "`b` is running already");
    assert.equal(problemAt(2, "process a\nrepeat 2 { a: exit() }"), "`a` has ended");
    const far = `${MAPPED}process w[2]\na: n = load(p)\nw[a.n + 2]: load(0)`;
    assert.equal(problemAt(5, far), "there is no `w[2]`");
    assert.equal(problemAt(3, `${MAPPED}repeat 1 / (a.p - a.p) { a: load(p) }`), "Division by zero.");
  });

  it("let a process of a parallel block wait for its fork, whatever the schedule", () => {
    const text = `${MAPPED}process b\na: store(p, 3)\nparallel {\n  b: load(p) == 3\n  a: fork(b)\n}`;
    for (const schedule of ["sequential", "random:1", "random:2", "random:3"]) passes(text, schedule);
  });

  it("pass over a parallel block that gives nobody anything to do", () => {
    for (const block of ["parallel {\n}", "parallel {\n  label here\n}", "parallel {\n  repeat 0 { a: load(p) }\n}"]) {
      passes(`${MAPPED}${block}\na: store(p, 1)`);
      passes(`${MAPPED}repeat 2 {\n${block}\n}\na: store(p, 1)`);
    }
  });

  it("are cut off where loops over parallel blocks never come to a step", () => {
    const text = "process a\nrepeat 1000000000 {\n  parallel {\n  }\n}\na: load(0) faults SIGSEGV";
    assert.equal(run(text).verdict, "limit");
  });

  it("include files, fold lets, count loops and name elements of arrays", () => {
    const files = { "b.mshare": "let K = 7\nprocess w[3]" };
    const text = `include "b.mshare"
      w[*]: p = mmap(0, 8KiB, ${ANONYMOUS})
      w[*] { store(p, K) }
      repeat 3 as i { w[i]: store(p + 8, i) }
      w[2]: load(p + 8) == 2
      w[0] { n = load(p)  repeat n as i { store(p, i) } }
      w[0]: load(p) == 6
      w[1]: load(p) == 7`;
    passes(text, undefined, files);
  });

  it("say of what is not there that it is not in this version", () => {
    assert.deepEqual(refusal("machine { thp: always }"), ["1 not-in-this-version"]);
    assert.deepEqual(run("machine { levels: 5, thp: never, hugepages: 2, pcid: true }").diagnostics, []);
  });

  it("judge `== -ERRNO` as `fails ERRNO`, and no other comparison of a call that failed", () => {
    passes('process a\na: unlink("/tmp/none") == -ENOENT\na: unlink("/tmp/none") == (1 ? -ENOENT : 0)');
    for (const clause of ["== -EPERM", "!= 0", "> 0", "!= -ENOENT", "== 0"])
      assert.equal(problemAt(2, `process a\na: unlink("/tmp/none") ${clause}`), "it failed with ENOENT");
  });

  it("know what is fixed: fixed(ID), of ids that the design has", () => {
    const expects = (fixes: string, is: string) =>
      `kernel mshare-v3 { fixes: [${fixes}] }\nprocess a\nexpect ${is}fixed("set-size-once")\nexpect !fixed("flush-sharers")`;
    passes(expects("", "!"));
    passes(expects("set-size-once", ""));
    assert.deepEqual(refusal('kernel mshare-v3\nexpect fixed("set-size-twice")'), ["2 unknown-fix"]);
    assert.deepEqual(refusal("kernel mshare-v3\nexpect fixed(7)"), ["2 wrong-type"]);
  });
});
