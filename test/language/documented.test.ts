// Whatever a kernel knows, its hover explains: calls with their result, constants, options, fixes.
import assert from "node:assert/strict";
import type { MarkupContent } from "vscode-languageserver";
import { analyse, toPosition } from "../../server/language/analysis.ts";
import { hover } from "../../server/language/hover.ts";
import { namesOf } from "../../sim/scenario/vocabulary.ts";
import { vocabulary } from "../../sim/session/vocabulary.ts";

function hovered(text: string, at: number): string {
  const analysis = analyse("w/t.mshare", text, { read: () => undefined, root: "w" }, vocabulary());
  return (hover(analysis, toPosition(analysis.file, at))?.contents as MarkupContent | undefined)?.value ?? "";
}

describe("documentation", () => {
  for (const design of vocabulary().designs) {
    it(`of ${design.name}: the hover over each call, constant, option and fix`, () => {
      const names = namesOf(vocabulary(), design.name);
      const head = `kernel ${design.name}\nprocess A\n`;
      const missing: string[] = [];
      const need = (what: string, shown: string, doc: string | undefined) => {
        if (!doc || !shown.includes(doc)) missing.push(what);
      };
      for (const [name, specs] of names.calls)
        for (const spec of specs) {
          const request = name === "ioctl" ? (spec.params[1].constants?.[0] ?? "0") : undefined;
          const text = `${head}A: ${name}(${request === undefined ? "" : `0, ${request}`})\n`;
          const shown = hovered(text, head.length + 3);
          need(`${name} ${request ?? ""}`, shown, spec.doc);
          need(`what ${name} ${request ?? ""} returns`, shown, spec.returns);
        }
      for (const [name, { doc }] of names.constants) {
        const text = `${head}A: madvise(0, 0, ${name})\n`;
        need(name, hovered(text, text.indexOf(name)), doc);
      }
      for (const { name, doc } of design.options)
        need(name, hovered(`kernel ${design.name} { ${name}: x }\n`, `kernel ${design.name} { `.length), doc);
      for (const { id, title } of design.bugs)
        need(
          id,
          hovered(`kernel ${design.name} { fixes: [${id}] }\n`, `kernel ${design.name} { fixes: [`.length),
          title,
        );
      assert.deepEqual(missing, []);
    });
  }
});
