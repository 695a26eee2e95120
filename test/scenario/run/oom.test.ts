// The OOM killer: whom it chooses (proc(5), Documentation/filesystems/proc.rst 3.1 and 3.2), and that the victim really dies.
import assert from "node:assert/strict";
import { loadText } from "../../session/load_text.ts";
import { ANONYMOUS, passes, problemAt } from "./running.ts";

const hungry = (name: string, size: string) => `
  ${name}: p = mmap(0, ${size}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
  ${name}: touch(p, ${size}, write)`;
const adj = (name: string, value: string) => `
  ${name}: adj = open("/proc/self/oom_score_adj", O_RDWR)
  ${name}: write(adj, "${value}", ${value.length}) == ${value.length}`;
const SHM = "PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0";

describe("the OOM killer", () => {
  for (const schedule of ["sequential", "random 7"])
    it(`takes the process with the most memory, which exits before the allocation goes on (${schedule})`, () => {
      const report = passes(
        `machine { memory: 8MiB }
        process hog on cpu 0
        process small on cpu 1
        ${hungry("hog", "5MiB")}
        small: p = mmap(0, 4MiB, ${ANONYMOUS})
        parallel {
          small: touch(p, 4MiB, write) == 1024
        }
        expect count(mark_victim) == 1
        expect count(exit) == 1
        hog: load(p)`,
        schedule,
      );
      assert.deepEqual(
        report.warnings.map(({ message }) => message),
        ["`hog` was killed"],
      );
    });

  it("kills nobody else while a victim is on its way: two who ask at once cost one process its life", () => {
    for (let seed = 1; seed <= 12; seed++)
      passes(
        `machine { cpus: 3, memory: 64MiB }
        process shell on cpu 0
        process a on cpu 0
        process b on cpu 1
        process hog on cpu 2
        shell: mkdir("/sys/fs/cgroup/jobs")
        shell: procs = open("/sys/fs/cgroup/jobs/cgroup.procs", O_RDWR)
        shell: limit = open("/sys/fs/cgroup/jobs/memory.max", O_RDWR)
        shell: write(limit, "1M", 2)
        shell: write(procs, "2", 1)
        shell: write(procs, "3", 1)
        shell: write(procs, "4", 1)
        hog: p = mmap(16TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
        hog: touch(p, 900KiB, write)
        a: p = mmap(16TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
        b: p = mmap(16TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
        parallel {
          a: touch(p, 300KiB, write) == 75
          b: touch(p, 300KiB, write) == 75
        }
        expect count(mark_victim) == 1
        expect memcg("/sys/fs/cgroup/jobs").oom_kill == 1`,
        `random ${seed}`,
      );
  });

  it("lets a victim come to the end of its exit that has nothing else to do, step by step too", () => {
    const { run, system } = loadText(
      `machine { memory: 8MiB }
        process hog on cpu 0
        process small on cpu 1
        process other on cpu 1
        ${hungry("hog", "5MiB")}
        small: p = mmap(0, 4MiB, ${ANONYMOUS})
        parallel {
          small: touch(p, 4MiB, write)
          other: mmap(0, 4KiB, ${ANONYMOUS})
        }`,
      { schedule: "random 7" },
    );
    assert.equal(run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY), "done");
    assert.equal(system.taskOf(system.threads[0]!).signal, 9);
    assert.deepEqual(run.inFlight(), []);
  });

  it("gives back shared memory too: the victim exits", () =>
    void passes(`machine { memory: 8MiB }
      process hog
      process small
      hog: p = mmap(0, 5MiB, ${SHM})
      hog: touch(p, 5MiB, write)
      small: p = mmap(0, 4MiB, ${ANONYMOUS})
      small: touch(p, 4MiB, write) == 1024
      expect meminfo().Shmem == 0`));

  it("heeds oom_score_adj: -1000 is never taken, and what is positive counts as memory", () =>
    void passes(`machine { memory: 8MiB }
      process hog
      process pet
      process small
      ${hungry("hog", "3MiB")}
      ${hungry("pet", "1MiB")}
      ${adj("hog", "-1000")}
      ${adj("pet", "500")}
      small: p = mmap(0, 4MiB, ${ANONYMOUS})
      small: touch(p, 3MiB, write) == 768
      expect count(mark_victim, task == pet) == 1
      hog: load(p) == 1`));

  it("counts what is in swap", () =>
    void passes(`machine { memory: 8MiB, swap: 5MiB }
      process swapped
      process first
      process second
      ${hungry("swapped", "4992KiB")}
      kernel: swap_out(swapped, swapped.p, 5MiB)
      expect status(swapped).VmRSS <= 4KiB
      ${hungry("first", "2816KiB")}
      ${hungry("second", "2816KiB")}
      second: q = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
      first: q = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
      repeat 256 as i {
        first: store(q + 4096 * i, 1)
        second: store(q + 4096 * i, 1)
      }
      expect count(mark_victim, task == swapped) == 1`));

  it("ends the access of who asks when that is the choice, and the process exits, all its threads", () => {
    const report = passes(`machine { memory: 4MiB }
      process a on cpu 0
      thread a.t on cpu 1
      process b on cpu 1
      ${hungry("b", "512KiB")}
      a: p = mmap(0, 8MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
      a: touch(p, 8MiB, write) faults OOM
      a: load(p)
      a.t: load(p)
      expect count(mark_victim, task == a) == 1
      expect count(exit) == 2
      expect meminfo().AnonPages == 512KiB
      b: load(p) == 1`);
    assert.deepEqual(
      report.warnings.map(({ message }) => message),
      ["`a` was killed", "`a.t` was killed"],
    );
  });

  it("ends the call of who asks too: wait gives its parent SIGKILL", () =>
    void passes(`machine { memory: 4MiB }
      process a
      process b
      a: fork(b)
      b: p = mmap(0, 8MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE|MAP_POPULATE, -1, 0)
      expect count(mark_victim, task == b) == 1
      a: wait(b) == 2
      expect meminfo().AnonPages == 0`));

  it("lets who must not be killed go on without, when nobody else is left", () =>
    void passes(`machine { memory: 4MiB }
      process a
      ${adj("a", "-1000")}
      a: p = mmap(0, 8MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
      a: touch(p, 8MiB, write) faults OOM
      a: load(p) == 1
      expect count(mark_victim) == 0`));

  it("takes who asks also in a control group, and nobody outside it", () =>
    void passes(`machine { memory: 64MiB }
      process outside
      process asker
      ${hungry("outside", "8MiB")}
      outside: mkdir("/sys/fs/cgroup/g")
      outside: max = open("/sys/fs/cgroup/g/memory.max", O_WRONLY)
      outside: write(max, "4M", 2)
      outside: procs = open("/sys/fs/cgroup/g/cgroup.procs", O_WRONLY)
      outside: write(procs, "2", 1)
      asker: p = mmap(0, 8MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
      asker: touch(p, 8MiB, write) faults OOM
      expect memcg("/sys/fs/cgroup/g").oom_kill == 1
      expect memcg("/sys/fs/cgroup/g").current == 0
      outside: load(p) == 1`));

  it("kills all threads of a process, and who is killed in the middle of a touch does not end it", () => {
    const report = passes(
      `machine { memory: 8MiB }
      process hog on cpu 0
      thread hog.t on cpu 1
      process small on cpu 1
      ${hungry("hog", "4MiB")}
      hog: q = mmap(0, 16MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)
      small: p = mmap(0, 4MiB, ${ANONYMOUS})
      parallel {
        hog: touch(q, 16KiB)
        hog.t: touch(q, 8MiB)
        small: touch(p, 4MiB, write) == 1024
      }
      expect count(exit) == 2
      allow bugs`,
      "random 3",
    );
    assert.ok(report.statements.some(({ actor, signal }) => actor.startsWith("hog") && signal === "SIGKILL"));
  });

  it("is not to be judged: what a killed process should have done fails", () =>
    assert.equal(problemAt(3, "process a\nkernel: oom_kill(a)\na: status() == 0"), "`a` was killed"));

  it("kernel: oom_kill kills, whoever has most", () =>
    void passes(`process a
      process b
      ${hungry("a", "64KiB")}
      ${hungry("b", "1MiB")}
      kernel: oom_kill(a)
      expect count(exit) == 1
      expect status(b).RssAnon == 1MiB`));

  it("in a control group takes a process of that group, and memory.events tells", () =>
    void passes(`machine { memory: 64MiB }
      process outside
      process inside
      process asker
      ${hungry("outside", "8MiB")}
      outside: mkdir("/sys/fs/cgroup/g")
      outside: max = open("/sys/fs/cgroup/g/memory.max", O_WRONLY)
      outside: write(max, "4M", 2)
      outside: procs = open("/sys/fs/cgroup/g/cgroup.procs", O_WRONLY)
      outside: write(procs, "2", 1)
      outside: write(procs, "3", 1)
      ${hungry("inside", "3MiB")}
      ${hungry("asker", "2MiB")}
      expect memcg("/sys/fs/cgroup/g").oom_kill == 1
      expect memcg("/sys/fs/cgroup/g").anon == 2MiB
      outside: load(p) == 1
      expect count(mark_victim, task == inside) == 1`));

  it("a limit below what processes have kills them", () =>
    void passes(`process shell
      process worker
      shell: mkdir("/sys/fs/cgroup/g")
      shell: procs = open("/sys/fs/cgroup/g/cgroup.procs", O_WRONLY)
      shell: write(procs, "2", 1)
      ${hungry("worker", "1MiB")}
      shell: max = open("/sys/fs/cgroup/g/memory.max", O_WRONLY)
      shell: write(max, "64K", 3)
      expect memcg("/sys/fs/cgroup/g").oom_kill == 1
      expect memcg("/sys/fs/cgroup/g").current == 0`));

  it("oom_score_adj takes -1000 to 1000, and a child has its parent's", () =>
    void passes(`process a
      process b
      a: adj = open("/proc/self/oom_score_adj", O_RDWR)
      a: write(adj, "1001", 4) fails EINVAL
      a: write(adj, "-1001", 5) fails EINVAL
      a: write(adj, "x", 1) fails EINVAL
      a: write(adj, "-17", 3) == 3
      a: fork(b)
      b: own = open("/proc/self/oom_score_adj", O_RDONLY)
      b: p = mmap(0, 4KiB, ${ANONYMOUS})
      b: read(own, p, 8) == 4
      b: load(p) == 0x0a37312d`));
});
