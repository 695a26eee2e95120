// mshare export FILE: a scenario as a C program for a real Linux.
import { exportScenarios } from "../../sim/session.ts";
import type { Arguments } from "./arguments.ts";
import { complain, refusalText } from "./each_file.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export function exportCommand(args: Arguments, terminal: Terminal): Status {
  const [program, ...more] = args.files;
  if (program === undefined) return complain(terminal, "no file is given: mshare export FILE");
  if (more.length > 0) return complain(terminal, "export takes one file");
  const exported = exportScenarios(terminal, [{ program }]);
  if ("refused" in exported) {
    terminal.error(`${refusalText(exported)}\n`);
    return STATUS.refused;
  }
  terminal.out(exported.source);
  return STATUS.ok;
}
