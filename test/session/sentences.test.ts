// What a stop says of itself: every event has a sentence, and a sentence says what an entry was and is.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { designs } from "../../sim/designs/registry.ts";
import { _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, makeEntry, makeSwapEntry } from "../../sim/hardware/entry.ts";
import { events } from "../../sim/kernel/events.ts";
import { GUARD_PTE } from "../../sim/kernel/mm/madvise_guard.ts";
import { SWP_EXCLUSIVE } from "../../sim/kernel/mm/memory_swap.ts";
import { describeEvent, WRITES } from "../../sim/session/describe.ts";
import { entryText, was, writtenText } from "../../sim/session/entry_words.ts";
import { load } from "../../sim/session/load.ts";
import { sentences } from "../../sim/session/sentences.ts";
import { realHost } from "../debug/real.ts";

describe("the sentence of an event", () => {
  const isWrite = (name: string) => name in WRITES;

  it("is there for each of the kernel's", () => {
    const without = Object.keys(events).filter((name) => !(name in sentences) && !isWrite(name));
    assert.deepEqual(without, []);
  });

  it("tells of arguments that the event has", () => {
    for (const [name, sentence] of Object.entries(sentences)) {
      const args: readonly string[] = events[name as keyof typeof events].args;
      const has = (argument: string) => assert.ok(args.includes(argument), `${name} has no ${argument}`);
      const told = Object.assign(
        (argument: string) => {
          has(argument);
          return argument;
        },
        {
          raw(argument: string) {
            has(argument);
            return argument === "lock" ? null : 1;
          },
        },
      );
      assert.match(sentence(told), /\w/);
    }
  });

  it("is there for each that a design brings, with that event's arguments", () => {
    for (const design of designs) {
      for (const [name, { args, says }] of Object.entries(design.patch.events)) {
        const used = [...(says ?? "").matchAll(/\{(\w+)\}/g)].map(([, argument]) => argument ?? "");
        assert.ok(used.length > 0, `${design.name}: ${name} does not say what it did`);
        assert.deepEqual(
          used.filter((argument) => !args.includes(argument)),
          [],
          name,
        );
      }
    }
  });

  it("is of no event that is gone", () => {
    assert.deepEqual(
      [...Object.keys(sentences), ...Object.keys(WRITES)].filter((name) => !(name in events)),
      [],
    );
  });

  const folders = ["examples", "test/scenarios/conform-swap"];
  const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  for (const program of files.filter((file) => file.endsWith(".mshare"))) {
    it(`names what there is, in ${program}`, function () {
      this.timeout(120_000);
      const loaded = load(realHost, { program, maxSteps: 3000 });
      if ("refused" in loaded) throw new Error(loaded.message);
      const { machine } = loaded.system;
      let told = 0;
      machine.attend(Array.from(machine.events.names.keys()));
      machine.observer = () => {
        const text = describeEvent(loaded.system);
        assert.doesNotMatch(text, /undefined|\[object|NaN|\bnull\b|\{\w+\}/, `${program}: ${text}`);
        told++;
        return false;
      };
      loaded.run.forward(3000, Number.POSITIVE_INFINITY);
      assert.equal(told, machine.step);
    });
  }
});

describe("the words for an entry", () => {
  const entry = makeEntry(0x108, _PAGE_PRESENT | _PAGE_RW);

  it("say what came, what was there, and of a frame that stays only the difference", () => {
    assert.equal(writtenText(0, entry, 1), "→ frame 0x108, PRESENT|RW");
    assert.equal(writtenText(entry, entry + _PAGE_DIRTY, 1), "→ frame 0x108, gains DIRTY");
    assert.equal(writtenText(entry + _PAGE_DIRTY, entry - _PAGE_RW, 1), "→ frame 0x108, loses RW|DIRTY");
    assert.equal(writtenText(entry, entry, 1), "→ frame 0x108, as it was");
    assert.equal(writtenText(makeEntry(0x77, 1), entry, 1), "→ frame 0x108, PRESENT|RW, was frame 0x77");
  });

  it("tell huge pages from tables", () => {
    assert.equal(writtenText(0, entry + _PAGE_PSE, 2), "→ huge page, frame 0x108, PRESENT|RW|PSE");
    assert.equal(was(entry + _PAGE_PSE, 2), ", was huge page, frame 0x108");
    assert.equal(was(entry, 2), ", was the table in frame 0x108");
  });

  it("know what Linux keeps where no page is", () => {
    assert.equal(entryText(makeSwapEntry(0, 5, SWP_EXCLUSIVE), 1), "swap entry: type 0, offset 5, exclusive");
    assert.equal(entryText(makeSwapEntry(0, 5), 1), "swap entry: type 0, offset 5");
    assert.equal(entryText(makeSwapEntry(30, 0x108), 1), "migration entry of frame 0x108");
    assert.equal(entryText(GUARD_PTE, 1), "guard marker");
    assert.equal(entryText(makeSwapEntry(31, 1), 1), "PTE marker 0x1");
    assert.equal(writtenText(entry, makeSwapEntry(0, 5), 1), "→ swap entry: type 0, offset 5, was frame 0x108");
  });
});
