// Which command is meant, and help.
import { nearest } from "../../sim/session.ts";
import { type Arguments, type OptionRule, readArguments } from "./arguments.ts";
import { checkCommand } from "./check.ts";
import { conformCommand, GROUPS, HUGETLB, LARGE, RANDOM, SEED, WORKERS } from "./conform.ts";
import { designsCommand } from "./designs.ts";
import { complain } from "./each_file.ts";
import { ALL, exploreCommand, SAVE, SCHEDULES } from "./explore.ts";
import { exportCommand } from "./export.ts";
import { COLOR, FIX, HELP, has, JSON_OUT, KERNEL, MAX_STEPS, QUIET, SCHEDULE, SET } from "./options.ts";
import { runCommand } from "./run.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

interface Command {
  readonly name: string;
  readonly usage: string;
  readonly doc: string;
  readonly options: readonly OptionRule[];
  run(args: Arguments, terminal: Terminal): Promise<Status> | Status;
}

const COMMANDS: readonly Command[] = [
  {
    name: "run",
    usage: "run FILE…",
    doc: "Runs scenarios; prints what each statement gave, reports of bugs, and counters.",
    options: [KERNEL, SET, FIX, SCHEDULE, MAX_STEPS, JSON_OUT, COLOR, QUIET, HELP],
    run: runCommand,
  },
  {
    name: "explore",
    usage: "explore FILE…",
    doc: "Searches the interleavings of parallel blocks; prints the simplest schedule of what goes wrong.",
    options: [KERNEL, SET, FIX, SCHEDULES, ALL, SAVE, MAX_STEPS, JSON_OUT, COLOR, QUIET, HELP],
    run: exploreCommand,
  },
  {
    name: "check",
    usage: "check FILE…",
    doc: "Says what is wrong with scenarios, without running them.",
    options: [KERNEL, JSON_OUT, QUIET, HELP],
    run: checkCommand,
  },
  {
    name: "export",
    usage: "export FILE",
    doc: "Prints a scenario as a C program for a real Linux on x86-64, one process a process.",
    options: [HELP],
    run: exportCommand,
  },
  {
    name: "conform",
    usage: "conform FILE…",
    doc: "Runs scenarios on this machine's Linux too and compares every result, counter and page.",
    options: [RANDOM, SEED, WORKERS, LARGE, HUGETLB, GROUPS, JSON_OUT, QUIET, HELP],
    run: conformCommand,
  },
  {
    name: "designs",
    usage: "designs",
    doc: "Lists the kernel designs with their options, calls, known bugs and fixes.",
    options: [JSON_OUT, HELP],
    run: designsCommand,
  },
];

const SERVERS = [
  { name: "dap", file: "adapter", doc: "The debug adapter: on standard input and output, or --port N on 127.0.0.1." },
  {
    name: "lsp",
    file: "language-server",
    doc: "The language server: on standard input and output, or --port N on 127.0.0.1.",
  },
] as const;

export async function command(argv: readonly string[], terminal: Terminal): Promise<Status | "serving"> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    terminal.error(generalHelp());
    return STATUS.refused;
  }
  if (name === "--help" || name === "-h" || name === "help") return help(rest[0], terminal);
  if (name === "--version") {
    terminal.out(`${terminal.version}\n`);
    return STATUS.ok;
  }
  const server = SERVERS.find((one) => one.name === name);
  if (server) return serve(server, rest, terminal);
  const found = COMMANDS.find((one) => one.name === name);
  if (!found) return complain(terminal, unknownCommand(name));
  const args = readArguments(rest, found.options);
  if ("error" in args) return complain(terminal, `${name}: ${args.error}`);
  if (has(args, HELP)) return help(name, terminal);
  return await found.run(args, terminal);
}

function help(name: string | undefined, terminal: Terminal): Status {
  const about = COMMANDS.find((one) => one.name === name);
  const server = SERVERS.find((one) => one.name === name);
  if (name !== undefined && !about && !server) return complain(terminal, unknownCommand(name));
  terminal.out(about ? commandHelp(about) : server ? serverHelp(server) : generalHelp());
  return STATUS.ok;
}

function unknownCommand(name: string): string {
  const [near] = nearest(
    name,
    [...COMMANDS, ...SERVERS].map((one) => one.name),
    1,
  );
  return `there is no command ${name}; ${near ? `did you mean ${near}?` : "mshare --help lists them"}`;
}

function serve(server: (typeof SERVERS)[number], rest: readonly string[], terminal: Terminal): Status | "serving" {
  if (rest.includes("--help") || rest.includes("-h")) return help(server.name, terminal);
  const wrong = rest.find(
    (arg, i) =>
      !/^--(port(=\d+)?|stdio|clientProcessId=\d+)$/.test(arg) && !(rest[i - 1] === "--port" && /^\d+$/.test(arg)),
  );
  if (wrong !== undefined) return complain(terminal, `${server.name}: ${wrong} is neither --port N nor --stdio`);
  const args = server.name === "lsp" && !rest.some((arg) => arg.startsWith("--port")) ? ["--stdio", ...rest] : rest;
  if (terminal.server(server.file, args)) return "serving";
  return complain(terminal, `${server.name}: ${server.file}.js is not beside this program; build it first`);
}

const serverHelp = ({ name, doc }: (typeof SERVERS)[number]) => `mshare ${name} [--port N]\n\n${doc}\n`;

function generalHelp(): string {
  const rows = [
    ...COMMANDS.map(({ usage, doc }) => [usage, doc] as const),
    ...SERVERS.map(({ name, doc }) => [name, doc] as const),
  ];
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return [
    "mshare: a debugger for page-table sharing in Linux",
    "",
    "Usage: mshare COMMAND …",
    "",
    ...rows.map(([usage, doc]) => `  ${usage.padEnd(width)}  ${doc}`),
    "",
    "mshare COMMAND --help says more. Exit status: 0 all expectations hold; 1 one failed or an unexpected bug was",
    "found; 2 unusable arguments or a refused file; 3 a limit was reached; 130 interrupted.",
    "",
  ].join("\n");
}

function commandHelp({ usage, doc, options }: Command): string {
  const rows = options.map(({ name, value, doc: text }) => [`--${name}${value ? ` ${value}` : ""}`, text] as const);
  const width = Math.max(...rows.map(([text]) => text.length));
  return [
    `Usage: mshare ${usage} [options]`,
    "",
    doc,
    "",
    ...rows.map(([text, about]) => `  ${text.padEnd(width)}  ${about}`),
    "",
  ].join("\n");
}
