// Bytes, entries and kernel steps of the real simulator, as views of an editor ask for them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { TestClient } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const program = "examples/msharefs-basics.mshare";
const text = readFileSync(program, "utf8");
const line = text.split("\n").findIndex((each) => each.includes("reader: touch(p, 2MiB)")) + 1;

/** Where the reader has one shared sub-tree. */
async function atReader(): Promise<{ c: TestClient; frameId: number }> {
  const c = new TestClient(realEngine, realHost);
  c.launch({ program, stopOnBug: false }, () => {
    c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line }] });
  });
  const { threadId } = await c.event("stopped");
  return { c, frameId: c.request("stackTrace", { threadId }).stackFrames[0].id };
}

/** Opens values one below the other by their names' beginnings; gives the last one's reference. */
function open(c: TestClient, frameId: number, scope: string, ...names: string[]): number {
  let reference = c.request("scopes", { frameId }).scopes.find(({ name }) => name === scope)?.variablesReference ?? 0;
  for (const wanted of names) {
    const { variables } = c.request("variables", { variablesReference: reference });
    reference = variables.find(({ name }) => name.startsWith(wanted))?.variablesReference ?? 0;
  }
  return reference;
}

describe("memory of the real simulator", () => {
  it("is read and written where a process has it, by all who share it", async () => {
    const { c, frameId } = await atReader();
    const { memoryReference } = c.request("evaluate", { expression: "p", context: "hover", frameId });
    const read = (offset = 0) => c.request("readMemory", { memoryReference, offset, count: 8 }).data;
    assert.equal(Buffer.from(read() ?? "", "base64").readBigUInt64LE(), 42n);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(0xfedcba9876543210n);
    const written = { memoryReference, offset: 8, data: bytes.toString("base64") };
    assert.deepEqual(c.request("writeMemory", written), { bytesWritten: 8 });
    assert.equal(read(8), written.data);
    const writers = `process:writer:${2 ** 41}`;
    assert.equal(c.request("readMemory", { memoryReference: writers, offset: 8, count: 8 }).data, written.data);
    const nowhere = c.request("readMemory", { memoryReference: "process:writer:4096", count: 8 });
    assert.deepEqual([nowhere.unreadableBytes, nowhere.data], [8, undefined]);
  });

  it("is read of huge pages, at addresses as people type them, and nowhere else", async () => {
    const c = new TestClient(realEngine, realHost);
    const huge = "examples/hugetlb-sharing.mshare";
    c.launch({ program: huge }, () => {
      c.request("setBreakpoints", { source: { path: huge }, breakpoints: [{ line: 24 }] });
    });
    await c.event("stopped");
    const read = (memoryReference: string, offset = 0) => {
      const { address, data } = c.request("readMemory", { memoryReference, offset, count: 8 });
      return [address, data === undefined ? "nothing" : Buffer.from(data, "base64").readBigUInt64LE()];
    };
    const at = (2 ** 44 + 6 * 2 ** 20).toString(16);
    assert.deepEqual(read(`process:writer:${2 ** 44 + 2 ** 21}`), ["0x100000200000", 1n]);
    assert.deepEqual(read(`0x${at}`), [`0x${at}`, 3n], "of the stopped process");
    assert.deepEqual(read("process:reader:0x100000000000", 2 ** 21), ["0x100000200000", 1n]);
    const { memoryReference } = c.request("evaluate", { expression: "p + 6MiB", context: "watch" });
    assert.deepEqual(read(memoryReference!), [`0x${at}`, 3n], "a watch that is an address has a memory view");
    assert.deepEqual(read("page:16383"), ["0x0", 0n], "the machine's last frame");
    for (const beyond of ["page:16384", "page:99999999"]) assert.deepEqual(read(beyond), ["0x0", "nothing"]);
    for (const wrong of ["banana", "page:", "process:reader", "page:7:8"])
      assert.match(c.refused("readMemory", { memoryReference: wrong, count: 8 }), /must be page:FRAME, process:/);
  });

  it("shows page tables as x86-64 has them", async () => {
    const { c, frameId } = await atReader();
    const tables = open(c, frameId, "Page tables");
    const [pgd] = c.request("variables", { variablesReference: tables }).variables;
    const { data } = c.request("readMemory", { memoryReference: pgd.memoryReference, offset: 4 * 8, count: 8 });
    const raw = c.request("evaluate", { expression: "pgd(reader, 2TiB).raw", frameId, format: { hex: true } }).result;
    assert.equal(
      `0x${Buffer.from(data ?? "", "base64")
        .readBigUInt64LE()
        .toString(16)}`,
      raw,
    );
  });

  it("lets entries be watched, and says who wrote them", async () => {
    const { c, frameId } = await atReader();
    const variablesReference = open(c, frameId, "Page tables", "mm of reader");
    const { variables } = c.request("variables", { variablesReference });
    const name = variables.find((each) => each.name.startsWith("[4]"))?.name ?? "";
    const { dataId, canPersist } = c.request("dataBreakpointInfo", { variablesReference, name });
    assert.match(String(dataId), /^entry:\d+:4$/);
    assert.equal(canPersist, true);
    assert.equal(c.request("dataBreakpointInfo", { name: "pgd(reader, 2TiB)", frameId }).dataId, dataId);
    assert.equal(c.request("setDataBreakpoints", { breakpoints: [{ dataId }] }).breakpoints[0].verified, true);
    const back = await c.move("reverseContinue", { threadId: 2 });
    assert.equal(back.reason, "data breakpoint");
    assert.match(back.description ?? "", /set_pgd/);
  });

  it("lists kernel steps around the present one, with their sources", async () => {
    const { c } = await atReader();
    c.request("mshare/seek", { step: 100 });
    await c.event("stopped");
    const [top] = c.request("stackTrace", { threadId: 1 }).stackFrames;
    assert.equal(top.instructionPointerReference, "100");
    const args = { memoryReference: "100", instructionOffset: -3, instructionCount: 6 };
    const { instructions } = c.request("disassemble", args);
    assert.deepEqual(
      instructions.map(({ address }) => address),
      ["97", "98", "99", "100", "101", "102"],
    );
    assert.ok(instructions.every(({ instruction }) => instruction.startsWith("writer: ")));
    assert.match(top.source?.path ?? "", /sim\/(kernel|designs)\//);
    assert.equal(instructions[3].line, top.line);
    assert.equal(instructions[3].location?.path, top.source?.path);
  });
});
