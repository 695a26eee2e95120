// Which open views of memory are told that their bytes are others by now.
import assert from "node:assert/strict";
import { MemoryViews } from "../../server/debug/memory_views.ts";
import type { DebugSession } from "../../sim/debugging.ts";

describe("open views of memory", () => {
  const memory = (bytes: number[]) => ({ readMemory: () => Uint8Array.from(bytes) }) as unknown as DebugSession;

  it("are told of bytes that are there only later, and of those that go", () => {
    const views = new MemoryViews();
    views.opened("process:a:0x1000", 0, 2, new Uint8Array());
    assert.deepEqual(views.changes(memory([])), []);
    const told = [{ memoryReference: "process:a:0x1000", offset: 0, count: 2 }];
    assert.deepEqual(views.changes(memory([4, 2])), told);
    assert.deepEqual(views.changes(memory([4, 2])), [], "once");
    assert.deepEqual(views.changes(memory([])), told);
  });
});
