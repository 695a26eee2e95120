// What package.json gives to the editor, each with the check in the real editor that shows it (test/e2e). A contribution without a
// check, or a check that is gone, fails here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const { contributes } = JSON.parse(readFileSync("package.json", "utf8"));

const title = "writing: the editor's title: debug, run and explore";
const explorer = "writing: a file's menu in the Explorer: debug and run";
const events = "machine: events to choose from, and any other text; what means nothing stays grey";
const formats = "machine: values as hexadecimal, and again as usual: all of them, and one";
const inView = "machine: in a view of the machine: a value copied, and where it was written";
const report = "machine: a report: copied, and the way to it from its menu";
const written = "machine: where a value was written";
const spaces = "machine: address spaces, with who shares which tables";
const tlbs = "machine: what the CPUs keep, and that a step of a task changes it";
const welcome = "machine: without a session the views say what they are for, and begin";
const message = "breakpoints: a printed line leads to the moment that it is about";
const runnable = "stopping: one of two that could run: as a target, from the thread's menu, in the console";
const walkthrough = (check: string) => `beginning: its ${check}`;

/** The check by file and title; what a session begins with, `F5`, is in each. */
const checks: Record<string, string> = {
  "command mshare.run": explorer,
  "command mshare.explore":
    "writing: Explore above a scenario with a parallel block, and as a command: what the search finds",
  "command mshare.debug": "writing: Debug above the scenario",
  "command mshare.goToStep": "extension: a step by its number",
  "command mshare.goToTime": "machine: a time at which an event happened, or a line was reached",
  "command mshare.goToLastWrite": written,
  "command mshare.breakOnEvent": events,
  "command mshare.runToLabel": "machine: a label",
  "command mshare.stepTask": "machine: one step of a task of one's choice",
  "command mshare.showAsHex": formats,
  "command mshare.showAsDecimal": formats,
  "command mshare.showAllAsHex": formats,
  "command mshare.showAllAsUsual": formats,
  "command mshare.copyValue": inView,
  "command mshare.goToBug": "beginning: the bugs found so far, and the way to one",
  "command mshare.copyBug": report,
  "command mshare.goToMessage": message,
  "command mshare.copyMessage": message,
  "command mshare.openExample": walkthrough("first step opens an example"),
  "editor/title/run mshare.debug": title,
  "editor/title/run mshare.run": title,
  "editor/title/run mshare.explore": title,
  "explorer/context mshare.debug": explorer,
  "explorer/context mshare.run": explorer,
  "debug/variables/context mshare.goToLastWrite": written,
  "debug/variables/context mshare.showAsHex": formats,
  "debug/variables/context mshare.showAsDecimal": formats,
  "debug/variables/context mshare.showAllAsHex": formats,
  "debug/variables/context mshare.showAllAsUsual": formats,
  "view/title mshare.breakOnEvent": events,
  "debug/callstack/context mshare.stepTask": runnable,
  "view/item/context mshare.goToLastWrite": inView,
  "view/item/context mshare.copyValue": inView,
  "view/item/context mshare.goToBug": report,
  "view/item/context mshare.copyBug": report,
  "view/item/context mshare.goToMessage": message,
  "view/item/context mshare.copyMessage": message,
  "view mshare.addressSpaces": spaces,
  "view mshare.tlbs": tlbs,
  "view mshare.bugs": "beginning: the bugs found so far, and the way to one",
  "view mshare.messages": message,
  "welcome mshare.messages": welcome,
  "welcome mshare.messages while debugging": events,
  "welcome mshare.addressSpaces": welcome,
  "welcome mshare.tlbs": welcome,
  "welcome mshare.bugs": welcome,
  "welcome mshare.bugs while debugging": events,
  "language mshare": "extension: opening the example as a scenario, with nothing to complain about",
  "language configuration": "language: lines that become comments, and are none again",
  "grammar source.mshare": "language: colours by the grammar, and by meaning: a process is one wherever it is named",
  "snippets ./syntaxes/mshare.code-snippets": "language: a snippet, and what it writes",
  "breakpoints mshare": "extension: a breakpoint, without a launch.json",
  "breakpoints typescript": "extension: a line of the kernel",
  "debugger mshare": "extension: F5 where nothing stops it: the first statement does",
  "debugger configurationSnippets": "writing: launch.json: our configurations are offered, and one is used",
  "debugger strings": "breakpoints: a line on which nothing can stop is grey, and says why",
  "setting mshare.trace.server": "language: what editor and server say to each other, as much as the setting asks for",
  "setting mshare.lineCounts": "breakpoints: how often a line was begun, beside it",
  "default debug.saveBeforeStart": "untitled: a document that was never saved is debugged with nothing asked about it",
  "task mshare run": "writing: the tasks that are offered for the open scenario",
  "task mshare check": "writing: a task: what it finds are problems",
  "problem matcher mshare": "writing: a task: what it finds are problems",
  "walkthrough step open": walkthrough("first step opens an example"),
  "walkthrough step start": walkthrough("second step debugs that"),
  "walkthrough step event": walkthrough("third step asks for an event"),
  "walkthrough step look": walkthrough("fourth step shows the address spaces"),
  "walkthrough step back": walkthrough("fifth step goes to a step"),
  "walkthrough step bug": walkthrough("last step opens an example with a bug, and F5 stops at it"),
};

type Named = Record<string, string>;

/** Every contribution by a name of its own. The palette shows the commands, which are there already. */
function contributions(): string[] {
  const { languages, grammars, snippets, breakpoints, debuggers, commands, menus, views, viewsWelcome } = contributes;
  const { configuration, configurationDefaults, taskDefinitions, problemMatchers, walkthroughs } = contributes;
  const inMenus = Object.entries<Named[]>(menus).filter(([menu]) => menu !== "commandPalette");
  const has = (of: object, key: string) => key in of;
  return [
    ...languages.map(({ id }: Named) => `language ${id}`),
    ...languages.filter((one: Named) => has(one, "configuration")).map(() => "language configuration"),
    ...grammars.map(({ scopeName }: Named) => `grammar ${scopeName}`),
    ...snippets.map(({ path }: Named) => `snippets ${path}`),
    ...breakpoints.map(({ language }: Named) => `breakpoints ${language}`),
    ...debuggers.map(({ type }: Named) => `debugger ${type}`),
    ...["configurationSnippets", "strings"].filter((key) => has(debuggers[0], key)).map((key) => `debugger ${key}`),
    ...commands.map(({ command }: Named) => `command ${command}`),
    ...inMenus.flatMap(([menu, items]) => items.map(({ command }) => `${menu} ${command}`)),
    ...views.debug.map(({ id }: Named) => `view ${id}`),
    ...viewsWelcome.map(({ view, when }: Named) =>
      when?.startsWith("inDebugMode") ? `welcome ${view} while debugging` : `welcome ${view}`,
    ),
    ...Object.keys(configuration.properties).map((key) => `setting ${key}`),
    ...Object.values<Named>(configurationDefaults).flatMap((keys) => Object.keys(keys).map((key) => `default ${key}`)),
    ...taskDefinitions.flatMap(({ type, properties }: { type: string; properties: { command: { enum: string[] } } }) =>
      properties.command.enum.map((command) => `task ${type} ${command}`),
    ),
    ...problemMatchers.map(({ name }: Named) => `problem matcher ${name}`),
    ...walkthroughs[0].steps.map(({ id }: Named) => `walkthrough step ${id}`),
  ];
}

describe("what the extension contributes", () => {
  it("is shown by a check in the real editor, each of it", () => {
    assert.deepEqual(Object.keys(checks).sort(), contributions().sort());
  });

  it("names checks that there are", () => {
    const missing = Object.values(checks).filter((check) => {
      const [, file, title] = /^(\w+): (.*)$/.exec(check)!;
      return !readFileSync(`test/e2e/${file}.test.ts`, "utf8").includes(`check("${title}"`);
    });
    assert.deepEqual(missing, []);
  });

  it("is all of it known here", () => {
    const known = [
      ...["breakpoints", "commands", "configuration", "configurationDefaults", "debuggers", "grammars", "languages"],
      ...["menus", "problemMatchers", "snippets", "taskDefinitions", "views", "viewsWelcome", "walkthroughs"],
    ];
    assert.deepEqual(Object.keys(contributes).sort(), known);
  });
});
