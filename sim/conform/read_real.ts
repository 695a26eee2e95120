// Reads what an exported program printed.
import { errnoName } from "../kernel/uapi/errno.ts";
import { signalName } from "../kernel/uapi/signal.ts";
import type {
  ObservedProcess,
  ObservedProcesses,
  ObservedRun,
  ObservedStatement,
  RealMachine,
  RealRun,
} from "./observation.ts";

type Printed = RealMachine & {
  readonly statements: readonly {
    readonly file: number;
    readonly line: number;
    readonly actor: string;
    readonly call: string;
    readonly result?: string;
    readonly errno?: string;
    readonly signal?: string;
    readonly undone?: string;
    readonly waits?: string;
    readonly killed?: string;
    readonly full: boolean;
    readonly processes: ObservedProcesses;
  }[];
  readonly end: ObservedProcesses;
  readonly machineWide: ObservedRun["machineWide"];
  readonly contents: ObservedRun["contents"];
  readonly groups: ObservedRun["groups"];
  readonly swapAtEnd: number;
};

/** Only changes are printed: here every statement gets the whole picture again. */
export function readReal(json: string): RealRun {
  const {
    statements: printed,
    end,
    machineWide,
    contents,
    groups,
    swapAtEnd,
    ...machine
  } = JSON.parse(json) as Printed;
  let processes: ObservedProcesses = {};
  const statements = printed.map((one): ObservedStatement => {
    processes = { ...processes, ...normalized(one.processes) };
    const { file, line, actor, call, full } = one;
    return { file, line, actor, call, full, ...outcome(one), processes };
  });
  return { machine, statements, end: { ...processes, ...normalized(end) }, contents, groups, machineWide, swapAtEnd };
}

function outcome(one: Printed["statements"][number]): Pick<ObservedStatement, "result" | "errno" | "signal" | "waits"> {
  if (one.errno !== undefined) return { errno: errnoName(Number(one.errno)) };
  if (one.signal !== undefined) return { signal: signalName(Number(one.signal)) };
  if (one.undone !== undefined) return {};
  if (one.killed !== undefined) return { signal: "OOM" };
  if (one.waits !== undefined) return { waits: true };
  return { result: BigInt(one.result ?? "0") };
}

function normalized(processes: ObservedProcesses): ObservedProcesses {
  return Object.fromEntries(
    Object.entries(processes).map(([name, process]) => [name, process && withoutSoftDirty(process)]),
  );
}

/** Whether a kernel tracks soft-dirty pages is a matter of its configuration; nothing else depends on it. */
function withoutSoftDirty(process: ObservedProcess): ObservedProcess {
  if (!process.maps) return process;
  const maps = process.maps.map((map) => ({ ...map, VmFlags: map.VmFlags?.replace(/ ?\bsd\b/, "").trim() }));
  return { ...process, maps };
}
