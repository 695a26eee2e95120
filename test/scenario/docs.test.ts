// The user's pages against the code: nothing is left out, and every example does what its text says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { bugKinds } from "../../sim/scenario/bug_kinds.ts";
import { accessCalls, linuxCalls } from "../../sim/scenario/calls.ts";
import { diagnosticCodes, severityOf } from "../../sim/scenario/codes.ts";
import { reservedWords } from "../../sim/scenario/cursor.ts";
import { fixedEvents } from "../../sim/scenario/events.ts";
import { functions } from "../../sim/scenario/functions.ts";
import { keywords } from "../../sim/scenario/keywords.ts";
import { machineOptions } from "../../sim/scenario/machine_options.ts";
import { cpuOperations, kernelOperations } from "../../sim/scenario/operations.ts";
import { checkText, codesOf } from "./checking.ts";

const guide = readFileSync("docs/scenario-language.md", "utf8");
const page = readFileSync("docs/diagnostics.md", "utf8");

const blocks = (text: string) => [...text.matchAll(/```mshare\n(.*?)```/gs)].map(([, code]) => code);

describe("docs/scenario-language.md", () => {
  it("has every call and operation with its parameters", () => {
    for (const spec of [...accessCalls, ...linuxCalls, ...kernelOperations, ...cpuOperations]) {
      const signature = `${spec.name}(${spec.params.map((param) => param.name + (param.optional ? "?" : "")).join(", ")})`;
      assert.ok(guide.includes(signature), signature);
    }
  });

  it("has every function, option, event, kind of bug and word", () => {
    const words = [
      ...functions.map((one) => `${one.name}(`),
      ...[...machineOptions, ...fixedEvents, ...bugKinds].map((one) => `\`${one.name}\``),
      ...reservedWords,
    ];
    assert.deepEqual(
      words.filter((word) => !guide.includes(word)),
      [],
    );
    assert.deepEqual(
      keywords.filter(({ word }) => !new RegExp(`\\b${word}\\b`).test(guide)),
      [],
    );
    for (const option of machineOptions)
      assert.match(guide, new RegExp(`\`${option.name}\` \\| \`${option.default}\``));
  });

  it("has examples without mistakes", () => {
    for (const code of blocks(guide)) assert.deepEqual(checkText(code).diagnostics, []);
  });
});

describe("docs/diagnostics.md", () => {
  const entries = new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((entry) => [entry.slice(0, entry.indexOf("\n")), entry]),
  );

  it("has an entry for each code, and no other", () =>
    assert.deepEqual([...entries.keys()].sort(), [...diagnosticCodes].sort()));

  for (const [code, entry] of entries) {
    it(`${code}: severity, mend and example`, () => {
      const severity = severityOf(code as "syntax");
      assert.ok(entry.toLowerCase().includes(`\n${severity}. `));
      assert.match(entry, /^Mend: /m);
      for (const example of blocks(entry))
        if (!example.includes("…")) assert.ok(codesOf(example).includes(code), `gives ${codesOf(example).join(", ")}`);
    });
  }
});
