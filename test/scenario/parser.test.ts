import assert from "node:assert/strict";
import fc from "fast-check";
import type { CallStatement, Item, ScheduleEntry } from "../../sim/scenario/ast.ts";
import { MAX_TEXT_LENGTH, parse, parseExpressionText, parseScheduleText } from "../../sim/scenario/parser.ts";
import { visit } from "../../sim/scenario/visit.ts";
import { contractExample, everyForm } from "./contract.ts";

const items = (text: string): readonly Item[] => {
  const file = parse("t.mshare", text);
  assert.deepEqual(file.problems, []);
  return file.items;
};

const problems = (text: string) => parse("t.mshare", text).problems.map((one) => one.code);

function call(text: string): CallStatement {
  const [item] = items(text);
  assert.equal(item.kind, "call-statement");
  return item as CallStatement;
}

describe("parser", () => {
  it("reads the contract's example", () => {
    assert.deepEqual(
      items(contractExample).map((item) => item.kind),
      [
        "kernel-declaration",
        "machine",
        "process-declaration",
        "process-declaration",
        ...Array(8).fill("call-statement"),
        "expect",
        "parallel",
        "expect-bug",
        "allow",
      ],
    );
  });

  it("reads every form of the contract", () =>
    assert.equal(
      items(everyForm).some((item) => item.kind === "error"),
      false,
    ));

  it("reads actors: processes, elements, all, threads, the kernel, CPUs", () => {
    const actor = (text: string) => call(`${text}: f()`).actor;
    assert.equal(actor("A").kind, "process");
    assert.deepEqual(actor("A[*]").kind === "process" && (actor("A[*]") as { index: unknown }).index, "all");
    assert.equal((actor("A[2]") as { index: { kind: string } }).index.kind, "integer");
    assert.equal((actor("A[i + 1].t") as { thread: { text: string } }).thread.text, "t");
    assert.equal(actor("kernel").kind, "kernel");
    assert.equal(actor("cpu 1").kind, "cpu");
  });

  it("reads results and clauses, and both together", () => {
    const statement = call("A: x = mmap(1, 2) == 3");
    assert.equal(statement.variable?.text, "x");
    assert.equal(statement.clause?.kind, "compare");
    for (const operator of ["==", "!=", "<", "<=", ">", ">="]) {
      const { clause } = call(`A: f() ${operator} 1`);
      assert.equal(clause?.kind === "compare" && clause.operator, operator);
    }
    const fails = call("A: f() fails EINVAL").clause;
    assert.equal(fails?.kind === "fails" && fails.errno.text, "EINVAL");
    const faults = call("A: x = load(p) faults SIGSEGV").clause;
    assert.equal(faults?.kind === "faults" && faults.signal.text, "SIGSEGV");
  });

  it("reads structures, also inside each other", () => {
    const [arg] = call("A: f({ range: { start: 1, len: 2 }, mode: X|Y, })").call.args;
    assert.equal(
      arg.kind === "struct" && arg.fields.map((field) => `${field.name.text} ${field.value.kind}`).join(),
      "range struct,mode binary",
    );
  });

  it("reads hyphenated names only where such a name belongs", () => {
    const [kernel, bug, allow, value] = items(
      "kernel mshare-v3 { a: b-c }\nexpect bug missing-tlb-flush\nallow bug use-after-free, x-2b\nlet y = a-b",
    );
    assert.equal(kernel.kind === "kernel-declaration" && kernel.design.text, "mshare-v3");
    assert.equal(kernel.kind === "kernel-declaration" && kernel.options[0].word?.text, "b-c");
    assert.equal(bug.kind === "expect-bug" && bug.bug.text, "missing-tlb-flush");
    assert.equal(allow.kind === "allow" && allow.bugs.map((name) => name.text).join(), "use-after-free,x-2b");
    assert.equal(value.kind === "let" && value.value.kind, "binary");
  });

  it("line ends only separate words", () => {
    const spread = everyForm.replaceAll(/\/\*.*?\*\//g, "").replaceAll(/[ \n]+/g, "\n");
    assert.deepEqual(
      shape(items(spread.replaceAll(/-\n/g, "-").replaceAll(/cpu\n(\d):/g, "cpu $1:"))),
      shape(items(everyForm)),
    );
  });

  it("binds as C does", () => {
    const printed = (text: string): string => print(parseExpressionText(text).expr);
    assert.equal(
      printed("a | b ^ c & d == e < f << g + h * -i"),
      "(a | (b ^ (c & (d == (e < (f << (g + (h * -i))))))))",
    );
    assert.equal(printed("a - b - c"), "((a - b) - c)");
    assert.equal(printed("a || b && c ? d : e ? f : g"), "((a || (b && c)) ? d : (e ? f : g))");
    assert.equal(printed("!a.b == c[1].d"), "(!a.b == c[1].d)");
  });

  it("reads schedules", () => {
    const { policy, problems } = parseScheduleText(
      '[A*12, B until tlb_flush, kids[3].t, kernel, cpu 1*2] engine "1.2"',
    );
    assert.deepEqual(problems, []);
    assert.equal(policy.kind === "list" && policy.entries.length, 5);
    assert.equal(policy.kind === "list" && policy.engine?.value, "1.2");
    const [cpu] = (parseScheduleText("[cpu 1*3]").policy as { entries: readonly ScheduleEntry[] }).entries;
    const value = (expr: unknown) => (expr as { value: bigint }).value;
    assert.deepEqual([value((cpu!.actor as { number: unknown }).number), value(cpu!.steps)], [1n, 3n]);
    assert.equal(parseScheduleText("random 7").policy.kind, "random");
    assert.equal(parseScheduleText("sequential").policy.kind, "sequential");
    assert.equal(parseScheduleText("sequential 7").problems.length, 1);
  });

  it("reads one expression and no more", () => {
    assert.deepEqual(parseExpressionText("mm(A).mm_users == 1").problems, []);
    assert.equal(parseExpressionText("a b").problems.length, 1);
    assert.equal(parseExpressionText("").problems.length, 1);
  });
});

describe("parser, on mistakes", () => {
  it("goes on with the next statement", () => {
    const file = parse("t", 'A: open("x", O_RDWR\nB: load(p)\nprocess\nlet x = \nA: load(1)');
    assert.equal(file.items.filter((item) => item.kind === "call-statement").length, 3);
    assert.equal(file.problems.length, 3);
  });

  it("names what a mistyped keyword was meant to be, and how to mend it", () => {
    const [problem] = parse("t", "procces A").problems;
    assert.equal(problem.code, "unknown-keyword");
    assert.match(problem.message, /`process`/);
    assert.deepEqual(problem.mend?.edits, [{ start: 0, end: 7, text: "process" }]);
  });

  it("asks who makes a call", () => assert.deepEqual(problems('open("x", 0)'), ["missing-actor"]));
  it("offers == for =", () => assert.match(parse("t", "A: load(p) = 3").problems[0].mend!.title, /==/));
  it("wants units without a space", () => assert.deepEqual(problems("let x = 512 GiB"), ["bad-integer"]));
  it("refuses words of the language as names", () => assert.deepEqual(problems("process repeat"), ["reserved-name"]));
  it("says that a block is not closed", () => assert.deepEqual(problems("parallel { A: f()"), ["syntax"]));

  for (const [what, text] of Object.entries({
    parentheses: `expect ${"(".repeat(100_000)}`,
    minus: `expect ${"-".repeat(100_000)}1`,
    structures: `A: f(${"{ a: ".repeat(50_000)}`,
    blocks: "repeat 1 { ".repeat(50_000),
    operators: `expect ${"a + ".repeat(100_000)}a`,
    fields: `expect a${".b".repeat(100_000)}`,
    conditions: `expect ${"a ? ".repeat(50_000)}`,
    indexes: `expect a${"[a".repeat(50_000)}`,
  })) {
    it(`has a limit, not an overflow, for nested ${what}`, () => {
      const file = parse("t", text);
      assert.ok(file.problems.some((one) => one.code === "too-deep"));
      assert.ok(file.problems.length <= 1100);
      for (const item of file.items) visit(item, () => undefined);
    });
  }

  it("refuses a file beyond the limit at once", () => {
    const file = parse("t", " ".repeat(MAX_TEXT_LENGTH + 1));
    assert.deepEqual(
      file.problems.map((one) => one.code),
      ["too-large"],
    );
    assert.equal(file.items.length, 0);
  });

  it("stops listing problems somewhere", () => {
    assert.ok(parse("t", "?\n".repeat(50_000)).problems.length <= 1001);
  });
});

describe("parser, on anything", () => {
  it("never throws, and keeps every place inside the text", () => {
    fc.assert(fc.property(fc.string({ maxLength: 300, unit: "binary" }), survives), { numRuns: 300 });
  });

  it("survives any mix of the language's own words", () => {
    const words = fc.constantFrom(
      ...'kernel machine process parallel repeat expect allow label let include cpu bug no unless fixed at as on A x kids load fails { } ( ) [ ] , : ; . ? = == + - * | & ! 1 4KiB 0x1 "s" // /* */ \n'.split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), (list) => survives(list.join(" "))),
      { numRuns: 500 },
    );
  });

  it("survives damage to valid files", () => {
    const source = contractExample + everyForm;
    fc.assert(
      fc.property(fc.nat(source.length), fc.nat(40), fc.string({ maxLength: 5 }), (at, cut, put) =>
        survives(source.slice(0, at) + put + source.slice(at + cut)),
      ),
      { numRuns: 200 },
    );
  });
});

function survives(text: string): void {
  const { items, problems } = parse("t", text);
  for (const problem of problems) {
    assert.ok(
      problem.start >= 0 && problem.start <= problem.end && problem.end <= text.length,
      `${problem.code} ${problem.start}..${problem.end}`,
    );
  }
  for (const item of items) {
    visit(item, (node) =>
      assert.ok(node.start >= 0 && node.start <= node.end && node.end <= text.length, JSON.stringify(node, showBigint)),
    );
  }
}

const showBigint = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

/** A tree without its places. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      ["start", "end", "open"].includes(key) ? [] : [[key, shape(inner)]],
    ),
  );
}

function print(expr: ReturnType<typeof parseExpressionText>["expr"]): string {
  switch (expr.kind) {
    case "name":
      return expr.name;
    case "integer":
      return String(expr.value);
    case "unary":
      return expr.operator + print(expr.operand);
    case "binary":
      return `(${print(expr.left)} ${expr.operator} ${print(expr.right)})`;
    case "conditional":
      return `(${print(expr.condition)} ? ${print(expr.then)} : ${print(expr.otherwise)})`;
    case "field":
      return `${print(expr.object)}.${expr.field.text}`;
    case "index":
      return `${print(expr.object)}[${print(expr.index)}]`;
    default:
      return `<${expr.kind}>`;
  }
}
