// Swap space in compressed memory, set up for a test and taken away again.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const PAGE_CLUSTER = "/proc/sys/vm/page-cluster";
const CONTROL = "/sys/class/zram-control";

/** What undoes it, or why there can be none. Nothing is read ahead while it is there, but in `readingAhead`. */
export function zramSwap(mib: number): (() => void) | string {
  if (process.getuid?.() !== 0) return "only root can set up swap";
  let number: string | undefined;
  let cluster: string | undefined;
  const undo = () => {
    if (cluster !== undefined) writeFileSync(PAGE_CLUSTER, cluster);
    if (number === undefined) return;
    spawnSync("swapoff", [`/dev/zram${number}`]);
    attempt(() => writeFileSync(`/sys/block/zram${number}/reset`, "1"));
    attempt(() => writeFileSync(`${CONTROL}/hot_remove`, number!));
  };
  try {
    if (!existsSync(`${CONTROL}/hot_add`)) return "this kernel has no zram";
    number = readFileSync(`${CONTROL}/hot_add`, "utf8").trim();
    writeFileSync(`/sys/block/zram${number}/disksize`, `${mib}M`);
    for (const command of ["mkswap", "swapon"]) {
      const { status, stderr } = spawnSync(command, [`/dev/zram${number}`], { encoding: "utf8" });
      if (status !== 0) throw new Error(`${command}: ${stderr?.trim() ?? "it is not there"}`);
    }
    const before = readFileSync(PAGE_CLUSTER, "utf8");
    writeFileSync(PAGE_CLUSTER, "0");
    cluster = before;
    return undo;
  } catch (error) {
    undo();
    return error instanceof Error ? error.message : String(error);
  }
}

/** Does `work` while Linux reads up to eight pages ahead. */
export async function readingAhead<T>(work: () => Promise<T>): Promise<T> {
  const before = readFileSync(PAGE_CLUSTER, "utf8");
  writeFileSync(PAGE_CLUSTER, "3");
  try {
    return await work();
  } finally {
    writeFileSync(PAGE_CLUSTER, before);
  }
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The device stays; without a size it takes no memory.
  }
}
