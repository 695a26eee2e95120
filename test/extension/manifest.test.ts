// What package.json promises to the editor, held against what is there.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { launchAttributes } from "../../server/debug/launch.ts";
import { checkFile } from "../../sim/session.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const [mshare] = manifest.contributes.debuggers;
const properties = mshare.configurationAttributes.launch.properties;

function sourcesOfExtension(): string {
  const files = readdirSync("extension").filter((file) => file.endsWith(".ts"));
  return files.map((file) => readFileSync(join("extension", file), "utf8")).join("\n");
}

describe("the manifest", () => {
  it("describes the launch attributes that the debug adapter reads, no more and no fewer", () => {
    assert.deepEqual(Object.keys(properties).sort(), [...launchAttributes].sort());
  });

  it("offers configurations that its own schema allows", () => {
    const offered = [
      ...mshare.initialConfigurations,
      ...mshare.configurationSnippets.map(({ body }: { body: object }) => body),
    ];
    assert.ok(offered.length >= 3);
    for (const { type, request, name, ...attributes } of offered) {
      assert.deepEqual([type, request, typeof name], ["mshare", "launch", "string"]);
      assert.deepEqual(
        Object.keys(attributes).filter((attribute) => !(attribute in properties)),
        [],
      );
    }
  });

  it("points at files that exist", () => {
    const { languages, grammars, snippets, walkthroughs } = manifest.contributes;
    const paths = [
      manifest.icon,
      manifest.main,
      manifest.browser,
      ...[...grammars, ...snippets].map(({ path }) => path),
      languages[0].configuration,
      ...walkthroughs[0].steps.map(({ media }: { media: { image: string } }) => media.image),
    ];
    assert.deepEqual(
      paths.filter((path) => !existsSync(path)),
      [],
    );
  });

  it("has an implementation for each command, and each in a menu", () => {
    const source = sourcesOfExtension();
    const inMenus = JSON.stringify(manifest.contributes.menus);
    const commands: string[] = manifest.contributes.commands.map(({ command }: { command: string }) => command);
    assert.ok(commands.includes("mshare.run") && commands.includes("mshare.debug"));
    for (const command of commands) {
      assert.ok(source.includes(`registerCommand("${command}"`), `${command} is registered`);
      assert.ok(inMenus.includes(`"${command}"`), `${command} is in a menu`);
    }
  });

  it("names only commands and views that there are, in menus, views and the walkthrough", () => {
    const { commands, views, viewsWelcome, walkthroughs, menus } = manifest.contributes;
    const known = new Set([
      ...commands.map(({ command }: { command: string }) => command),
      ...views.debug.flatMap(({ id }: { id: string }) => [id, `${id}.focus`]),
    ]);
    const said = JSON.stringify([menus, viewsWelcome, walkthroughs]);
    const named = [...said.matchAll(/(?:command:|onCommand:|onView:|"command":"|"view":")(mshare\.[\w.]+)/g)].map(
      ([, id]) => id,
    );
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((id) => !known.has(id)),
      [],
    );
  });

  it("writes its walkthrough as the editor reads it: **bold**, __italics__, ``code``, and nothing else of Markdown", () => {
    const [{ steps }] = manifest.contributes.walkthroughs;
    const lone = /(?<!\*)\*(?!\*)|(?<!`)`(?!`)/;
    assert.deepEqual(
      steps
        .filter(({ description }: { description: string }) => lone.test(description))
        .map(({ id }: { id: string }) => id),
      [],
    );
  });

  it("reads what `mshare check` prints as problems", () => {
    const [{ pattern }] = manifest.contributes.problemMatchers;
    const program = { read: () => "kernel linx\n" };
    const checked = checkFile(program, "examples/x.mshare");
    assert.ok("text" in checked);
    const [, ...parts] = new RegExp(pattern.regexp).exec(checked.text[0])!;
    assert.deepEqual(parts.slice(0, 4), ["examples/x.mshare", "1", "8", "error"]);
    assert.equal(parts[pattern.code - 1], "unknown-design");
  });

  it("asks for no newer editor than it is typed against", () => {
    const types = JSON.parse(readFileSync("node_modules/@types/vscode/package.json", "utf8")).version;
    const [major, minor] = types.split(".");
    assert.equal(manifest.engines.vscode, `^${major}.${minor}.0`);
  });
});
