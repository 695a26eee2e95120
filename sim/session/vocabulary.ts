// All words of scenarios that this version knows, taken from the kernel and the designs themselves.
import { designs } from "../designs/registry.ts";
import { events } from "../kernel/events.ts";
import { kernelFunctions } from "../kernel/functions.ts";
import * as types from "../kernel/mm_types.ts";
import { bugKinds } from "../scenario/bug_kinds.ts";
import { linuxCalls } from "../scenario/calls.ts";
import { ioctlCalls } from "../scenario/ioctls.ts";
import { machineOptions } from "../scenario/machine_options.ts";
import type { Vocabulary } from "../scenario/vocabulary.ts";

let made: Vocabulary | undefined;

/** What a scenario may say. A call exists when the kernel has a function for it. */
export function vocabulary(): Vocabulary {
  made ??= {
    designs,
    implemented: implemented(),
    bugKinds,
    eventNames: [...Object.keys(events), ...designs.flatMap((design) => Object.keys(design.patch.events))],
    machineOptions,
    onlyMachineValues: new Map<string, bigint | string>([["thp", "never"]]),
    fields: structureFields(),
  };
  return made;
}

function implemented(): Set<string> {
  const names = new Set(["load", "store", "touch", "exec"]);
  const known = new Set(kernelFunctions.flatMap((module) => Object.keys(module)));
  for (const { name } of [...linuxCalls, ...ioctlCalls]) if (known.has(`sys_${name}`)) names.add(name);
  for (const prefix of ["kernel_", "cpu_"]) {
    for (const name of known) if (name.startsWith(prefix)) names.add(name.slice(prefix.length));
  }
  return names;
}

function structureFields(): Map<string, readonly string[]> {
  const fields = new Map<string, readonly string[]>();
  for (const type of Object.values(types)) {
    if (typeof type === "object" && "byName" in type) fields.set(type.name, [...type.byName.keys()]);
  }
  return fields;
}
