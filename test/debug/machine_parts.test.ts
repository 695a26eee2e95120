// What the variables view shows of guests, control groups, the swap device, locks and entries, as a kernel developer reads it.
import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { TestClient } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

/** Stopped at the line of a scenario that begins with a text. */
async function stoppedAt(program: string, begins: string): Promise<TestClient> {
  const c = new TestClient(realEngine, { ...realHost, read: (path) => realHost.read(path.replace(/^\/cwd\//, "")) });
  const lines = (realHost.read(program) ?? "").split("\n");
  const line = lines.findIndex((text) => text.startsWith(begins)) + 1;
  assert.ok(line > 0, begins);
  c.launch({ program, stopOnBug: false }, () =>
    c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line }] }),
  );
  await c.event("stopped");
  return c;
}

function scope(c: TestClient, wanted: string): DebugProtocol.Variable[] {
  const { threadId } = c.events.findLast(({ event }) => event === "stopped")?.body ?? {};
  const [frame] = c.request("stackTrace", { threadId }).stackFrames;
  const { scopes } = c.request("scopes", { frameId: frame?.id });
  const found = scopes.find(({ name }) => name === wanted);
  assert.ok(found, `${wanted} among ${scopes.map(({ name }) => name)}`);
  return c.request("variables", { variablesReference: found.variablesReference }).variables;
}

function open(c: TestClient, rows: readonly DebugProtocol.Variable[], name: string): DebugProtocol.Variable[] {
  const row = rows.find((each) => each.name === name);
  assert.ok(row, `${name} among ${rows.map((each) => each.name)}`);
  return c.request("variables", { variablesReference: row.variablesReference }).variables;
}
const shownOf = (rows: readonly DebugProtocol.Variable[], name: string) => rows.find((row) => row.name === name)?.value;
const watch = (c: TestClient, expression: string) => c.request("evaluate", { expression, context: "watch" }).result;

describe("parts of the machine in the variables view", () => {
  it("a guest's memory slots and stage-2 entries", async () => {
    const c = await stoppedAt("examples/secondary-mmu.mshare", "vmm: load(ram) == 42");
    const guests = scope(c, "Guests");
    assert.equal(shownOf(guests, "the guest of vmm"), "1 memory slot, 1 page mapped");
    const rows = open(c, guests, "the guest of vmm");
    assert.equal(shownOf(rows, "slot 0"), "guest 0x100000-0x300000 → 0x7ffff7c00000, 2 MiB");
    assert.match(
      shownOf(rows, "guest 0x100000") ?? "",
      /^→ frame 0x\w+ anon, refcount \d, mapcount 1 · READ\|WRITE\|EXEC\|ACCESSED\|DIRTY$/,
    );
  });

  for (const program of ["secondary-mmu", "hugetlb-sharing", "msharefs-basics", "swap-readahead"]) {
    it(`every lock that is taken in ${program} is among the locks, and can be watched there`, async () => {
      const path = `examples/${program}.mshare`;
      const c = new TestClient(realEngine, {
        ...realHost,
        read: (file) => realHost.read(file.replace(/^\/cwd\//, "")),
      });
      c.launch({ program: path, stopOnBug: false }, () =>
        c.request("setFunctionBreakpoints", { breakpoints: [{ name: "lock if !trylock" }] }),
      );
      await c.event("stopped");
      const seen = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const [, called, state] = /^(.*): (.*)$/.exec(shownOf(scope(c, "Event"), "lock") ?? "") ?? [];
        assert.ok(called !== undefined && state !== "free", `${called}: ${state}`);
        const rows = scope(c, "Locks");
        const row = rows.find(({ name }) => name === called || name.startsWith(`${called.split(" ")[0]} of `));
        assert.ok(row, `${called} among ${rows.map(({ name }) => name)}`);
        const { dataId, description } = c.request("dataBreakpointInfo", {
          variablesReference: row.variablesReference,
          name: "holder",
        });
        const [set] = c.request("setDataBreakpoints", { breakpoints: [{ dataId }] }).breakpoints;
        assert.equal(set?.verified, true, `${dataId}: ${set?.message}`);
        assert.match(description, /^\w+\.holder of \w/);
        seen.add(row.name.split(" ")[0] ?? "");
        c.request("setDataBreakpoints", { breakpoints: [] });
        c.request("continue", { threadId: 1 });
        await c.event("stopped");
      }
      assert.ok(seen.size >= 2, [...seen].join());
    });
  }

  it("readers of RCU, the grace period that waits for them, and its callbacks, among the locks", async () => {
    const program = "test/scenarios/bugs/pt-reclaim-semi-rcu.mshare";
    const c = new TestClient(realEngine, { ...realHost, read: (path) => realHost.read(path.replace(/^\/cwd\//, "")) });
    const schedule =
      "[user until set_pmd, user.other until contend, user.other*1, user, cpu 1, user, cpu 1, user, rcu_preempt*1]";
    c.launch({ program, fixes: ["all"], schedule }, () =>
      c.request("setFunctionBreakpoints", {
        breakpoints: [{ name: "rcu_callback" }, { name: "rcu_grace_period" }, { name: "rcu_invoke_callback" }],
      }),
    );
    const rcu: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      await c.event("stopped");
      const rows = scope(c, "Locks");
      rcu.push(shownOf(rows, "rcu_read_lock"), shownOf(rows, "RCU"));
      c.request("continue", { threadId: 1 });
    }
    assert.deepEqual(rcu, [
      ...["held by user.other", "1 callback for the next one"],
      ...["held by user.other", "grace period 1 is on, waits for user.other; 1 callback of 1"],
      ...[undefined, "1 callback of 1"],
      ...[undefined, undefined],
    ]);
  });

  it("VMAs page by page, as there may be tens of thousands", async () => {
    const many = [
      "process a",
      "a: p = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "repeat 500 as i { a: mprotect(p + i * 8192, 4096, PROT_READ) }",
      "a: load(p)",
    ].join("\n");
    const c = new TestClient(realEngine, { read: () => many });
    c.launch({ program: "/many.mshare" }, () =>
      c.request("setBreakpoints", { source: { path: "/many.mshare" }, breakpoints: [{ line: 4 }] }),
    );
    await c.event("stopped");
    const [frame] = c.request("stackTrace", { threadId: 1 }).stackFrames;
    const { scopes } = c.request("scopes", { frameId: frame!.id });
    const { variablesReference, indexedVariables } = scopes.find(({ name }) => name === "VMAs")!;
    assert.equal(indexedVariables, 1000);
    const page = (start: number, count: number) =>
      c.request("variables", { variablesReference, filter: "indexed", start, count }).variables.map(({ name }) => name);
    assert.deepEqual(page(500, 2), ["[500]", "[501]"]);
    assert.deepEqual(page(999, 100), ["[999]"]);
    assert.deepEqual(page(5000, 10), []);
    assert.equal(c.request("variables", { variablesReference, filter: "named" }).variables.length, 0);
  });

  it("slots of the swap device, and the entries that lead there", async () => {
    const c = await stoppedAt("examples/secondary-mmu.mshare", "vmm: kvm_load(vm, 1MiB) == 43");
    assert.equal(shownOf(scope(c, "Guests"), "the guest of vmm"), "1 memory slot, no pages mapped");
    c.request("setBreakpoints", { source: { path: "examples/secondary-mmu.mshare" }, breakpoints: [{ line: 29 }] });
    await c.move("continue");
    assert.equal(watch(c, "pte(vmm, vmm.ram)"), "swap entry: type 0, offset 1, exclusive");
    const swap = scope(c, "Swap");
    assert.equal(shownOf(swap, "slots in use"), "1 (4 KiB)");
    assert.equal(shownOf(open(c, swap, "slots in use"), "slot 1"), "1 reference");
  });

  it("a control group beside its limit", async () => {
    const c = await stoppedAt("examples/memcg.mshare", "worker: q = mmap");
    const jobs = scope(c, "Control groups").find(({ name }) => name === "jobs");
    assert.match(jobs?.value ?? "", /^\d+ KiB of 8 MiB, \d+ KiB in swap$/);
  });

  it("no such part where the scenario has none", async () => {
    const c = await stoppedAt("examples/copy-on-write.mshare", "child: store(p, 2)");
    const [frame] = c.request("stackTrace", { threadId: 2 }).stackFrames;
    const names = c.request("scopes", { frameId: frame?.id }).scopes.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => ["Guests", "Control groups", "Swap"].includes(name)),
      [],
    );
  });

  it("locks that nobody has are free, of either kind", async () => {
    const c = await stoppedAt("examples/hugetlb-sharing.mshare", "reader: mprotect");
    const mm = scope(c, "mm");
    assert.equal(shownOf(mm, "mmap_lock"), "free");
    assert.equal(shownOf(mm, "page_table_lock"), "free");
  });

  it("huge pages, tables and rights in their real encoding", async () => {
    const c = await stoppedAt("examples/hugetlb-sharing.mshare", "reader: mprotect");
    const vma = scope(c, "VMAs").find(({ name }) => name === "[0]");
    assert.equal(vma?.value, "0x100000000000-0x100040000000 rw-s 1 GiB /memfd:db (deleted)");
    const fields = open(c, scope(c, "VMAs"), "[0]");
    assert.equal(shownOf(fields, "vm_page_prot"), "0x8000000000000027 PRESENT|RW|USER|ACCESSED|NX");
    assert.match(
      watch(c, "pud(reader, 16TiB)"),
      /^→ pmd table in frame 0x104, shared by writer, reader, 4 of 512 · 0x104 PRESENT/,
    );
    assert.match(watch(c, "pmd(reader, 16TiB)"), /^→ frame 0x3000 hugetlb, .* · 0x3000 PRESENT\|.*PSE\|NX$/);
    const tlb = scope(c, "TLB cpu1");
    assert.match(shownOf(open(c, tlb, "translations"), "0x100000200000") ?? "", /^2 MiB page 0x3200 PRESENT/);
    assert.deepEqual(
      open(c, tlb, "paging-structure cache").map(({ name }) => name.split(" ")[0]),
      ["pud", "pgd"],
    );
  });

  it("numbers with what they are: hexadecimal, sizes, addresses", async () => {
    const c = await stoppedAt("examples/hugetlb-sharing.mshare", "reader: mprotect");
    assert.equal(watch(c, "status(reader).VmPTE"), "8192 (0x2000, 8 KiB)");
    assert.match(watch(c, "walk(reader, reader.p)"), /^pgd → 0x\w+, p4d → 0x\w+, pud → 0x104, pmd → 0x3000, pte/);
    assert.equal(watch(c, "7"), "7");
    assert.equal(watch(c, "77"), "77 (0x4d)");
    assert.equal(watch(c, "reader.p"), "0x100000000000");
    assert.equal(watch(c, "cpu"), "1");
  });
});
