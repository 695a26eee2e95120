// Every step of every fact D.*, on both kernels, against the simulated kernel.
import assert from "node:assert/strict";
import { type Driver, drive, noPatch } from "../harness.ts";
import { pageTableFacts } from "./page_tables.ts";

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const ADVICE: Readonly<Record<string, number>> = { DONTNEED: 4, FREE: 8, REMOVE: 9, COLD: 20 };

function size(text: string): number {
  const unit = UNITS[text.at(-1)!];
  return unit ? Number(text.slice(0, -1)) * unit : Number(text);
}

interface Fact {
  readonly id: string;
  readonly steps: readonly string[];
}

function facts(): Fact[] {
  const found: { id: string; steps: string[] }[] = [];
  for (const line of pageTableFacts.trim().split("\n")) {
    if (line.startsWith(" ")) found.at(-1)!.steps.push(line.trim());
    else found.push({ id: line, steps: [] });
  }
  return found;
}

/** What a step is expected to show: "hw 1 min 1", "ret 0", "12". */
function expected(seen: string, version: string): Readonly<Record<string, string>> {
  const [both, older] = seen.split(" | 6.12: ");
  const words = (version === "6.12" && older ? older : both!).split(" ").filter(Boolean);
  if (words.length === 1) return { VmPTE: words[0]! };
  return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]!]] : [])));
}

interface Place {
  readonly version: "6.12" | "6.18";
  readonly levels: 4 | 5;
  readonly base: number;
}

/** One machine with the process that a fact is about, and the child it may fork. */
class Subject {
  readonly machine: Driver;
  who = 0;
  memfd = -1;
  /** Where the kernel put the mapping that had no address. */
  top = 0;

  readonly base: number;

  constructor({ version, levels, base }: Place) {
    this.machine = drive([0, { cpu: 0, forked: true }], noPatch, { version, levels, memory: 2 ** 28 });
    this.base = base;
  }

  address(text: string): number {
    return text === "top" ? this.top : this.base + size(text);
  }

  do(step: string): Readonly<Record<string, number>> {
    const [op, ...words] = step.split(" ");
    const { machine, who } = this;
    switch (op) {
      case "mmap":
        return { ret: this.mmap(words) };
      case "probe":
        return { VmPTE: machine.task(who).mm!.pgtables_bytes / 1024 };
      case "read":
      case "write":
        return this.access(op, this.address(words[0]!), size(words[1]!), words[3] ? size(words[3]) : 4096);
      case "munmap":
        return { ret: machine.call(who, "sys_munmap", this.address(words[0]!), size(words[1]!)) };
      case "mprotect":
        return { ret: machine.call(who, "sys_mprotect", this.address(words[0]!), size(words[1]!), Number(words[2])) };
      case "madvise":
        return { ret: machine.call(who, "sys_madvise", this.address(words[0]!), size(words[1]!), ADVICE[words[2]!]) };
      case "mremap": {
        const [old, oldLen, newLen, , flags, , to] = words as string[];
        const target = to ? this.address(to) : 0;
        const args = [this.address(old!), size(oldLen!), size(newLen!), Number(flags), target];
        return { ret: machine.call(who, "sys_mremap", ...args) };
      }
      default:
        return this.life(op!);
    }
  }

  life(op: string): Readonly<Record<string, number>> {
    const { machine } = this;
    if (op === "fork") assert.equal(machine.call(0, "sys_fork", machine.task(1)), 2);
    else if (op === "in_child") this.who = 1;
    else {
      assert.equal(op, "child_exited");
      machine.call(1, "sys_exit", 0);
      this.who = 0;
    }
    return {};
  }

  mmap([kind, at, length, fixed]: readonly string[]): number {
    const { machine, who } = this;
    const bytes = size(length!);
    const sharing = kind!.startsWith("shared") ? 1 : 2;
    const file = kind!.endsWith("memfd");
    if (file && this.memfd < 0) {
      this.memfd = machine.call(who, "sys_memfd_create", "fact", 0);
      assert.equal(machine.call(who, "sys_ftruncate", this.memfd, bytes), 0);
    }
    const MAP_NORESERVE = 0x4000;
    const flags = sharing | (file ? 0 : 0x20) | (fixed ? 0x10 : 0) | MAP_NORESERVE;
    const hint = at === "top" ? 0 : this.address(at!);
    const address = machine.call(who, "sys_mmap", hint, bytes, 3, flags, file ? this.memfd : -1, 0);
    assert.ok(address > 0, `mmap gave ${address}`);
    if (at === "top") {
      this.top = address;
      machine.touch(who, address, bytes, "write");
    }
    return address;
  }

  access(how: "read" | "write", from: number, bytes: number, step: number): Readonly<Record<string, number>> {
    const { machine, who } = this;
    const { min_flt, maj_flt } = machine.task(who);
    let hw = 0;
    for (let at = from; at < from + bytes; at += step) hw += machine.touch(who, at, 1, how);
    const task = machine.task(who);
    return { hw, min: task.min_flt - min_flt, maj: task.maj_flt - maj_flt };
  }
}

/** With five levels everything is as with four, below 47 bits and above: no process counts its P4D tables. */
const places: readonly Place[] = (["6.12", "6.18"] as const).flatMap((version) => [
  { version, levels: 4, base: 2 ** 44 },
  { version, levels: 5, base: 2 ** 44 },
  { version, levels: 5, base: 2 ** 52 },
]);

for (const place of places) {
  const { version, levels, base } = place;
  describe(`page tables of unpatched Linux ${version}, ${levels} levels, at ${base / 2 ** 40} TiB`, () => {
    for (const { id, steps } of facts()) {
      it(id, () => {
        const subject = new Subject(place);
        steps.forEach((line, i) => {
          const [step, seen] = line.split(" => ");
          const shown = subject.do(step!);
          for (const [what, value] of Object.entries(seen ? expected(seen, version) : {})) {
            const wanted =
              what === "ret" && line.startsWith("m") && value !== "0" ? subject.address(value) : Number(value);
            const ret = line.startsWith("mmap") || line.startsWith("mremap") ? subject.address(value) : wanted;
            assert.equal(shown[what], what === "ret" ? ret : wanted, `step ${i}: ${line}: ${what}`);
          }
        });
      });
    }
  });
}
