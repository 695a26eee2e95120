// Control groups, on Linux and in the simulator: who is charged, who is killed for want of memory. The groups are removed again.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { checkFile, randomGroupsScenario } from "../../sim/session.ts";
import { mshare, shared, skipWithoutCompiler } from "./machine.ts";

const folder = "test/scenarios/conform-groups";
/** More in CI. */
const PROGRAMS = process.env["CI"] ? 100 : 20;

/** The group that an exported program makes for itself lies in one of these, with its number; of those that have ended. */
const places = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].filter((place) => existsSync(place));
const left = () =>
  places.flatMap((place) =>
    readdirSync(place).filter((name) => /^mshare-\d+$/.test(name) && !existsSync(`/proc/${name.slice(7)}`)),
  );

describe("control groups", () => {
  it("random programs are well formed, the same for the same seed, and some fill a group", () => {
    let filled = 0;
    for (let seed = 0; seed < 200; seed++) {
      const text = randomGroupsScenario(seed);
      const checked = checkFile({ read: () => text }, "random.mshare");
      assert.ok(
        !("missing" in checked) && !checked.refused,
        `seed ${seed}: ${"text" in checked ? checked.text[0] : ""}`,
      );
      assert.equal(randomGroupsScenario(seed), text);
      if (text.includes("touch(9TiB")) filled++;
    }
    assert.ok(filled > 5, `${filled} of 200 programs`);
  });

  describe("on this machine", () => {
    before(async function () {
      await skipWithoutCompiler.call(this);
      let why = process.getuid?.() === 0 ? "" : "only root can make groups";
      const has = existsSync("/sys/fs/cgroup/memory/memory.stat") || existsSync("/sys/fs/cgroup/memory.stat");
      if (!why && !has) why = "there is no memory controller";
      if (!why) return;
      console.log(`\n  control groups: skipped, ${why}`);
      this.skip();
    });

    for (const name of readdirSync(folder))
      it(`agrees on ${name}`, async function () {
        this.timeout(120_000);
        const { status, out, error } = await mshare(["conform", `${folder}/${name}`]);
        assert.equal(status, 0, out + error);
      });

    it("a wrong charge is found", async function () {
      this.timeout(120_000);
      const [name] = readdirSync(folder);
      const native = shared;
      const lying = {
        ...native,
        async compile(source: string) {
          const program = await native.compile(source);
          if (typeof program === "string") return program;
          const run = async (args: readonly string[]) => {
            const ran = await program.run(args);
            return { ...ran, out: ran.out.replace(/("groups":\{"[^"]*":\{"anon":)\d+/, "$1987136") };
          };
          return { ...program, run };
        },
      };
      const { out } = await mshare(["conform", `${folder}/${name}`], {}, lying);
      assert.match(out, /group \/\w+: anon: simulated \d+ kB, Linux 964 kB/);
    });

    it(`${PROGRAMS} random programs agree, and no group stays behind`, async function () {
      this.timeout(120_000 + PROGRAMS * 10_000);
      const { status, out, error } = await mshare(
        ["conform", "--random", `${PROGRAMS}`, "--seed", "5001", "--groups"],
        {},
        shared,
      );
      assert.equal(status, 0, out + error);
      assert.deepEqual(left(), []);
    });
  });
});
