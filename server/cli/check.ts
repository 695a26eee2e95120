// mshare check FILE…: the language server's diagnostics, for scripts.
import { checkFile, unknownKernel } from "../../sim/session.ts";
import type { Arguments } from "./arguments.ts";
import { complain } from "./each_file.ts";
import { jsonLine } from "./json.ts";
import { first, has, JSON_OUT, KERNEL, QUIET } from "./options.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

/** Explains a code, with an example and how to mend it. */
const pageOf = (code: string): string => `docs/diagnostics.md#${code}`;

export function checkCommand(args: Arguments, terminal: Terminal): Status {
  if (args.files.length === 0) return complain(terminal, "no file is given: mshare check FILE…");
  const kernel = first(args, KERNEL);
  const wrong = kernel === undefined ? undefined : unknownKernel(kernel);
  if (wrong) return complain(terminal, wrong);
  let status: Status = STATUS.ok;
  for (const file of args.files) {
    const checked = checkFile(terminal, file, kernel);
    if ("missing" in checked) {
      if (has(args, JSON_OUT))
        terminal.out(jsonLine({ file, verdict: "refused", message: checked.missing, diagnostics: [] }));
      else terminal.error(`mshare: ${checked.missing}\n`);
      status = STATUS.refused;
      continue;
    }
    const { diagnostics, refused, text } = checked;
    if (has(args, JSON_OUT)) {
      const explained = diagnostics.map((one) => ({ ...one, page: pageOf(one.code) }));
      terminal.out(jsonLine({ file, verdict: refused ? "refused" : "pass", diagnostics: explained }));
    } else {
      for (const line of text) terminal.out(`${line}\n`);
      if (!has(args, QUIET))
        for (const code of new Set(diagnostics.map((one) => one.code))) terminal.out(`  see ${pageOf(code)}\n`);
      if (diagnostics.length === 0 && !has(args, QUIET)) terminal.out(`${file}: nothing to complain about\n`);
    }
    if (refused) status = STATUS.refused;
  }
  return status;
}
