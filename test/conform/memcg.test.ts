// Who is charged for what, held against a real memory controller: that of version 1, which machines whose version 2 has none
// may still have. Both charge alike; only their files differ. Groups are made here and removed again.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { native } from "../../server/cli/native.node.ts";
import type { MemCgroup } from "../../sim/kernel/mm/memcontrol.ts";
import { type Driver, drive, noPatch } from "../kernel/harness.ts";
import { skipWithoutCompiler } from "./machine.ts";

const CONTROLLER = "/sys/fs/cgroup/memory";
const [ANON, SHARED, LATER] = [300, 100, 50];

/** Pages of anonymous and of shared memory: of the group above, and of the two groups within it. */
type Charges = readonly (readonly [anon: number, shmem: number])[];

/** What the same process is charged in the simulation, after each of its three doings. */
function simulated(): Charges[] {
  const ROOT = "/sys/fs/cgroup/top";
  const BASE = 2 ** 41;
  const driver: Driver = drive([0, 1], noPatch, { memory: 2 ** 26 });
  const write = (path: string, text: string) => {
    const fd = driver.call(1, "sys_open", ROOT + path, 1);
    assert.equal(driver.call(1, "sys_write", fd, text, text.length), text.length);
  };
  const map = (place: number, pages: number, flags: number) => {
    driver.call(0, "sys_mmap", place, pages * 4096, 3, flags, -1, 0);
    driver.touch(0, place, pages * 4096, "write");
  };
  const charges = (): Charges =>
    ["", "/a", "/b"].map((path) => {
      const { anon, shmem } = driver.system.straight.memory_stat(
        driver.system.straight.memcg_of_path(ROOT + path) as MemCgroup,
      );
      return [anon / 4096, shmem / 4096] as const;
    });
  driver.call(1, "sys_mkdir", ROOT, 0o755);
  write("/cgroup.subtree_control", "+memory");
  for (const path of ["/a", "/b"]) driver.call(1, "sys_mkdir", ROOT + path, 0o755);
  write("/a/cgroup.procs", "1");
  map(BASE, ANON, 0x22);
  map(BASE + 2 ** 30, SHARED, 0x21);
  const first = charges();
  write("/b/cgroup.procs", "1");
  map(BASE + 2 ** 31, LATER, 0x22);
  driver.touch(0, BASE + 2 ** 30, SHARED * 4096, "write");
  const moved = charges();
  driver.call(0, "sys_munmap", BASE, ANON * 4096);
  return [first, moved, charges()];
}

/**
 * A program whose child does the same. After each doing it waits until memory.stat, which comes late, says what is expected
 * beyond what the child has for itself, or for twenty seconds, and prints what it says.
 */
const program = `#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *top;
static const char *const below[] = {"", "/a", "/b"};

static void join_group(const char *group) {
  char path[512];
  snprintf(path, sizeof path, "%s%s/cgroup.procs", top, group);
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, "0", 1) != 1) _exit(3);
  close(fd);
}

static char *touched(long pages, int flags) {
  char *at = mmap(0, pages * 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) _exit(4);
  for (long i = 0; i < pages; i++) ((volatile char *)at)[i * 4096] = 1;
  return at;
}

static void stat_of(const char *group, long *values) {
  char path[512], line[256];
  snprintf(path, sizeof path, "%s%s/memory.stat", top, group);
  FILE *file = fopen(path, "r");
  if (!file) exit(5);
  while (fgets(line, sizeof line, file)) {
    sscanf(line, "total_rss %ld", &values[0]);
    sscanf(line, "total_shmem %ld", &values[1]);
  }
  fclose(file);
  values[0] /= 4096;
  values[1] /= 4096;
}

static int go[2], done[2];
static char word;

static void child(void) {
  join_group("/a");
  /* Once before it counts, so that the child's own pages are its own. */
  for (int round = 0; round < 2; round++) {
    long n = round ? ${ANON} : 1, m = round ? ${SHARED} : 1;
    if (write(done[1], "x", 1) != 1 || read(go[0], &word, 1) != 1) _exit(6);
    char *anon = touched(n, MAP_PRIVATE), *shared = touched(m, MAP_SHARED);
    if (round == 0) {
      munmap(anon, 4096);
      munmap(shared, 4096);
      join_group("/a");
      continue;
    }
    if (write(done[1], "x", 1) != 1 || read(go[0], &word, 1) != 1) _exit(6);
    join_group("/b");
    touched(${LATER}, MAP_PRIVATE);
    for (long i = 0; i < m; i++) ((volatile char *)shared)[i * 4096] = 2;
    if (write(done[1], "x", 1) != 1 || read(go[0], &word, 1) != 1) _exit(6);
    munmap(anon, n * 4096);
    if (write(done[1], "x", 1) != 1 || read(go[0], &word, 1) != 1) _exit(6);
  }
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc != 2 + 18) return 2;
  top = argv[1];
  if (pipe(go) || pipe(done)) return 7;
  pid_t pid = fork();
  if (pid == 0) child();
  long before[3][2] = {{0}}, now[3][2] = {{0}};
  if (read(done[0], &word, 1) != 1 || write(go[1], "x", 1) != 1 || read(done[0], &word, 1) != 1) return 8;
  /* The counters are brought up to date every two seconds. */
  sleep(5);
  for (int g = 0; g < 3; g++) stat_of(below[g], before[g]);
  for (int step = 0; step < 3; step++) {
    if (write(go[1], "x", 1) != 1 || read(done[0], &word, 1) != 1) return 8;
    for (int tries = 0; tries < 100; tries++) {
      int equal = 1;
      for (int g = 0; g < 3; g++) {
        stat_of(below[g], now[g]);
        for (int i = 0; i < 2; i++) equal &= now[g][i] - before[g][i] == atol(argv[2 + step * 6 + g * 2 + i]);
      }
      if (equal) break;
      usleep(200000);
    }
    for (int g = 0; g < 3; g++) printf("%ld %ld ", now[g][0] - before[g][0], now[g][1] - before[g][1]);
    printf("\\n");
    fflush(stdout);
  }
  if (write(go[1], "x", 1) != 1) return 8;
  waitpid(pid, 0, 0);
  return 0;
}
`;

describe("charges of a real memory controller", () => {
  const top = `${CONTROLLER}/mshare-test-${process.pid}`;

  before(async function () {
    await skipWithoutCompiler.call(this);
    let why = process.getuid?.() === 0 ? "" : "only root can make groups";
    if (!why && !existsSync(`${CONTROLLER}/memory.stat`)) why = "there is no memory controller of version 1";
    try {
      if (!why) for (const path of ["", "/a", "/b"]) mkdirSync(top + path);
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    if (!why) return;
    console.log(`\n  charges of a real memory controller: skipped, ${why}`);
    this.skip();
  });
  after(() => {
    for (const path of ["/b", "/a", ""]) {
      if (!existsSync(top + path)) continue;
      // What pages they still have goes first.
      writeFileSync(`${top + path}/memory.force_empty`, "0");
      rmdirSync(top + path);
    }
  });

  it("are those of the simulated one: by first use, for all groups above, and not moved with a process", async function () {
    this.timeout(180_000);
    const expected = simulated();
    assert.deepEqual(expected[0], [
      [ANON, SHARED],
      [ANON, SHARED],
      [0, 0],
    ]);
    const compiled = await native.compile(program);
    assert.ok(typeof compiled !== "string", typeof compiled === "string" ? compiled : "");
    const { status, out, error } = await compiled.run([top, ...expected.flat(2).map(String)]);
    compiled.remove();
    assert.equal(status, 0, error);
    const real = out
      .trim()
      .split("\n")
      .map((line) => line.trim().split(" ").map(Number));
    assert.deepEqual(
      real,
      expected.map((charges) => charges.flat()),
    );
  });
});
