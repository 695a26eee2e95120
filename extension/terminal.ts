// Shows one of our own programs in a terminal that stays readable after the program has ended.
// Not a shell and not a task, as nothing of the workspace runs. (VS Code asks for workspace trust all the same.)
import { type ChildProcess, spawn } from "node:child_process";
import * as vscode from "vscode";
import { asNode } from "./runtime.ts";

const interrupt = "\x03";

export interface Program {
  /** The terminal's title. */
  name: string;
  /** A file of dist/. */
  module: string;
  args: readonly string[];
  cwd: string;
}

/** Starts the program and shows it; Ctrl+C interrupts it, closing the terminal ends it. */
export function showProgram(program: Program): void {
  const iconPath = new vscode.ThemeIcon("run");
  vscode.window.createTerminal({ name: program.name, pty: terminalOf(program), iconPath }).show();
}

function terminalOf(program: Program): vscode.Pseudoterminal {
  const written = new vscode.EventEmitter<string>();
  const closed = new vscode.EventEmitter<number | undefined>();
  let running: ChildProcess | undefined;
  const write = (chunk: Buffer | string) => written.fire(String(chunk).replace(/\r?\n/g, "\r\n"));
  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open() {
      const child = start(program);
      running = child;
      child.stdout?.setEncoding("utf8").on("data", write);
      child.stderr?.setEncoding("utf8").on("data", write);
      child.on("error", (problem) => write(`${problem.message}\n`));
      child.on("close", (code, signal) => {
        running = undefined;
        write(`\n\x1b[2mended with ${signal ?? `status ${code}`}; press any key to close\x1b[0m\n`);
      });
    },
    handleInput(text) {
      if (!running) closed.fire(undefined);
      else if (text === interrupt) running.kill("SIGINT");
    },
    close() {
      running?.kill();
      written.dispose();
      closed.dispose();
    },
  };
}

function start({ module, args, cwd }: Program): ChildProcess {
  const env = { ...process.env, ...asNode };
  return spawn(process.execPath, [module, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
}
