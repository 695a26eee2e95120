// mshare designs: the kernels that scenarios can name.
import { fidelity, vocabulary } from "../../sim/session.ts";
import type { Arguments } from "./arguments.ts";
import { complain } from "./each_file.ts";
import { jsonLine } from "./json.ts";
import { has, JSON_OUT } from "./options.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export function designsCommand(args: Arguments, terminal: Terminal): Status {
  if (args.files.length > 0) return complain(terminal, `designs: it takes no file; \`${args.files[0]}\` is given`);
  for (const { name, title, doc, version, options, calls, constants, bugs } of vocabulary().designs) {
    if (has(args, JSON_OUT)) {
      const more = name === "linux" ? { fidelity } : {};
      terminal.out(jsonLine({ name, title, doc, version, options, calls, constants, bugs, ...more }));
      continue;
    }
    const lines = [`${name}: ${title} (Linux ${version})`, `  ${doc}`];
    if (options.length > 0) lines.push("", "  Options");
    for (const option of options) {
      const values = typeof option.values === "string" ? option.values : option.values.join(", ");
      lines.push(`    ${option.name}: ${values} (default ${option.default})`, `      ${option.doc}`);
    }
    if (calls.length > 0) lines.push("", "  Calls of its own");
    for (const call of calls) {
      const parameters = call.params.map((param) =>
        param.kind === "struct"
          ? `{ ${param.fields?.map((field) => field.name).join(", ") ?? ""} }`
          : param.constants?.length === 1
            ? param.constants[0]!
            : param.name,
      );
      lines.push(`    ${call.name}(${parameters.join(", ")})`, `      ${call.doc}`);
    }
    if (bugs.length > 0) lines.push("", "  Known bugs, each with the id that --fix takes");
    for (const bug of bugs) {
      const found = bug.kinds.length > 0 ? `reported as ${bug.kinds.join(", ")}` : "seen in results, not in reports";
      lines.push(`    ${bug.id}: ${bug.title}`, `      ${found}; ${bug.source}`);
    }
    if (name === "linux") {
      lines.push("", "  Simpler than the real one, or left out (docs/fidelity.md); designs that patch it share this");
      for (const { topic, level, means } of fidelity)
        if (level !== "exact") lines.push(`    ${topic}: ${level}`, `      ${means}`);
    }
    terminal.out(`${lines.join("\n")}\n\n`);
  }
  return STATUS.ok;
}
