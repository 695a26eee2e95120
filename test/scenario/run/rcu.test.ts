// RCU in a run: page tables are free when the next statement begins, and in a parallel block when its turn has come.
import { ANONYMOUS, passes } from "./running.ts";

const HEAD = `machine { cpus: 2, memory: 64MiB }
  process a on cpu 0
  process b on cpu 1
  a: p = mmap(0, 2MiB, ${ANONYMOUS})
  a: touch(p, 4KiB, write)`;

describe("RCU in a run", () => {
  it("has freed what munmap has unlinked before the next statement, and what exit has before the end", () => {
    passes(
      `${HEAD}
      a: munmap(p, 2MiB)
      expect count(rcu_callback) == 1 && count(rcu_invoke_callback) == 1 && count(free_table) == 3
      expect count(rcu_grace_period) == 2
      expect meminfo().PageTables == 8KiB
      a: exit(0)
      b: load(0) faults SIGSEGV
      expect meminfo().PageTables == 4KiB`,
      "sequential",
    );
  });

  it("has its turns in a parallel block, where tables are there until then", () => {
    const program = `${HEAD}
      parallel {
        a { munmap(p, 2MiB)
            q = open("/proc/meminfo", O_RDONLY) }
        b: m = mmap(0, 4KiB, ${ANONYMOUS})
      }
      expect count(free_table) == 3
      expect meminfo().PageTables == 8KiB`;
    for (const schedule of ["sequential", "random:3", "[a, b]", "[a until sys_exit, rcu_preempt, a, b]"])
      passes(program, schedule);
  });

  it("is over when what comes after the block is looked at, also where nobody gave it a turn", () => {
    passes(
      `${HEAD}
      parallel {
        a: munmap(p, 2MiB)
        b: m = mmap(0, 4KiB, ${ANONYMOUS})
      }
      expect meminfo().PageTables == 8KiB
      expect count(rcu_invoke_callback) == 1`,
      "[a, b]",
    );
  });
});
