import assert from "node:assert/strict";
import fc from "fast-check";
import { evaluate, type Inspector } from "../../sim/scenario/expressions.ts";
import { parseExpressionText } from "../../sim/scenario/parser.ts";
import { compareValues, type ObjectValue, type Value } from "../../sim/scenario/values.ts";

function object(type: string, id: number, fields: Readonly<Record<string, Value>>): ObjectValue {
  return { type, id, get: (field) => fields[field], fields: () => Object.keys(fields) };
}

const A = object("process", 1, { x: 7n });
const events = [
  { mm: object("mm_struct", 1, {}), cpu: 0n },
  { mm: object("mm_struct", 2, {}), cpu: 1n },
  { mm: object("mm_struct", 1, {}), cpu: 1n },
];

const inspector: Inspector = {
  name: (name) => ({ A, x: 5n, none: null as Value })[name],
  call(name, args) {
    if (name === "mm") return object("mm_struct", args[0] === A ? 1 : 9, { pgd: 3n, owner: null });
    if (name === "vma") return null;
    if (name === "walk") return { failure: "no such address" };
    return undefined;
  },
  count(event, where) {
    if (event !== "pud_populate") return { failure: `no event ${event}` };
    return BigInt(events.filter((one) => !where || where((name) => one[name as "mm" | "cpu"])).length);
  },
};

function value(text: string): Value {
  const result = evaluate(parseExpressionText(text).expr, {
    inspector,
    constant: (name) => (name === "EINVAL" ? 22n : undefined),
  });
  assert.ok("value" in result, "error" in result ? result.error : "");
  return result.value;
}

function error(text: string): string {
  const result = evaluate(parseExpressionText(text).expr, { inspector, constant: () => undefined });
  assert.ok("error" in result, `${text} has a value`);
  return result.error;
}

describe("expressions", () => {
  it("are 64-bit unsigned, and a minus is the two's complement", () => {
    assert.equal(value("-1"), 2n ** 64n - 1n);
    assert.equal(value("-4096"), 2n ** 64n - 4096n);
    assert.equal(value("~0"), 2n ** 64n - 1n);
    assert.equal(value("-1 > 5"), true);
    assert.equal(value("7 / 2 + 7 % 4"), 6n);
    assert.equal(value("1 << 63 >> 60"), 8n);
  });

  it("never wrap", () => {
    for (const text of ["0xffffffffffffffff + 1", "0 - 1", "1 << 64", "2TiB * 2TiB", "-1 + 1", "3 << 63"])
      assert.match(error(text), /64/);
    assert.match(error("1 / 0"), /zero/);
    assert.match(error("1 % (2 - 2)"), /zero/);
  });

  it("agree with C on any numbers, or fail", () => {
    const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(u64, u64, (a, b) => {
        for (const [operator, exact] of [
          ["+", a + b],
          ["-", a - b],
          ["*", a * b],
        ] as const) {
          const result = evaluate(parseExpressionText(`${a} ${operator} ${b}`).expr, {
            inspector,
            constant: () => undefined,
          });
          assert.equal(
            "value" in result ? result.value : undefined,
            exact >= 0n && exact < 2n ** 64n ? exact : undefined,
          );
        }
        assert.equal(value(`${a} < ${b}`), a < b);
        assert.equal(value(`${a} & ${b}`), a & b);
      }),
    );
  });

  it("take truth as in C, and stop at what decides", () => {
    assert.equal(value("3 && true"), true);
    assert.equal(value("!0 || mmm()"), true);
    assert.equal(value("0 && mmm()"), false);
    assert.equal(value("none ? 1 : 2"), 2n);
    assert.equal(value("true == 1"), true);
    assert.equal(value("!vma(A, 0)"), true);
  });

  it("know names, constants, fields and functions", () => {
    assert.equal(value("x + EINVAL"), 27n);
    assert.equal(value("A.x"), 7n);
    assert.equal(value("mm(A).pgd"), 3n);
    assert.equal(value("mm(A).owner == null"), true);
    assert.equal(value("vma(A, 1) == null"), true);
    assert.equal(value("none == null"), true);
    assert.equal(value('"a" == "a"'), true);
  });

  it("hold objects equal that are the same", () => {
    assert.equal(value("mm(A) == mm(A)"), true);
    assert.equal(value("mm(A) == mm(x)"), false);
    assert.equal(value("mm(A) != null"), true);
  });

  it("count events, with their arguments as names", () => {
    assert.equal(value("count(pud_populate)"), 3n);
    assert.equal(value("count(pud_populate, mm == mm(A))"), 2n);
    assert.equal(value("count(pud_populate, mm == mm(A) && cpu == x - 4)"), 1n);
  });

  it("say what is wrong, and where", () => {
    assert.match(error("nobody"), /nobody/);
    assert.match(error("mm(A).pdg"), /pgd/);
    assert.match(error("vma(A, 1).vm_start"), /null/);
    assert.match(error("walk(A, 1)"), /no such address/);
    assert.match(error("mmm(A)"), /mmm/);
    assert.match(error("count(nothing)"), /nothing/);
    assert.match(error("mm(A) + 1"), /mm_struct/);
    assert.match(error("A[0]"), /elements/);
    const result = evaluate(parseExpressionText("1 + mm(A).pdg").expr, { inspector, constant: () => undefined });
    assert.deepEqual("at" in result && result.at, { start: 10, end: 13 });
  });
});

describe("clauses", () => {
  it("compare unsigned", () => {
    assert.equal(compareValues("<", 5n, 2n ** 64n - 1n), true);
    assert.equal(compareValues(">=", 5n, 5n), true);
    assert.equal(compareValues("!=", 5n, 5n), false);
    assert.equal(typeof compareValues("<", "a", 5n), "object");
  });
});
