// The .vsix: one file, small, and in it what the extension needs and nothing else.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { unzip } from "../e2e/unzip.ts";

describe("the package", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "mshare-package-"));
  let vsix: Buffer;
  let files: string[];

  before(() => {
    writeFileSync(join(folder, "mshare-debugger-0.0.1.vsix"), "an older one");
    const args = ["tools/package.mjs", "--built", "--out", folder];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(status, 0, `${stdout}${stderr}`);
    vsix = readFileSync(join(folder, readdirSync(folder)[0]));
    files = [...unzip(vsix).keys()]
      .filter((name) => name.startsWith("extension/"))
      .map((name) => name.slice("extension/".length));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is the only one, named after the version", () => {
    const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
    assert.deepEqual(readdirSync(folder), [`${name}-${version}.vsix`]);
  });

  it("has less than three megabytes", () => {
    assert.ok(vsix.length < 3_000_000, `${vsix.length} bytes`);
  });

  it("holds the programs, the language and what a reader needs", () => {
    const wanted = [
      ...["adapter", "adapter-thread", "engine", "extension", "language-server", "mshare"].map(program),
      ...["adapter-web", "extension-web", "language-server-web"].map(program),
      ...["engine", "adapter-web"].map((name) => `${program(name)}.map`),
      ...["syntaxes/mshare.tmLanguage.json", "syntaxes/language-configuration.json", "syntaxes/mshare.code-snippets"],
      ...["docs/diagnostics.md", ...readdirSync("docs/bugs").map((name) => `docs/bugs/${name}`)],
      ...["dist/examples.json", ...readdirSync("examples").map((name) => `examples/${name}`), ...walkthroughPictures()],
      ...["extension/icon.png", "package.json", "readme.md", "changelog.md", "LICENSE.txt"],
    ];
    assert.deepEqual(
      wanted.filter((file) => !files.includes(file)),
      [],
    );
  });

  for (const program of ["engine", "adapter-web"]) {
    it(`holds every kernel file that a stack frame of ${program} can lead to`, () => holdsKernel(program));
  }

  function holdsKernel(program: string): void {
    const { sources } = JSON.parse(readFileSync(`dist/${program}.js.map`, "utf8")) as { sources: string[] };
    const kernel = sources
      .map((source) => posix.join("dist", source))
      .filter((file) => /^sim\/(kernel|designs)\//.test(file));
    assert.ok(kernel.length > 0, "the engine is built from kernel files");
    assert.deepEqual(
      sources.filter((source) => !/\/sim\/(kernel|designs|hardware)\//.test(source)),
      [],
      "nobody reads where anything else stands",
    );
    assert.deepEqual(
      kernel.filter((file) => !files.includes(file)),
      [],
    );
  }

  it("holds nothing else", () => {
    const known =
      /^(dist\/[\w-]+\.js|dist\/(engine|adapter-web)\.js\.map|syntaxes\/.+|examples\/[\w-]+\.mshare|docs\/bugs\/[\w-]+\.md|extension\/walkthrough\/\w+\.(jpg|png)|sim\/(core|hardware|kernel|designs)\/.+\.ts)$/;
    const settings = ["tsconfig.json", "sim/tsconfig.json", "sim/flavours.d.ts"]; // the editor reads kernel files with them
    const single = [
      ...settings,
      "dist/examples.json",
      "docs/diagnostics.md",
      "extension/icon.png",
      "package.json",
      "readme.md",
      "changelog.md",
      "LICENSE.txt",
    ];
    assert.deepEqual(
      files.filter((file) => !known.test(file) && !single.includes(file)),
      [],
    );
  });
});

function walkthroughPictures(): string[] {
  const { walkthroughs } = JSON.parse(readFileSync("package.json", "utf8")).contributes;
  const steps: { media: { image: string } }[] = walkthroughs.flatMap(({ steps }: { steps: object[] }) => steps);
  return steps.map(({ media }) => media.image);
}

function program(name: string): string {
  return `dist/${name}.js`;
}
