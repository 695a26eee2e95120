// The one place where the language server meets the engine.
import { bugKinds } from "../../sim/scenario/bug_kinds.ts";
import { accessCalls, linuxCalls } from "../../sim/scenario/calls.ts";
import { ioctlCalls } from "../../sim/scenario/ioctls.ts";
import { machineOptions } from "../../sim/scenario/machine_options.ts";
import { cpuOperations, kernelOperations } from "../../sim/scenario/operations.ts";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";

/** Everything that a scenario may name in this version. */
export function vocabulary(): Vocabulary {
  const calls = [...accessCalls, ...linuxCalls, ...ioctlCalls, ...kernelOperations, ...cpuOperations];
  return {
    designs: [],
    implemented: new Set(calls.map((call) => call.name)),
    bugKinds,
    eventNames: [],
    machineOptions,
  };
}
