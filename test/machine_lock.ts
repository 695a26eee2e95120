// One test at a time changes settings of the whole machine, of however many checkouts.
import { spawn, spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Waits for the lock; gives what releases it. Without `flock` there is nothing to wait for. */
export async function lockMachine(): Promise<() => Promise<void>> {
  if (spawnSync("flock", ["--version"]).status !== 0) return () => Promise.resolve();
  const holder = spawn("flock", [join(tmpdir(), "machine.lock"), "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  await Promise.race([new Promise((resolve) => holder.stdout.once("data", resolve)), ended]);
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
