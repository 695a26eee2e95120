// What people write into the boxes of breakpoints: what can never be is refused with what comes near it; counts and
// messages do what they say.
import assert from "node:assert/strict";
import { clientOn, type TestClient } from "./harness.ts";
import { realEngine } from "./real.ts";

const program = "/words.mshare";
const text = `machine { cpus: 2, memory: 64MiB }
process writer on cpu 0
process reader on cpu 1
writer: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 4 as i {
  writer: store(p + i * 4096, i)
}
reader: q = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
reader: store(q, 1)
`;

/** Before the first step. */
async function entered(more = ""): Promise<TestClient> {
  const c = clientOn(realEngine, { [program]: text + more });
  c.launch({ program, stopOnEntry: true });
  await c.event("stopped");
  return c;
}

const events = (c: TestClient, ...names: (string | object)[]) =>
  c.request("setFunctionBreakpoints", {
    breakpoints: names.map((name) => (typeof name === "string" ? { name } : name)),
  }).breakpoints;
const lines = (c: TestClient, ...breakpoints: object[]) =>
  c.request("setBreakpoints", { source: { path: program }, breakpoints }).breakpoints;
const told = (breakpoints: readonly { verified: boolean; message?: string }[]) =>
  breakpoints.map(({ verified, message }) => (verified ? "set" : (message ?? "")));

describe("words in the boxes of a breakpoint", () => {
  it("that mean nothing are refused, with what comes near", async () => {
    const c = await entered();
    const here = lines(
      c,
      { line: 6, condition: "cpuu == 1" },
      { line: 6, condition: "1 +" },
      { line: 6, hitCondition: "three" },
    );
    assert.deepEqual(told(here), [
      "condition: `cpuu` is not known. Near: cpu.",
      "condition: Expected a value.",
      "hit count: `three` is none; `5`, `>= 5` and `% 2` are",
    ]);
    const there = events(
      c,
      "TLB flosh",
      "set_pte into wirter",
      "free of pmd tabel",
      "",
      "set_pte if adress == 1",
      "set_pte into guest if i == 2",
    );
    assert.deepEqual(told(there), [
      'No event or kernel function is called "tlb flosh". Near: tlb_flush.',
      '"wirter" is no process, CPU, table, address or number. Near: writer.',
      '"pmd tabel" is no process, CPU, table, address or number. Near: pmd table, p4d table, pgd table.',
      "An event is missing, as `TLB flush`.",
      "condition: `adress` is not known. Near: address, access.",
      "set",
    ]);
    const filterOptions = [{ filterId: "stale-tlb-acces" }, { filterId: "signal", condition: "signl == 11" }];
    const filters = c.request("setExceptionBreakpoints", { filters: [], filterOptions }).breakpoints;
    assert.deepEqual(told(filters), [
      "No kind of bug is called `stale-tlb-acces`. Near: stale-tlb-access.",
      "condition: `signl` is not known. Near: signal.",
    ]);
  });

  it("have plurals, any order, names that hold prepositions, and calls by their own names", async () => {
    const c = await entered();
    const words = ["page faults", "TLB flushes", "flush TLB", "swap in", "swap in at 2TiB", "mmap", "syscall munmap"];
    assert.deepEqual(told(events(c, ...words, "copy on write", "signal of SIGSEGV")), Array(9).fill("set"));
    const [mapped] = [events(c, "mmap"), await c.move("continue")];
    assert.equal(mapped[0]?.verified, true);
    assert.equal(c.request("stackTrace", { threadId: 1 }).stackFrames.at(-1)?.line, 4);
    const near = told(events(c, "munmaps", "mmap lock", "kill"));
    assert.match(near[1] ?? "", /Near: .*mmap_lock/);
    assert.match(near[2] ?? "", /Near: .*kill/);
  });

  it("name addresses that the run has yet to give: variables mean what they are then", async () => {
    const c = await entered();
    assert.deepEqual(told(events(c, "page fault at p + 8192", "page fault at reader.q")), ["set", "set"]);
    assert.match((await c.move("continue")).description ?? "", /^page_fault: writer writes .* at 0x7ffff7ff1000$/);
    assert.match((await c.move("continue")).description ?? "", /^page_fault: reader writes /);
    await c.move("restart");
    assert.equal(c.events.filter(({ event }) => event === "breakpoint").length, 0, "they are still set");
    assert.match((await c.move("continue")).description ?? "", /^page_fault: writer writes .* at 0x7ffff7ff1000$/);
    assert.deepEqual(told(events(c, "page fault at writer.r")), [
      '"writer.r" is no process, CPU, table, address or number. Near: writer.',
    ]);
  });

  it("that call what does not exist are refused, in conditions and in log messages", async () => {
    const c = await entered();
    const here = lines(c, { line: 6, condition: "load(p) == 1" }, { line: 6, logMessage: "{adress} is {1 +}" });
    assert.deepEqual(told(here), [
      "condition: there is no function `load`.",
      "log message: `adress` is not known. Near: address, access.",
    ]);
  });

  it("that have no value where they are asked say so once, and do not stop", async () => {
    const c = await entered();
    const [asked] = lines(c, { line: 6, condition: "i / (i - i)" }, { line: 9 });
    assert.equal(asked?.verified, true);
    await c.move("continue");
    assert.equal(c.request("stackTrace", { threadId: 2 }).stackFrames.at(-1)?.line, 9);
    assert.deepEqual(c.output("important").split("\n"), [
      "warning: line 6: the condition has no value here, and does not stop the run: Division by zero.",
      "",
    ]);
    // What no call has set yet is no mistake.
    lines(c, { line: 4, condition: "p == 0" }, { line: 8, condition: "q == 0" });
    await c.move("reverseContinue");
    assert.equal(c.output("important").split("\n").length, 2);
  });

  it("in files that the run does not read say which it reads", async () => {
    const c = await entered();
    const setIn = (path: string) =>
      told(c.request("setBreakpoints", { source: { path }, breakpoints: [{ line: 4 }] }).breakpoints)[0];
    assert.equal(setIn("/other.mshare"), "This run reads /words.mshare, and not this file.");
    assert.equal(setIn("/product/sim/session/debug.ts"), "Nothing of the simulated kernel happens in this file.");
    assert.equal(told(lines(c, { line: 400 }))[0], "Nothing happens in this line or below it.");
  });

  it("may be any name that is known at some step: arguments of events, variables, counters, constants", async () => {
    const c = await entered();
    const conditions = ["pfn == 0", "p == 0", "q > 0 && i < 3", "writer.p == PROT_READ", "mm(reader).map_count > 1"];
    assert.deepEqual(told(lines(c, ...conditions.map((condition) => ({ line: 6, condition })))), Array(5).fill("set"));
  });

  it("name locks, files and regions that no list has", async () => {
    const c = await entered();
    const wanted = [
      "lock of mmap_lock",
      "sys_enter of mmap",
      "set_pgd into /sys/fs/mshare/db",
      "TLB flush with remote",
    ];
    assert.deepEqual(told(events(c, ...wanted)), Array(4).fill("set"));
  });
});

describe("hit counts", () => {
  it("count on lines and events, and the stop says which time it is", async () => {
    const c = await entered();
    const [line] = lines(c, { line: 6, hitCondition: "3" });
    const first = await c.move("continue");
    assert.deepEqual(first.hitBreakpointIds, [line?.id]);
    assert.equal(first.description, "line 6: writer: store(p + i * 4096, i) (hit 3)");
    lines(c);
    const [event] = events(c, { name: "page fault", hitCondition: "% 2" });
    const second = await c.move("continue");
    assert.deepEqual(second.hitBreakpointIds, [event?.id]);
    // Of the run, not from where it was set: the two stores before have had their faults.
    assert.match(second.description ?? "", /^page_fault: writer writes .* \(hit 4\)$/);
  });

  it("count writes to a field", async () => {
    const c = await entered();
    const { dataId } = c.request("dataBreakpointInfo", { name: "mm(writer).map_count" });
    const breakpoints = [{ dataId, hitCondition: "1", condition: "cpu == 0 && task == writer && step > 0" }];
    const [data] = c.request("setDataBreakpoints", { breakpoints }).breakpoints;
    const { hitBreakpointIds, description } = await c.move("continue");
    assert.deepEqual(hitBreakpointIds, [data?.id]);
    assert.match(description ?? "", /^map_count of mm of writer: 0 → 1 \(.*\) \(hit 1\)$/);
  });
});

describe("log points", () => {
  it("on events print their message, with the values of the moment, or what happens", async () => {
    const c = await entered();
    events(c, "log TLB fill: {address} on {cpu}", "log page fault", "log: sched switch {task} there", "log: TLB flush");
    lines(c, { line: 9 });
    await c.move("continue");
    const printed = c.output("console").split("\n");
    assert.ok(
      printed.includes("page_fault: writer writes and finds nothing present at 0x7ffff7fef000"),
      printed.join(),
    );
    assert.equal(printed.filter((text) => /^0x7ffff7f[ef][0-9a-f]000 on 0$/.test(text)).length, 4, printed.join());
    assert.ok(
      printed.some((text) => text.startsWith("sched switch ")),
      printed.join(),
    );
  });

  it("print who it is by name, texts as they are, numbers without their other forms", async () => {
    const c = await entered("writer: munmap(p, 64KiB)\nreader: store(q, 2)\n");
    const message = "{task} on {cpu} of {64 * 1024}, not {writer}: {task.comm} {mm(reader)} {tlb(cpu)} {writer.p}";
    lines(c, { line: 9, logMessage: message }, { line: 11 });
    events(c, "log TLB flush: {task}, {reason}");
    await c.move("continue");
    const printed = c.output("console");
    const wanted = /^reader on 1 of 65536, not writer: reader mm of reader entries \(\d+\) 0x7ffff7fef000$/m;
    assert.match(printed, wanted);
    assert.match(printed, /^writer, local mm shootdown$/m);
  });

  it("with an empty message are breakpoints", async () => {
    const c = await entered();
    lines(c, { line: 9, logMessage: "" });
    assert.equal((await c.move("continue")).reason, "breakpoint");
  });
});
