import assert from "node:assert/strict";
import { commandWords, parseCommand } from "../../server/debug/console.ts";

describe("the debug console's commands", () => {
  for (const [line, expected] of [
    ["goto 120", { kind: "goto", step: 120 }],
    ["  goto   0 ", { kind: "goto", step: 0 }],
    ["who wrote mm(A).mmap_lock", { kind: "who", did: "wrote", expression: "mm(A).mmap_lock" }],
    ["who allocated vma(A, p)", { kind: "who", did: "allocated", expression: "vma(A, p)" }],
    ["who linked pte(A, p)", { kind: "who", did: "linked", expression: "pte(A, p)" }],
    ["who freed page(0x1a2)", { kind: "who", did: "freed", expression: "page(0x1a2)" }],
    ["steps", { kind: "steps", count: 10 }],
    ["steps 3", { kind: "steps", count: 3 }],
    ["steps 99999999", { kind: "steps", count: 1000 }],
    ["time", { kind: "time" }],
    ["help", { kind: "help" }],
    ["break TLB flush if cpu == 1", { kind: "break", event: "TLB flush if cpu == 1" }],
    ["clear", { kind: "clear" }],
    ["?", { kind: "help" }],
    ["?mm", { kind: "explain", word: "mm" }],
    ["help who wrote", { kind: "explain", word: "who wrote" }],
    ["set mm(A).map_count = 2", { kind: "set", expression: "mm(A).map_count", value: "2" }],
    ["pte(A, p)=0x1000 | 7", { kind: "set", expression: "pte(A, p)", value: "0x1000 | 7" }],
  ] as const) {
    it(`takes \`${line}\``, () => assert.deepEqual(parseCommand(line), expected));
  }

  for (const line of [
    "mm(A)",
    "time + 1",
    "who",
    "who wrote ",
    "who freed",
    "steps(A)",
    "helper",
    "",
    "goto_x",
    "clear x",
    "breakable",
    "x == 1",
    "x >= 1",
    "x != 1",
  ]) {
    it(`leaves \`${line}\` to the expressions`, () => assert.equal(parseCommand(line), undefined));
  }

  it("says what goto takes", () => {
    assert.deepEqual(parseCommand("goto -1"), { kind: "go", steps: -1 });
    for (const line of ["goto", "goto - 1", "goto 1.5", "goto 99999999999999999999"]) {
      assert.deepEqual(parseCommand(line), { error: "goto takes the number of a step: goto 120" });
    }
  });

  it("knows every word that completion offers", () => {
    for (const { label } of commandWords) assert.ok(parseCommand(`${label}1`) ?? parseCommand(label), label);
  });
});
