// Random scenarios for property tests: two to three processes that map, touch, unmap, fork and share, partly in parallel.
import fc from "fast-check";
import { createDraw } from "../../sim/conform/random_draw.ts";

const MIB = 2 ** 20;

interface Step {
  readonly actor: number;
  readonly text: string;
}

const address = (slot: number) => `${16 + slot}TiB`;

const op: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.nat(3), fc.constantFrom(1, 2, 3, 4), fc.constantFrom("MAP_PRIVATE", "MAP_SHARED"))
    .map(
      ([slot, mib, kind]) =>
        `mmap(${address(slot)}, ${mib}MiB, PROT_READ|PROT_WRITE, ${kind}|MAP_ANONYMOUS|MAP_FIXED, -1, 0)`,
    ),
  fc
    .tuple(fc.nat(3), fc.nat(3), fc.integer({ min: 1, max: 20 }), fc.boolean())
    .map(
      ([slot, mib, pages, write]) => `touch(${address(slot)} + ${mib * MIB}, ${pages * 4096}${write ? ", write" : ""})`,
    ),
  fc
    .tuple(fc.nat(3), fc.nat(3), fc.nat(9))
    .map(([slot, mib, value]) => `store(${address(slot)} + ${mib * MIB}, ${value})`),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([slot, mib]) => `load(${address(slot)} + ${mib * MIB})`),
  fc
    .tuple(fc.nat(3), fc.nat(2), fc.constantFrom(4096, MIB, 2 * MIB, 4 * MIB))
    .map(([slot, mib, bytes]) => `munmap(${address(slot)} + ${mib * MIB}, ${bytes})`),
);

const steps: fc.Arbitrary<readonly Step[]> = fc.array(fc.record({ actor: fc.nat(1), text: op }), {
  minLength: 3,
  maxLength: 14,
});

const plain = (list: readonly Step[]): string => list.map(({ actor, text }) => `p${actor}: ${text}`).join("\n");

/** The text of a scenario; calls may fail and accesses may raise signals, that is part of it. */
export const scenarioText: fc.Arbitrary<string> = fc
  .record({ before: steps, parallel: steps, after: steps, seed: fc.nat(1000), pcid: fc.boolean(), fork: fc.boolean() })
  .map(({ before, parallel, after, seed, pcid, fork }) =>
    [
      "kernel linux",
      `machine { cpus: 2, memory: 64MiB, pcid: ${pcid} }`,
      `schedule random ${seed}`,
      "process p0 on cpu 0",
      "process p1 on cpu 1",
      ...(fork ? ["process child on cpu 1"] : []),
      plain(before),
      ...(fork ? ["p0: fork(child)", `child: touch(${address(0)}, 16KiB, write)`] : []),
      `parallel {\n${plain(parallel)}\n}`,
      plain(after),
    ].join("\n"),
  );

/** Three threads of two processes that want more memory than there is, so that kswapd works while they take turns. */
export function hungryText(seed: number): string {
  const draw = createDraw(seed);
  const rw = "PROT_READ|PROT_WRITE";
  const work = (who: string) => {
    const at = `p + ${who === "b" ? draw.between(0, 3) : draw.between(4, 7)}MiB`;
    return draw.one([
      `touch(${at}, ${draw.between(4, 12) * 16}KiB${draw.one(["", ", write"])})`,
      `touch(${at}, ${draw.between(1, 8) * 4}KiB, write)`,
      `store(${at}, ${seed})`,
      `load(${at})`,
      `madvise(${at}, ${draw.between(1, 64) * 4}KiB, ${draw.one(["MADV_DONTNEED", "MADV_FREE", "MADV_PAGEOUT"])})`,
      `munmap(${at}, ${draw.between(1, 16) * 4}KiB)`,
    ]);
  };
  const block = (who: string) => Array.from({ length: draw.between(2, 3) }, () => `  ${who}: ${work(who)}`);
  return [
    "kernel linux",
    `machine { memory: 6MiB, swap: ${draw.one(["16MiB", "16MiB", "2MiB", "0"])}, cpus: ${draw.between(1, 2)} }`,
    `schedule random ${seed}`,
    "process a on cpu 0",
    "thread a.t on cpu 0",
    "process b on cpu 0",
    `a: p = mmap(0, 8MiB, ${rw}, MAP_${draw.one(["PRIVATE", "SHARED"])}|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)`,
    `b: p = mmap(0, 4MiB, ${rw}, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)`,
    `a: touch(p, ${draw.between(1140, 1180) * 4}KiB, write)`,
    "parallel {",
    ...block("a"),
    ...block("b"),
    ...block("a.t"),
    "}",
  ].join("\n");
}
