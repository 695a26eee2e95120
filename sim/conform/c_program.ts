// A whole C program: one or several scenarios with all that they need to run.
import type { CScenario } from "./c_scenario.ts";
import { NotExportable } from "./not_exportable.ts";
import { agentSource } from "./runtime/agent.ts";
import { controlSource } from "./runtime/control.ts";
import { groupsSource } from "./runtime/groups.ts";
import { hugepagesSource } from "./runtime/hugepages.ts";
import { machineWideSource } from "./runtime/machine_wide.ts";
import { headSource, mainSource } from "./runtime/main.ts";
import { observeSource } from "./runtime/observe.ts";
import { observePagesSource } from "./runtime/observe_pages.ts";
import { observeProcSource } from "./runtime/observe_proc.ts";
import { outputSource } from "./runtime/output.ts";
import { strandsSource } from "./runtime/strands.ts";
import { swapDeviceSource } from "./runtime/swap_device.ts";

const SLOT_BYTES = 0x10000;
const PGDIR_BYTES = 2n ** 39n;

export function cProgram(scenarios: readonly CScenario[]): string {
  const members = Math.max(...scenarios.map((one) => one.members));
  const grows = scenarios.some((one) => one.text.includes("MAP_GROWSDOWN"));
  const area = freeArea(
    scenarios.flatMap((one) => one.integers),
    grows ? BESIDE : LOW,
  );
  const slots = (members + 1) * SLOT_BYTES;
  const cases = scenarios.map((_, i) => `    case ${i}: scenario_${i}(); break;`);
  return [
    "/* A scenario of simulated Linux memory management, for a real Linux. Build: cc -O1 -Wall -Wextra -o NAME NAME.c",
    "   Each process of the scenario is a process; all that it has in memory is what the scenario makes, and an agent. */",
    headSource,
    "/* Where this program's own part of each process is: in a top-level entry that the scenario does not use. */",
    `#define AREA 0x${area.toString(16)}UL`,
    `#define AREA_BYTES 0x${slots.toString(16)}UL`,
    `#define VARIABLES ${Math.max(1, ...scenarios.map((one) => one.variables))}`,
    `#define SCENARIOS ${scenarios.length}`,
    "",
    `static const int uses_groups[] = {${scenarios.map((one) => Number(one.groups)).join(", ")}};`,
    "",
    outputSource,
    agentSource,
    controlSource,
    strandsSource,
    `static const long pools[] = {${scenarios.map((one) => one.hugepages).join(", ")}};`,
    "static long huge_pages_free(void);",
    "static long huge_pages_reserved(void);",
    "static void settle_pool(void);",
    "",
    observeProcSource,
    observePagesSource,
    observeSource,
    hugepagesSource,
    swapDeviceSource,
    "/* ---- The scenario. ---- */",
    "",
    ...scenarios.map((one) => one.text),
    `static struct member *const casts[] = {${scenarios.map((_, i) => `cast_${i}`).join(", ")}};`,
    `static const int cast_sizes[] = {${scenarios.map((one) => one.members).join(", ")}};`,
    "",
    "static void run_scenario(void) {",
    "  switch (scenario) {",
    ...cases,
    "  }",
    "}",
    "",
    machineWideSource,
    groupsSource,
    mainSource,
  ].join("\n");
}

const LOW = Array.from({ length: 199 }, (_, i) => BigInt(i + 1));
/** Below all that the scenario names, or else above it. */
const BESIDE = [1n, ...Array.from({ length: 199 }, (_, i) => BigInt(254 - i))];

/**
 * A top-level entry that no number of the scenario leads to or next to: a low one, for Linux places mappings from the
 * top down. Where a mapping grows downwards, which it does only if nothing is in between, the lowest: it may have been
 * placed at the top.
 */
function freeArea(integers: readonly bigint[], slots: readonly bigint[]): bigint {
  const used = new Set(integers.map((value) => value / PGDIR_BYTES));
  for (const slot of slots)
    if (![slot - 1n, slot, slot + 1n].some((near) => near > 0n && used.has(near))) return slot * PGDIR_BYTES;
  throw new NotExportable("The scenario uses addresses everywhere; there is no room for the program's own memory.");
}
