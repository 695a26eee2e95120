// The grammar by a small tokeniser: the first pattern that matches furthest left wins, as in TextMate.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "../../sim/scenario/parser.ts";
import { contractExample } from "../scenario/contract.ts";

interface Rule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly include?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly patterns?: readonly Rule[];
}

const read = (path: string) => JSON.parse(readFileSync(`syntaxes/${path}`, "utf8"));
const grammar = read("mshare.tmLanguage.json") as { patterns: Rule[]; repository: Record<string, Rule> };

function flat(rules: readonly Rule[]): Rule[] {
  return rules.flatMap((rule) => {
    if (rule.include) return flat([grammar.repository[rule.include.slice(1)]]);
    return rule.match === undefined && rule.begin === undefined ? flat(rule.patterns ?? []) : [rule];
  });
}

const rules = flat(grammar.patterns);

/** `text:scope` for each named piece of one line. */
function scopes(line: string): string[] {
  const found: string[] = [];
  let at = 0;
  while (at < line.length) {
    const hits = rules.flatMap((rule) => {
      const hit = new RegExp(rule.match ?? `${rule.begin}(?:\\\\.|[^\\\\])*?(?:${rule.end})`, "dg");
      hit.lastIndex = at;
      const match = hit.exec(line);
      return match && match[0] !== "" ? [{ rule, match }] : [];
    });
    const first = hits.reduce<(typeof hits)[number] | undefined>(
      (best, hit) => (best && best.match.index <= hit.match.index ? best : hit),
      undefined,
    );
    if (!first) break;
    const { rule, match } = first;
    if (rule.name) found.push(`${match[0].trim()}:${short(rule.name)}`);
    for (const [group, capture] of Object.entries(rule.captures ?? {}))
      if (match[Number(group)] !== undefined) found.push(`${match[Number(group)]}:${short(capture.name)}`);
    at = match.index + match[0].length;
  }
  return found;
}

const short = (scope: string) => scope.replace(/\.mshare$/, "");

describe("grammar", () => {
  it("colours declarations", () => {
    assert.deepEqual(scopes("kernel  mshare-v3 { tlb_flush: none }").slice(0, 3), [
      "kernel:keyword.declaration",
      "mshare-v3:entity.name.namespace",
      "tlb_flush:variable.other.property",
    ]);
    assert.deepEqual(scopes("process writer on cpu 0"), [
      "process:keyword.declaration",
      "writer:entity.name.class",
      "on:keyword.control",
      "cpu:keyword.control",
      "0:constant.numeric",
    ]);
    assert.deepEqual(scopes("let SIZE = 2MiB").slice(0, 2), [
      "let:keyword.declaration",
      "SIZE:variable.other.constant",
    ]);
  });
  it("colours what a comment silences", () => {
    const line = "A: load(4096) // mshare-ignore unmapped-access, will-fail";
    assert.deepEqual(scopes(line).slice(-3), [
      "// mshare-ignore unmapped-access, will-fail:comment.line.double-slash",
      "mshare-ignore:keyword.control.directive",
      "unmapped-access, will-fail:entity.name.type.diagnostic",
    ]);
    assert.deepEqual(scopes("// see mshare-ignore x"), ["// see mshare-ignore x:comment.line.double-slash"]);
  });
  it("colours statements", () => {
    assert.deepEqual(scopes('writer: fd = open("/a", O_RDWR) fails EINVAL // c'), [
      "writer:entity.name.class",
      "fd:variable.other",
      "=:keyword.operator",
      "open:support.function",
      '"/a":string.quoted.double',
      "O_RDWR:support.constant",
      "fails:keyword.control",
      "EINVAL:support.constant",
      "// c:comment.line.double-slash",
    ]);
    assert.deepEqual(scopes("kernel: swap_out(writer, writer.p, 4KiB)").slice(0, 2), [
      "kernel:entity.name.class",
      "swap_out:support.function",
    ]);
    assert.deepEqual(scopes("expect bug missing-tlb-flush at here unless fixed flush-all"), [
      "expect:keyword.control",
      "bug:keyword.control",
      "missing-tlb-flush:entity.name.type",
      "at:keyword.control",
      "here:entity.name.label",
      "unless:keyword.control",
      "fixed:keyword.control",
      "flush-all:variable.other.enummember",
    ]);
  });
  it("leaves no word of the contract's example without a colour", () => {
    const code = contractExample.replaceAll(/\/\/.*/g, "");
    const plain = code.split("\n").flatMap((line) => {
      const named = scopes(line).join(" ");
      return [...line.matchAll(/[A-Za-z_]\w*/g)].map(([word]) => word).filter((word) => !named.includes(word));
    });
    assert.deepEqual(plain, []);
  });
});

describe("snippets", () => {
  const snippets = read("mshare.code-snippets") as Record<
    string,
    { prefix: string; description: string; body: string[] }
  >;
  for (const [name, { body, description }] of Object.entries(snippets)) {
    it(`${name} is a scenario`, () => {
      assert.ok(description);
      const filled = fill(body.join("\n"));
      const text = /^\w+ = mmap/.test(filled) ? `A: ${filled}` : filled;
      assert.deepEqual(parse("t", text).problems, [], text);
    });
  }
});

/** A snippet with its defaults; places without one get a call. */
function fill(body: string): string {
  const defaults = new Map<string, string>();
  let text = body;
  for (let round = 0; round < 5; round++) {
    text = text.replaceAll(
      /\$\{(\d+)(?::([^{}]*)|\|([^,|]*)[^}]*)\}/g,
      (_, place: string, value: string | undefined, choice: string | undefined) => {
        const chosen = value ?? choice ?? "";
        defaults.set(place, chosen);
        return chosen;
      },
    );
  }
  return text.replaceAll(/\$(\d+)/g, (_, place: string) => (place === "0" ? "" : (defaults.get(place) ?? "load(0)")));
}
