// docs/debugger.md is a reference: what it lists is what there is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { capabilities } from "../../server/debug/capabilities.ts";
import { commandWords } from "../../server/debug/console.ts";
import { handlers } from "../../server/debug/handlers.ts";
import { launchAttributes } from "../../server/debug/launch.ts";
import { fakeEngine } from "./fake_session.ts";

const text = readFileSync("docs/debugger.md", "utf8");

/** The words in the first column of the table below a heading. */
function firstColumn(heading: string): string[] {
  const section = text.split(/^#+ /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| (?:event |request )?`([^`]+)`/gm)].map(([, word]) => word);
}

/** The request that a capability promises. */
const requestOf: Record<string, string> = {
  supportsConfigurationDoneRequest: "configurationDone",
  supportsFunctionBreakpoints: "setFunctionBreakpoints",
  exceptionBreakpointFilters: "setExceptionBreakpoints",
  supportsDataBreakpoints: "setDataBreakpoints",
  supportsInstructionBreakpoints: "setInstructionBreakpoints",
  supportsRestartFrame: "restartFrame",
  supportsGotoTargetsRequest: "gotoTargets",
  supportsStepInTargetsRequest: "stepInTargets",
  supportsStepBack: "stepBack",
  supportsCompletionsRequest: "completions",
  supportsSetVariable: "setVariable",
  supportsSetExpression: "setExpression",
  supportsLoadedSourcesRequest: "loadedSources",
  supportsReadMemoryRequest: "readMemory",
  supportsWriteMemoryRequest: "writeMemory",
  supportsDisassembleRequest: "disassemble",
  supportsRestartRequest: "restart",
  supportsTerminateRequest: "terminate",
  supportsCancelRequest: "cancel",
  supportsExceptionInfoRequest: "exceptionInfo",
  supportsBreakpointLocationsRequest: "breakpointLocations",
};

/** They come without having been asked for. */
const events = ["mshare/time", "mshare/lineCounts"];

describe("the debugger's reference", () => {
  const able = capabilities(fakeEngine);

  it("lists the capabilities that the adapter declares, in its order", () => {
    assert.deepEqual(firstColumn("What the adapter declares"), Object.keys(able));
  });

  it("declares or leaves off, with a reason, every capability that the protocol has", () => {
    const types = readFileSync("node_modules/@vscode/debugprotocol/lib/debugProtocol.d.ts", "utf8");
    const body = /interface Capabilities \{([\s\S]*?)\n(?: {4}|\t)\}/.exec(types)?.[1] ?? "";
    const fields = [...body.matchAll(/^(?: {8}|\t\t)(\w+)\??:/gm)].map(([, name]) => name);
    assert.ok(fields.length >= 42, `${fields.length} fields`);
    const left = text.split("### What it leaves off")[1]?.split("\n### ")[0];
    const leftOff = [...(left ?? "").matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? "").matchAll(/`(support\w+|\w+Modes|additional\w+)`/g)].map(([, name]) => name),
    );
    assert.deepEqual([...Object.keys(able), ...leftOff].sort(), fields.sort());
  });

  it("lists the launch attributes, as package.json does", () => {
    assert.deepEqual(firstColumn("Launch configuration"), [...launchAttributes]);
    const [contributed] = JSON.parse(readFileSync("package.json", "utf8")).contributes.debuggers;
    const { properties } = contributed.configurationAttributes.launch;
    assert.deepEqual(Object.keys(properties).sort(), [...launchAttributes].sort());
  });

  it("lists the console's commands", () => {
    const words = firstColumn("The debug console").map((command) => command.replace(/ ?[A-Z[].*$/, ""));
    assert.deepEqual(
      words,
      commandWords.map(({ label }) => label.trim()),
    );
  });

  it("lists the requests of our own", () => {
    const listed = firstColumn("Beyond the protocol").filter((name) => !events.includes(name));
    const own = [...handlers.keys()].filter((name) => name.startsWith("mshare/"));
    assert.deepEqual(listed, own);
  });

  it("declares nothing that no handler answers", () => {
    for (const [capability, command] of Object.entries(requestOf)) {
      assert.ok(capability in able, capability);
      assert.ok(handlers.has(command), command);
    }
    const promising = Object.keys(able).filter((name) => /Request$|^supportsSet|^supports\w*Breakpoints$/.test(name));
    const aspects = /Conditional/; // of breakpoints that another capability promises
    assert.deepEqual(
      promising.filter((name) => !(name in requestOf) && !aspects.test(name)),
      [],
    );
  });
});
