// Whatever stands in a document and wherever the cursor is: every feature answers, and what it answers is well formed.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Range } from "vscode-languageserver";
import { type Analysis, toOffset, toPosition } from "../../server/language/analysis.ts";
import { codeActions } from "../../server/language/code_actions.ts";
import { codeLenses } from "../../server/language/code_lens.ts";
import { completion } from "../../server/language/completion.ts";
import { diagnostics } from "../../server/language/diagnostics.ts";
import { formatEdits } from "../../server/language/format.ts";
import { hover } from "../../server/language/hover.ts";
import { inlayHints } from "../../server/language/inlay_hints.ts";
import { documentLinks } from "../../server/language/links.ts";
import { definition, highlights, prepareRename, references, rename } from "../../server/language/references.ts";
import { selectionRanges } from "../../server/language/selection.ts";
import { colours, semanticTokens } from "../../server/language/semantic_tokens.ts";
import { signatureHelp } from "../../server/language/signature_help.ts";
import { documentSymbols, foldingRanges } from "../../server/language/symbols.ts";
import { parse } from "../../sim/scenario/parser.ts";
import { contractExample, everyForm } from "../scenario/contract.ts";
import { analysisOf, edited } from "./markers.ts";

const source = contractExample + everyForm;

function isInside(analysis: Analysis, range: Range): void {
  const [start, end] = [toOffset(analysis.file, range.start), toOffset(analysis.file, range.end)];
  assert.ok(start <= end && end <= analysis.text.length);
  assert.deepEqual(toPosition(analysis.file, start), range.start, "a position behind its line");
}

function everything(text: string, at: number): void {
  const analysis = analysisOf(text);
  const position = toPosition(analysis.file, Math.min(at, text.length));
  const range = { start: position, end: position };
  const shown = hover(analysis, position);
  if (shown?.range) isInside(analysis, shown.range);
  for (const item of completion(analysis, position))
    if (item.textEdit && "range" in item.textEdit) isInside(analysis, item.textEdit.range);
  signatureHelp(analysis, position);
  definition(analysis, position);
  for (const place of references(analysis, position, "with-declaration")) isInside(analysis, place.range);
  highlights(analysis, position);
  prepareRename(analysis, position);
  rename(analysis, position, "fresh");
  for (const symbol of documentSymbols(analysis)) isInside(analysis, symbol.range);
  for (const fold of foldingRanges(analysis)) assert.ok(fold.startLine < fold.endLine);
  for (const selected of selectionRanges(analysis, [position])) isInside(analysis, selected.range);
  for (const one of diagnostics(analysis, (path) => path)) isInside(analysis, one.range);
  codeActions(analysis, "u", range);
  codeLenses(analysis, "u");
  inlayHints(analysis, { start: { line: 0, character: 0 }, end: position });
  documentLinks(analysis, (path) => path);
  formatEdits(analysis.file);
  assert.equal(semanticTokens(analysis).data.length % 5, 0);
  let end = 0;
  for (const span of colours(analysis, 0, text.length)) {
    assert.ok(span.start >= end && span.end > span.start, "tokens overlap");
    assert.doesNotMatch(text.slice(span.start, span.end), /[\r\n]/);
    end = span.end;
  }
}

describe("positions", () => {
  it("count UTF-16 units, as the protocol does, behind characters outside the basic plane", () => {
    const line = '/* \u{1f427}\u{1f427} */ A: open("/tmp/\u{1f427}", O_RDWR); A: opne()';
    const text = `process A\n${line}\nA: x = load(4096) /* \u{1d11e} */ faults SIGSEGV\nA: load(x)\n`;
    const analysis = analysisOf(text);
    const range = (word: string, from = 0) => {
      const start = line.indexOf(word, from);
      return { start: { line: 1, character: start }, end: { line: 1, character: start + word.length } };
    };
    const found = diagnostics(analysis, (path) => path);
    assert.deepEqual(found.find(({ code }) => code === "unknown-call")?.range, range("opne"));
    assert.deepEqual(hover(analysis, range("open").start)?.range, range("open"));
    assert.equal(line.indexOf("A: open"), 11, "each of the characters counts twice");
    const [read] = references(analysis, { line: 3, character: 8 }, "without-declaration");
    assert.deepEqual(read.range, { start: { line: 3, character: 8 }, end: { line: 3, character: 9 } });
    for (const span of colours(analysis, 0, text.length))
      assert.deepEqual(toOffset(analysis.file, toPosition(analysis.file, span.start)), span.start);
  });
});

describe("every feature", () => {
  it("answers anywhere in damaged files", () => {
    fc.assert(
      fc.property(
        fc.nat(source.length),
        fc.nat(60),
        fc.string({ maxLength: 6 }),
        fc.nat(source.length),
        (cutAt, cut, put, at) => everything(source.slice(0, cutAt) + put + source.slice(cutAt + cut), at),
      ),
      { numRuns: 150 },
    );
  });

  it("mends all at once without making anything worse, whatever was damaged", () => {
    const mistakes = ({ scenario }: Analysis) =>
      scenario.diagnostics.filter(({ severity }) => severity === "error").length;
    let offered = 0;
    fc.assert(
      fc.property(
        fc.nat(source.length),
        fc.nat(3),
        fc.constantFrom("", "", ";", ":", "=", ".", ")", "}", "(", "{", ",", " x ", " 4 "),
        (cutAt, cut, put) => {
          const analysis = analysisOf(source.slice(0, cutAt) + put + source.slice(cutAt + cut));
          const start = { line: 0, character: 0 };
          const [all] = codeActions(analysis, "u", { start, end: start }, ["source.fixAll"]);
          if (!all) return;
          offered++;
          const mended = edited(analysis, "u", all);
          const around = (text: string) => text.slice(Math.max(0, cutAt - 40), cutAt + 40);
          const change = `${around(analysis.text)}\n-- became --\n${around(mended)}`;
          assert.ok(mistakes(analysisOf(mended)) <= mistakes(analysis), change);
        },
      ),
      { numRuns: Number(process.env["MSHARE_MEND_RUNS"] ?? 300) },
    );
    assert.ok(offered > 20, `offered ${offered} times`);
  });

  it("answers at the end of a file cut anywhere, as while typing", () => {
    fc.assert(
      fc.property(fc.nat(source.length), (at) => everything(source.slice(0, at), at)),
      { numRuns: 150 },
    );
  });

  it("answers in texts of any kind", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 120, unit: "binary" }), fc.nat(120), (text, at) => everything(text, at)),
      { numRuns: 150 },
    );
  });

  it("answers in deep and endless texts", () => {
    for (const text of [
      "(".repeat(20_000),
      `A: f(${"{a:".repeat(5_000)}`,
      "repeat 1 {".repeat(5_000),
      `expect ${"a+".repeat(20_000)}`,
      "/*".repeat(9_999),
      '"'.repeat(9_999),
    ]) {
      everything(text, text.length);
      assert.ok(parse("t", text).problems.length > 0);
    }
  });
});
