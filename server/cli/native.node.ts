// Compiles C programs with the system's compiler and runs them, in Node.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Native, NativeProgram, NativeRun } from "./native.ts";

const COMPILERS = ["cc", "gcc", "clang"];
/** Milliseconds without a word after which a program is taken for stuck. */
const PATIENCE = 120_000;
/** Milliseconds that a program gets to end when it is asked to, and then to vanish. */
const LAST_ORDERS = 15_000;

let compiler: string | undefined;

export const native: Native = {
  async compile(source) {
    if (process.platform !== "linux" || process.arch !== "x64") return "this machine is no Linux on x86-64";
    compiler ??= COMPILERS.find((name) => spawnSync(name, ["--version"]).status === 0);
    if (!compiler) return `there is no C compiler; one of ${COMPILERS.join(", ")} is needed`;
    const folder = mkdtempSync(join(tmpdir(), "mshare-conform-"));
    const [file, program] = [join(folder, "scenario.c"), join(folder, "scenario")];
    writeFileSync(file, source);
    const flags = ["-O0", "-Wall", "-Wextra", "-Werror", "-o", program, file];
    const { status, error } = await runProgram(compiler, flags, PATIENCE);
    if (status === 0) return compiled(program, folder);
    rmSync(folder, { recursive: true, force: true });
    return `${compiler} does not compile the program:\n${error}`;
  },
};

/** With the command's own file, to run it in more processes. */
export const nativeOf = (file: string): Native => ({
  ...native,
  self: (args) => runProgram(process.execPath, [file, ...args], undefined),
  processors: availableParallelism(),
});

function compiled(program: string, folder: string): NativeProgram {
  return {
    run: (args) => runProgram(program, args, PATIENCE),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** `patience`: milliseconds that it may be silent; undefined: as long as it likes. */
function runProgram(program: string, args: readonly string[], patience: number | undefined): Promise<NativeRun> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const parts: Record<"out" | "error", Buffer[]> = { out: [], error: [] };
    let timer: NodeJS.Timeout | undefined;
    const end = (status: number | undefined, problem?: string) => {
      clearTimeout(timer);
      const text = (of: readonly Buffer[]) => Buffer.concat(of).toString("utf8");
      resolve({ status, out: text(parts.out), error: problem ?? text(parts.error) });
    };
    const abandon = () => {
      child.unref();
      end(undefined, "it does not end, not even when it is killed");
    };
    // It takes its processes along when it is asked to end. One that Linux holds fast is left behind.
    const steps = [
      { after: patience, act: () => child.kill("SIGTERM") },
      { after: LAST_ORDERS, act: () => child.kill("SIGKILL") },
      { after: LAST_ORDERS, act: abandon },
    ];
    const wait = (step: number) => {
      clearTimeout(timer);
      const next = steps[step];
      if (next?.after === undefined) return;
      timer = setTimeout(() => {
        wait(step + 1);
        next.act();
      }, next.after);
    };
    wait(0);
    const hear = (into: Buffer[]) => (part: Buffer) => {
      into.push(part);
      if (!child.killed) wait(0);
    };
    child.stdout.on("data", hear(parts.out));
    child.stderr.on("data", hear(parts.error));
    child.on("error", (reason) => end(undefined, reason.message));
    child.on("close", (status) => end(status ?? undefined));
  });
}
