// The exported program is anybody's: compiled by gcc and by clang with all warnings, run by root and by nobody.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mshare, skipWithoutCompiler } from "./machine.ts";

const FILE = "examples/conform.mshare";
const FLAGS = ["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wno-overlength-strings", "-Werror"];

describe("an exported program", () => {
  let folder: string;
  const source = () => join(folder, "scenario.c");
  before(async function () {
    await skipWithoutCompiler.call(this);
    folder = mkdtempSync(join(tmpdir(), "mshare-users-"));
    chmodSync(folder, 0o755);
    writeFileSync(source(), (await mshare(["export", FILE])).out);
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  for (const compiler of ["gcc", "clang"])
    it(`is compiled by ${compiler} without a warning, and prints JSON`, function () {
      this.timeout(120_000);
      if (spawnSync(compiler, ["--version"]).status !== 0) {
        console.log(`\n  exported programs: ${compiler} is not here`);
        this.skip();
      }
      const program = join(folder, compiler);
      const { status, stderr } = spawnSync(compiler, [...FLAGS, "-o", program, source()], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      const ran = spawnSync(program, { encoding: "utf8" });
      assert.equal(ran.status, 0, ran.stderr);
      assert.ok(JSON.parse(ran.stdout).statements.length > 0);
    });

  it("leaves nothing behind when nobody reads what it prints", async function () {
    this.timeout(120_000);
    const program = join(folder, "unread");
    assert.equal(spawnSync("cc", ["-O1", "-o", program, source()]).status, 0);
    for (const words of [[], ["quick"]]) {
      const child = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"] });
      child.stdout.once("data", () => child.stdout.destroy());
      await once(child, "exit");
      assert.ok(!existsSync(`/dev/shm/mshare-${child.pid}`));
    }
  });

  it("wakes nobody who reads its output while it counts what the whole machine has", async function () {
    this.timeout(120_000);
    const program = join(folder, "quiet");
    const long = join(folder, "long.c");
    const { out } = await mshare(["export", "test/scenarios/conform/edges-of-mremap.mshare"]);
    writeFileSync(long, out);
    assert.equal(spawnSync("cc", ["-O1", "-o", program, long]).status, 0);
    const child = spawn(program, { stdio: ["ignore", "pipe", "ignore"] });
    let heard = "";
    let overAtFirst: boolean | undefined;
    child.stdout.on("data", (part: Buffer) => {
      heard += part;
      if (heard.includes('"statements":')) overAtFirst ??= !existsSync(`/dev/shm/mshare-${child.pid}`);
    });
    await once(child, "close");
    assert.ok(heard.length > 65536, `${heard.length}`);
    assert.equal(overAtFirst, true);
  });

  it("runs as nobody: frames are hidden, all else is the same", async function () {
    this.timeout(120_000);
    const as = nobody();
    if (typeof as === "string") {
      console.log(`\n  exported programs as nobody: ${as}`);
      this.skip();
      return;
    }
    const program = join(folder, "everybody");
    assert.equal(spawnSync("cc", ["-O1", "-o", program, source()]).status, 0);
    chmodSync(program, 0o755);
    const ran = spawnSync(program, { ...as, encoding: "utf8", cwd: "/" });
    assert.equal(ran.status, 0, ran.stderr);
    const seen = JSON.parse(ran.stdout);
    assert.deepEqual([seen.root, seen.frames, seen.machineWide], [false, false, null]);
    // The comparison is told this program's answers in place of root's.
    const answers = {
      compile: () =>
        Promise.resolve({ run: () => Promise.resolve({ status: 0, out: ran.stdout, error: "" }), remove: () => {} }),
    };
    const { status, out } = await mshare(["conform", FILE], { [FILE]: readFileSync(FILE, "utf8") }, answers);
    assert.equal(status, 0, out);
    assert.match(out, /not as root/);
    assert.match(out, /frame numbers are only for root/);
  });
});

/** How to be nobody, or why one cannot. */
function nobody(): { readonly uid: number; readonly gid: number } | string {
  if (process.getuid?.() !== 0) return "skipped, only root can be somebody else";
  const id = spawnSync("id", ["-u", "nobody"], { encoding: "utf8" });
  const uid = Number(id.stdout);
  return id.status === 0 && uid > 0 ? { uid, gid: uid } : "skipped, there is no user nobody";
}
