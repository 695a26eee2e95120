// Endless waiting is found: whoever is never woken, whoever spins, and a schedule that waits for what never comes.
import assert from "node:assert/strict";
import { openDebugSession, openRun, type RunReport } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";

function reportOf(text: string, schedule?: string): RunReport {
  const run = openRun({ read: () => text }, { program: "test.mshare", schedule });
  assert.ok(!("refused" in run), JSON.stringify(run));
  while (!run.advance(1_000_000));
  return run.report();
}

const kinds = ({ bugs }: RunReport) => bugs.map(({ kind }) => kind);
const calls = ({ statements }: RunReport) =>
  statements.map(({ actor, call, errno, signal }) => `${actor} ${call}${errno ?? signal ?? ""}`);

/** The kernel of ptshare as posted crashes in `slow`, which then keeps what it holds for ever. */
const crash = [
  "kernel ptshare-v2",
  "machine { cpus: 2, memory: 64MiB }",
  "process slow on cpu 0",
  "process quick on cpu 1",
  "process late on cpu 0",
  'slow: fd = open("/dev/shm/db", O_RDWR|O_CREAT, 0600)',
  "slow: ftruncate(fd, 2MiB)",
  'quick: fd = open("/dev/shm/db", O_RDWR)',
  'late: fd = open("/dev/shm/db", O_RDWR)',
  "parallel {",
  "  slow: mmap(1TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_SHARED_PT, fd, 0)",
  "  quick { mmap(1TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_SHARED_PT, fd, 0)  munmap(1TiB, 2MiB) }",
  "}",
];
const CRASH = "[slow until mm_alloc, quick until sys_exit, slow until ptshare_new_mm, slow*1, quick, slow]";

describe("endless waiting", function () {
  this.timeout(120_000);

  it("of who is never woken is a deadlock, and the run ends", () => {
    const report = reportOf(crash.join("\n"), CRASH);
    assert.ok(kinds(report).includes("null-deref"), `${kinds(report)}`);
    const found = report.bugs.find(({ kind }) => kind === "deadlock");
    assert.ok(found, `${kinds(report)}`);
    assert.match(found.message, /blocked for more than 120 seconds: .* waits for /);
    assert.notEqual(report.verdict, "limit");
  });

  it("is shown by the debugger where it is, also after going back", () => {
    const session = openDebugSession({ read: () => crash.join("\n") }, { program: "test.mshare", schedule: CRASH });
    assert.ok(!("refused" in session));
    session.setExceptionFilters([{ filter: "deadlock" }]);
    const stop = go(session, { kind: "continue" });
    assert.deepEqual([stop.reason, stop.exception?.kind], ["exception", "deadlock"]);
    const { now } = session;
    go(session, { kind: "goto", step: 3 });
    const again = go(session, { kind: "continue" });
    assert.deepEqual([again.exception?.message, session.now], [stop.exception?.message, now]);
    assert.match(answerOf(session.explain()), /^deadlock: INFO: task slow blocked/m);
  });

  it("of two threads that fault for ever is a livelock of each, whatever their turns", () => {
    const text = (schedule: string) =>
      [
        "kernel mshare-v3",
        "machine { cpus: 2, memory: 64MiB }",
        `schedule ${schedule}`,
        "process a on cpu 0",
        "process b on cpu 1",
        'a: fd = open("/sys/fs/mshare/db", O_CREAT|O_EXCL|O_RDWR, 0600)',
        "a: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })",
        "a: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: 2MiB, offset: 0, prot: PROT_READ, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1 })",
        "a: p = mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)",
        'b: fd = open("/sys/fs/mshare/db", O_RDWR)',
        "b: p = mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)",
        "a: load(p)",
        "b: load(p)",
        "parallel { a: store(p, 1)  b: store(p, 2) }",
        "allow bug lock-recursion, missing-lock",
      ].join("\n");
    for (const schedule of ["sequential", "random 4", "[a*7, b*9, a*20, b]"]) {
      const report = reportOf(text(schedule));
      assert.equal(report.bugs.filter(({ kind }) => kind === "livelock").length, 2, `${schedule}: ${kinds(report)}`);
      assert.deepEqual(calls(report).slice(-2).sort(), ["a storeSIGSEGV", "b storeSIGSEGV"]);
    }
  });

  const race = [
    "process a on cpu 0",
    "thread a.t on cpu 1",
    "a: p = mmap(2TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
    "parallel {",
    "  a { munmap(p, 4KiB)  munmap(p + 64KiB, 4KiB) }",
    "  a.t { mmap(3TiB, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)  munmap(3TiB, 4KiB) }",
    "}",
  ].join("\n");

  it("for an event of a schedule that never comes ends with the thread's part; the others then have their turns", () => {
    const report = reportOf(race, "[a until mmu_notifier_register, a.t until guest_store]");
    assert.equal(report.verdict, "pass");
    assert.deepEqual(calls(report).slice(1), ["a munmap", "a munmap", "a.t mmap", "a.t munmap"]);
  });

  it("for an event in a thread that waits for another's lock gives its turn to that one", () => {
    // a.t holds mmap_lock; a waits for it, and its turn, until an event that never comes, is lost.
    const report = reportOf(race, "[a.t until vma_link, a until guest_store, a.t, a]");
    assert.equal(report.verdict, "pass");
    assert.equal(calls(report).length, 5);
    // `a*0`: it tried to take the lock.
    assert.match(report.schedule!, /^\[a\.t\*\d+, a\*\d+, a\*0, a\.t\*\d+, a\.t\*0, a\*\d+/);
    assert.equal(reportOf(race, report.schedule).schedule, report.schedule);
  });

  it("in loops that never do a step is a limit", () => {
    const report = reportOf(
      "process a\nrepeat 100000000 { repeat 0 { a: getpid() } }\na: getpid()".replaceAll("getpid()", "munmap(0, 4KiB)"),
    );
    assert.equal(report.verdict, "limit");
  });
});
