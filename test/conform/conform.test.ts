// Linux judges the simulated kernel: known scenarios agree, and what is wrong is found and said.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { judgeScenarios } from "../../server/cli/conform_run.ts";
import { native } from "../../server/cli/native.node.ts";
import type { Native } from "../../server/cli/native.ts";
import { exportScenarios } from "../../sim/session.ts";
import { mshare, skipWithoutCompiler, terminalWith } from "./machine.ts";

const folder = "test/scenarios/conform";
const scenario = `process a
process b
a: mmap(16TiB, 4MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
a: touch(16TiB, 8KiB, write)
a: fork(b)
b: touch(16TiB, 8KiB)
`;

/** A parent that waits for a child which does not end. */
const WAITS = `process a
process b
a: fork(b)
a: wait()
a: load(0)
`;

/** The machine's answers with something changed in what the programs print. */
const lying = (from: RegExp, to: string): Native => ({
  async compile(source) {
    const program = await native.compile(source);
    if (typeof program === "string") return program;
    return {
      ...program,
      async run(args) {
        const ran = await program.run(args);
        if (args.includes("machine")) return ran;
        assert.match(ran.out, from);
        return { ...ran, out: ran.out.replace(from, to) };
      },
    };
  },
});

describe("mshare conform", () => {
  before(skipWithoutCompiler);
  beforeEach(function () {
    this.timeout(60_000);
  });

  for (const name of [...readdirSync(folder).map((file) => `${folder}/${file}`), "examples/conform.mshare"]) {
    it(`agrees on ${name}`, async () => {
      const { status, out, error } = await mshare(["conform", name]);
      assert.equal(status, 0, out + error);
      assert.match(out, /on Linux \d/);
    });
  }

  it("says what differs where, and fails", async () => {
    const { status, out } = await mshare(
      ["conform", "a.mshare"],
      { "a.mshare": scenario },
      simulatedHere(/"VmPTE":12288/, '"VmPTE":16384'),
    );
    assert.equal(status, 1);
    assert.match(out, /DIFFERS/);
    assert.match(out, /a\.mshare:4: a: touch\(16TiB, 8KiB, write\)\n\s+a: VmPTE: simulated 12 kB, Linux 16 kB/);
  });

  it("repeats nothing where the count is not known, and does what follows", async () => {
    const text = "process a\nprocess b\na: n = close(77)\nrepeat a.n { b: close(78) }\nb: close(79)\n";
    const { status, out, error } = await mshare(["conform", "a.mshare"], { "a.mshare": text });
    assert.equal(status, 0, out + error);
  });

  it("leaves out what an element is to do that there is not, or what is asked of it, and does what follows", async () => {
    const text = `process b[2]
process c
b[0]: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
c: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 4 as i { b[i]: q = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }
repeat 4 as i { c: load(b[i].q) }
c: load(p)
parallel {
  repeat 4 as i { b[i]: load(q) }
  c: touch(p, 4KiB)
}
b[0]: load(p)
`;
    const { status, out, error } = await mshare(["conform", "a.mshare"], { "a.mshare": text });
    assert.equal(status, 0, out + error);
  });

  it("finds a wrong result, errno, signal and page", async () => {
    const text = `process a
a: close(77)
a: load(1TiB)
a: mmap(16TiB, 8KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
a: touch(16TiB, 8KiB, write)
`;
    const cases: readonly (readonly [RegExp, string, RegExp])[] = [
      [/"errno":"9"/, '"errno":"22"', /gives: simulated EBADF, Linux EINVAL/],
      [/"signal":"11"/, '"signal":"7"', /gives: simulated SIGSEGV, Linux SIGBUS/],
      [/"call":"touch","result":"2"/, '"call":"touch","result":"1"', /gives: simulated 2, Linux 1/],
      [
        /\[\[4294967296,2,129,/,
        "[[4294967296,2,128,",
        /page 0x100000000000 and 1 more: simulated .*exclusive.*, Linux present/,
      ],
      [/\[\[4294967296,2,129,0,1\]/, "[[4294967296,2,129,0,0]", /page 0x100000001000: simulated frame number 1 /],
      [/"Rss":8192/, '"Rss":4096', /smaps of 0x100000000000: Rss: simulated 8 kB, Linux 4 kB/],
      [/"minflt":2/, '"minflt":3', /minflt: simulated 2, Linux 3/],
      [/"VmData":8192/, '"VmData":4096', /VmData: simulated 8 kB, Linux 4 kB/],
      [/"VmExe \+ VmLib":0/, '"VmExe + VmLib":4096', /VmExe \+ VmLib: simulated 0 kB, Linux 4 kB/],
      [
        /\[4294967296,2,\d+\]\]/,
        "[4294967296,1,7]]",
        /contents of 0x100000000000 and 1 more: simulated with sum 0x.*, Linux with sum 0x7$/m,
      ],
    ];
    for (const [from, to, says] of cases) {
      const { status, out } = await mshare(["conform", "a.mshare"], { "a.mshare": text }, simulatedHere(from, to));
      assert.equal(status, 1, out);
      assert.match(out, says);
    }
  });

  it("takes a counter of the whole machine for Linux's own only if it is wrong every time, and mostly the same", async () => {
    let runs = 0;
    const shmem = (bytes: () => number) => ({
      compile: async (source: string) => {
        const program = await simulatedHere(/"minflt"/, '"minflt"').compile(source);
        if (typeof program === "string") return program;
        const run = async (args: readonly string[]) => {
          const ran = await program.run(args);
          if (args.includes("machine")) return ran;
          return {
            ...ran,
            out: ran.out.replace(/"machineWide":(null|\{[^}]*\})/, () => `"machineWide":{"meminfo: Shmem":${bytes()}}`),
          };
        };
        return { ...program, run };
      },
    });
    const judged = async (bytes: () => number) =>
      mshare(["conform", "a.mshare"], { "a.mshare": scenario }, shmem(bytes));
    const same = await judged(() => 4096);
    assert.equal(same.status, 1);
    assert.match(same.out, /at the end\n\s+meminfo: Shmem: simulated 8 kB, Linux 4 kB/);
    const others = await judged(() => 4096 * 3 * ++runs);
    assert.equal(others.status, 0, others.out);
    assert.match(others.out, /meminfo: Shmem, which others on this machine changed/);
    const beside = await mshare(
      ["conform", "a.mshare"],
      { "a.mshare": scenario.replace("write)\na: fork", "write) == 3\na: fork") },
      shmem(() => 4096 * 3 * ++runs),
    );
    assert.equal(beside.status, 1);
    assert.match(beside.out, /clause/);
    assert.doesNotMatch(beside.out, /Shmem/);
    let disturbed = 0;
    const mostly = await judged(() => (disturbed++ % 4 === 3 ? 4096 * 3 * ++runs : 4096));
    assert.equal(mostly.status, 1, mostly.out);
    assert.match(mostly.out, /meminfo: Shmem: simulated 8 kB, Linux 4 kB/);
    let asked = 0;
    const once = await judged(() => (asked++ < 8 ? 4096 : 8192));
    assert.equal(once.status, 0, once.out);
    assert.doesNotMatch(once.out, /Shmem/);
  });

  it("reports an expectation that neither kernel meets", async () => {
    const wrong = scenario.replace("touch(16TiB, 8KiB, write)", "touch(16TiB, 8KiB, write) == 3");
    const { status, out } = await mshare(["conform", "a.mshare"], { "a.mshare": wrong });
    assert.equal(status, 1);
    assert.match(out, /agrees .*, but neither does what the scenario asks for/);
    assert.match(out, /clause: it gave 2, not == 3, on both/);
  });

  it("does not blame a kernel that is not configured as the simulated one", async () => {
    const text = `kernel linux { pt_reclaim: off }\n${scenario}`;
    const other = lying(/"VmPTE":12288/, '"VmPTE":16384');
    const { status, out } = await mshare(["conform", "a.mshare"], { "a.mshare": text }, other);
    assert.equal(status, 0);
    assert.match(out, /is not the simulated 6\.18 without PT_RECLAIM/);
  });

  it("does not blame a kernel that is not the simulated one", async () => {
    const other = lying(/"kernel":"[^"]*"([\s\S]*?)"VmPTE":12288/, '"kernel":"5.10.1"$1"VmPTE":16384');
    const { status, out } = await mshare(["conform", "a.mshare"], { "a.mshare": scenario }, other);
    assert.equal(status, 0);
    assert.match(out, /on Linux 5\.10\.1/);
    assert.match(out, /is not the simulated 6\.18/);
  });

  it("lists what it could not compare", async () => {
    const blind = lying(/"frames":true|$/, '"frames":false');
    const text = `machine { memory: 64MiB }\n${scenario}parallel { a: load(16TiB) b: load(16TiB) }\nexpect true\n`;
    const { out } = await mshare(["conform", "a.mshare"], { "a.mshare": text }, blind);
    for (const said of [/interleavings/, /`expect`/, /shortage of memory/, /same frame/]) assert.match(out, said);
  });

  it("does not run what would hang a real Linux for ever", async () => {
    const hangs = `machine { memory: 4GiB, hugepages: 600 }
process a
a: fd = memfd_create("h", MFD_HUGETLB)
a: ftruncate(fd, 1GiB)
a: mmap(16TiB, 1GiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd, 0)
a: touch(16TiB, 4KiB, write)
a: mremap(16TiB, 1GiB, 1GiB, MREMAP_MAYMOVE|MREMAP_FIXED, 32TiB)
`;
    // The program is never started for it: only what describes the machine is asked for.
    const described: Native = {
      async compile(source) {
        const program = await native.compile(source);
        if (typeof program === "string") return program;
        const run = (args: readonly string[]) => {
          assert.deepEqual(args, ["machine"]);
          return program.run(args);
        };
        return { ...program, run };
      },
    };
    const { status, out, error } = await mshare(["conform", "a.mshare"], { "a.mshare": hangs }, described);
    assert.deepEqual([status, out], [2, ""]);
    assert.match(error, /deadlock .*a waits for .*; a real Linux might hang for ever/);
  });

  it("runs the others in one go where one might never end, and that one not at all", async () => {
    const asked: (readonly string[])[] = [];
    const listening: Native = {
      async compile(source) {
        const program = await native.compile(source);
        if (typeof program === "string") return program;
        const run = (args: readonly string[]) => {
          asked.push(args);
          return program.run(args);
        };
        return { ...program, run };
      },
    };
    const texts: Readonly<Record<string, string>> = {
      "hangs.mshare": WAITS,
      "a.mshare": scenario,
      "b.mshare": scenario,
    };
    const terminal = terminalWith(listening);
    const host = { ...terminal, read: (path: string) => texts[path] };
    const programs = Object.keys(texts).map((program) => ({ program }));
    const judged = await judgeScenarios(terminal, programs, host, "quick");
    assert.ok(typeof judged !== "string");
    assert.match(judged[0]?.failure ?? "", /deadlock/);
    assert.deepEqual(
      judged.slice(1).map(({ comparison }) => comparison?.differences),
      [[], []],
    );
    assert.deepEqual(asked.slice(0, 2), [["machine"], ["all", "quick", "without=0"]]);
    assert.ok(asked.slice(2).every(([number]) => number !== "0"));
  });

  it("a real call that waits for ever ends the run, and is a difference", async () => {
    const exported = exportScenarios({ read: () => WAITS }, [{ program: "a.mshare" }]);
    assert.ok("source" in exported);
    const program = await native.compile(exported.source);
    assert.ok(typeof program !== "string");
    const { status, out } = await program.run(["0", "quick"]);
    program.remove();
    assert.equal(status, 0);
    assert.match(out, /"call":"wait","waits":/);
    assert.doesNotMatch(out, /"call":"load"/);
    const waits = simulatedHere(/"errno":"10"/, '"waits":"0"');
    const text = "process a\na: wait()\na: load(0)\n";
    const { out: said } = await mshare(["conform", "a.mshare"], { "a.mshare": text }, waits);
    assert.match(said, /a\.mshare:2: a: wait\(\)\n\s+gives: simulated ECHILD, Linux nothing: it waits for ever/);
  });

  it("gives JSON to programs", async () => {
    const { out } = await mshare(["conform", "--json", "a.mshare"], { "a.mshare": scenario });
    const { verdict, machine, statements, differences } = JSON.parse(out);
    assert.deepEqual([verdict === "differ", statements, differences], [false, 4, []]);
    assert.equal(typeof machine.kernel, "string");
  });

  it("is unusable without files, with both, or without a compiler", async () => {
    assert.equal((await mshare(["conform"])).status, 2);
    assert.equal((await mshare(["conform", "--random", "2", "a.mshare"])).status, 2);
    assert.equal((await mshare(["conform", "--random", "many"])).status, 2);
    assert.equal((await mshare(["conform", "--seed", "2"])).status, 2);
    const none: Native = { compile: () => Promise.resolve("there is no C compiler") };
    const { status, error } = await mshare(["conform", "a.mshare"], { "a.mshare": scenario }, none);
    assert.deepEqual([status, error], [2, "mshare: there is no C compiler\n"]);
  });
});

/** Lies, and claims to run the simulated version, so that the lie counts. */
function simulatedHere(from: RegExp, to: string): Native {
  const liar = lying(from, to);
  return {
    async compile(source) {
      const program = await liar.compile(source);
      if (typeof program === "string") return program;
      const run = async (args: readonly string[]) => {
        const ran = await program.run(args);
        return { ...ran, out: ran.out.replace(/"kernel":"[^"]*"/, '"kernel":"6.18.0"') };
      };
      return { ...program, run };
    },
  };
}
