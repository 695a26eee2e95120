// Compiles C programs with the system's compiler and runs them, in Node.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Native, NativeProgram } from "./native.ts";

const COMPILERS = ["cc", "gcc", "clang"];
/** Milliseconds after which a program is taken for stuck. */
const PATIENCE = 120_000;

export const native: Native = {
  async compile(source) {
    if (process.platform !== "linux" || process.arch !== "x64") return "this machine is no Linux on x86-64";
    const compiler = COMPILERS.find((name) => spawnSync(name, ["--version"]).status === 0);
    if (!compiler) return `there is no C compiler; one of ${COMPILERS.join(", ")} is needed`;
    const folder = mkdtempSync(join(tmpdir(), "mshare-conform-"));
    const [file, program] = [join(folder, "scenario.c"), join(folder, "scenario")];
    writeFileSync(file, source);
    const flags = ["-O0", "-Wall", "-Wextra", "-Werror", "-o", program, file];
    const { status, error } = await runProgram(compiler, flags);
    if (status === 0) return compiled(program, folder);
    rmSync(folder, { recursive: true, force: true });
    return `${compiler} does not compile the program:\n${error}`;
  },
};

function compiled(program: string, folder: string): NativeProgram {
  return {
    run: (args) => runProgram(program, args),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function runProgram(program: string, args: readonly string[]): ReturnType<NativeProgram["run"]> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const error: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => error.push(part));
    // It takes its processes along when it is asked to end.
    const timer = setTimeout(() => child.kill("SIGTERM"), PATIENCE);
    child.on("error", (reason) => {
      clearTimeout(timer);
      resolve({ status: undefined, out: "", error: reason.message });
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      const text = (parts: readonly Buffer[]) => Buffer.concat(parts).toString("utf8");
      resolve({ status: status ?? undefined, out: text(out), error: text(error) });
    });
  });
}
