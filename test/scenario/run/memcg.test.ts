// Groups within groups and kswapd in a run: who dies with whom, and what happens in the background while others go on.
import assert from "node:assert/strict";
import type { Thread } from "../../../sim/core/thread.ts";
import type { Loaded } from "../../../sim/session/load.ts";
import { loadText } from "../../session/load_text.ts";
import { ANONYMOUS, passes } from "./running.ts";

const GROUP = "/sys/fs/cgroup";
const put = (path: string, text: string) => {
  const name = `f${path.replace(/\W/g, "_")}`;
  return `shell: ${name} = open("${GROUP}${path}", O_WRONLY)
    shell: write(${name}, "${text}", ${text.length}) == ${text.length}`;
};
const memcg = (path: string) => `memcg("${GROUP}${path}")`;

/** a with b and c below it, and d; x and y, of which the first is the larger one, in b and c. No swap. */
const TREE = `machine { memory: 64MiB }
  process shell
  process x
  process y
  process z
  shell: mkdir("${GROUP}/a")
  ${put("/a/cgroup.subtree_control", "+memory")}
  shell: mkdir("${GROUP}/a/b")
  shell: mkdir("${GROUP}/a/c")
  ${put("/a/b/cgroup.procs", "2")}
  ${put("/a/c/cgroup.procs", "3")}
  ${put("/a/memory.max", "800K")}
  z: p = mmap(0, 4MiB, ${ANONYMOUS})
  z: touch(p, 4MiB, write)
  x: p = mmap(0, 480KiB, ${ANONYMOUS})
  x: touch(p, 480KiB, write)`;

describe("the OOM killer and groups within groups", () => {
  it("takes the largest process of all below the group that is full, and no other", () => {
    passes(
      `${TREE}
      y: p = mmap(0, 400KiB, ${ANONYMOUS})
      y: touch(p, 400KiB, write) == 100
      expect count(mark_victim) == 1
      expect ${memcg("/a")}.oom == 1 && ${memcg("/a")}.oom_kill == 1
      expect ${memcg("/a/b")}.oom == 0 && ${memcg("/a/b")}.oom_kill == 1
      expect ${memcg("/a/c")}.oom == 0 && ${memcg("/a/c")}.oom_kill == 0
      expect ${memcg("/a/b")}.current == 0
      x: load(p)
      z: load(p) == 1`,
      "sequential",
    );
  });

  it("memory.oom.group takes all of a group: one kill of a group, in which the one that was chosen counts twice", () => {
    passes(
      `${TREE}
      process w
      ${put("/a/b/memory.oom.group", "1")}
      shell: fw = open("${GROUP}/a/b/cgroup.procs", O_WRONLY)
      shell: write(fw, "5", 1) == 1
      w: p = mmap(0, 40KiB, ${ANONYMOUS})
      w: touch(p, 40KiB, write)
      y: p = mmap(0, 400KiB, ${ANONYMOUS})
      y: touch(p, 400KiB, write) == 100
      expect count(mark_victim) == 2 && count(exit) == 2
      expect ${memcg("/a/b")}.oom_kill == 3 && ${memcg("/a/b")}.oom_group_kill == 1
      expect ${memcg("/a/b")}.current == 0
      w: load(p)
      x: load(p)`,
      "sequential",
    );
  });

  it("memory.min is never given up: the killer comes instead", () => {
    passes(
      `${TREE.replace("64MiB", "64MiB, swap: 16MiB")}
      ${put("/a/memory.min", "max")}
      ${put("/a/b/memory.min", "max")}
      ${put("/a/b/memory.swap.max", "0")}
      y: p = mmap(0, 4MiB, ${ANONYMOUS})
      y: touch(p, 4MiB, write) == 1024
      expect ${memcg("/a/c")}.swap > 3MiB
      expect count(mark_victim) == 0
      expect ${memcg("/a/b")}.anon == 480KiB`,
      "sequential",
    );
  });
});

describe("kswapd in a run", () => {
  const HUNGRY = `machine { memory: 6MiB, swap: 16MiB, cpus: 2 }
    process a on cpu 0
    process b on cpu 1
    a: p = mmap(0, 8MiB, ${ANONYMOUS})
    b: p = mmap(0, 4MiB, ${ANONYMOUS})
    a: touch(p, 4MiB, write)`;

  it("reclaims before the next access begins where nobody runs beside it", () => {
    passes(
      `${HUNGRY}
      expect zoneinfo().low < zoneinfo().high && zoneinfo().free > zoneinfo().low
      a: touch(p, 8MiB, write) == 2048
      expect count(mm_vmscan_kswapd_wake) > 0
      expect count(mm_vmscan_kswapd_wake) == count(mm_vmscan_wakeup_kswapd)
      expect count(mm_vmscan_kswapd_sleep) == count(mm_vmscan_kswapd_wake)
      expect zoneinfo().free > zoneinfo().low
      a: load(p) == 1`,
      "sequential",
    );
  });

  for (const schedule of ["sequential", "random 3", "random 11"])
    it(`takes turns with the others in a parallel block (${schedule})`, () => {
      passes(
        `${HUNGRY}
        parallel {
          a: touch(p, 5MiB, write) == 1280
          b: touch(p, 1MiB, write) == 256
        }
        a: touch(p, 5MiB) == 1280
        b: touch(p, 1MiB) == 256
        expect count(mm_vmscan_kswapd_wake) > 0`,
        schedule,
      );
    });

  it("is named in schedules, as a run writes them", () => {
    const text = (schedule: string) => `${schedule}
      ${HUNGRY}
      parallel {
        a: touch(p, 5MiB, write) == 1280
        b: touch(p, 1MiB, write) == 256
      }`;
    const run = (schedule: string) => {
      const loaded = loadText(text(schedule));
      while (loaded.run.forward(1e9, 1e9) !== "done");
      return loaded;
    };
    const name = ({ id, cpu, name: own }: Thread) => (id < 0 ? `cpu ${cpu}` : own);
    const turnsOf = ({ run: { turns } }: Loaded) =>
      turns.map(({ thread, from, to }) => `${name(thread)}*${to - from + 1}`);
    const turns = turnsOf(run("schedule random 5"));
    assert.ok(turns.some((turn) => turn.startsWith("kswapd0*")));
    assert.deepEqual(turnsOf(run(`schedule [${turns.join(", ")}]`)), turns);
  });
});
