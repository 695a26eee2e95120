// The machine at a glance: who shares which page tables, what TLBs hold, which bugs were found, at the present step.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { DebugSession, ValueNode } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";

/** The example, gone on until `line` begins, or to the end. */
function stopped(file: string, text: string | undefined): DebugSession {
  const source = readFileSync(`examples/${file}`, "utf8");
  const session = openDebugSession({ read: () => source }, { program: file });
  assert.ok(!("refused" in session));
  if (text !== undefined) {
    const line = source.split("\n").findIndex((one) => one.includes(text)) + 1;
    assert.ok(session.setLineBreakpoints(file, [{ line }])[0].verified);
  }
  session.start({ kind: "continue" });
  while (!session.advance(10_000));
  return session;
}

const child = (node: ValueNode, name: string): ValueNode | undefined =>
  node.children?.().find((one) => one.name.startsWith(name));

describe("the machine at a glance", () => {
  it("names the tables that address spaces share, and with whom", () => {
    const session = stopped("msharefs-basics.mshare", "late: fd = open");
    const spaces = session.addressSpaces();
    assert.deepEqual(
      spaces.map(({ name }) => name),
      ["writer", "reader", "late", "/sys/fs/mshare/shareme"],
    );
    const [writer, reader, late] = spaces;
    assert.match(writer.value, /^shares with reader, \/sys\/fs\/mshare\/shareme; \d+ VMAs, page tables /);
    assert.doesNotMatch(late.value, /shares/);
    const tables = child(reader, "shared tables")!.children!();
    assert.deepEqual(
      tables.map(({ name }) => name),
      ["pud at 0x20000000000"],
    );
    assert.match(tables[0].value, /^shared by writer, reader, \/sys\/fs\/mshare\/shareme; frame 0x[0-9a-f]+$/);
    assert.ok(tables[0].children!().length > 0, "its entries can be opened");
    assert.equal(child(late, "shared tables"), undefined);
  });

  it("shows each CPU's translations", () => {
    const session = stopped("msharefs-basics.mshare", "reader: touch(p");
    const cpus = session.tlbs();
    assert.deepEqual(
      cpus.map(({ name }) => name),
      ["cpu0", "cpu1"],
    );
    const kept = child(cpus[1], "translations")!.children!();
    assert.ok(kept.some(({ name }) => name === "0x20000000000"));
  });

  it("lists the bugs found up to now: none at the beginning, again none after going back", () => {
    const session = stopped("stale-tlb.mshare", undefined);
    const found = () => session.bugs().find(({ kind }) => kind === "missing-tlb-flush");
    const bug = found()!;
    assert.equal(bug.unexpected, false);
    assert.ok(bug.line > 0 && bug.step <= session.now);
    session.start({ kind: "goto", step: bug.step - 1 });
    while (!session.advance(10_000));
    assert.equal(found(), undefined);
  });
});
