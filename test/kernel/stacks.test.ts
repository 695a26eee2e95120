// Call stacks at events, held against those of a real kernel: each file in test/kernel/stacks is a scenario, and below a
// statement stands what Linux called for it, a line a function, `*` before an event, `×` how often, unless the file says `once`. Functions that its compiler has inlined are
// not there, nor those that lead to no such event; `-`: there was none. Recorded with tracepoints in an instance of tracefs, option `stacktrace`: tlb_flush
// is the tracepoint tlb:tlb_flush (without "flush on task switch"), the others are those that tell the same: PSWPIN, PSWPOUT and
// NR_SWAPCACHE of memcg:count_memcg_events and memcg:mod_memcg_lruvec_state for the swap events, NR_SHMEM and
// filemap:mm_filemap_* for the page cache, kmem:mm_page_alloc and mm_page_free for frames, sched:sched_switch for who waits and
// sched:sched_waking for who is woken.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openDebugSession } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { answerOf, go } from "../session/answers.ts";

const FOLDER = "test/kernel/stacks";

/** What a file says: the scenario, the events that count, and below which of its lines stands what Linux called. */
interface Recorded {
  readonly program: string;
  readonly events: readonly string[];
  /** Each stack counts when it is there for the first time below a statement. */
  readonly once: boolean;
  /** By line of the program. */
  readonly trees: ReadonlyMap<number, readonly string[]>;
}

function recorded(text: string): Recorded {
  const program: string[] = [];
  const trees = new Map<number, string[]>();
  let events: readonly string[] = [];
  let once = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("events: ")) events = line.slice("events: ".length).split(" ");
    else if (line === "once") once = true;
    else if (!line.startsWith("  ")) program.push(line);
    else {
      const tree = trees.get(program.length) ?? [];
      tree.push(line);
      trees.set(program.length, tree);
    }
  }
  return { program: program.join("\n"), events, once, trees };
}

/** The same for the simulated kernel, of functions that `recorded` names. */
function simulated({ program, events, once, trees }: Recorded): ReadonlyMap<number, readonly string[]> {
  const known = new Set([...trees.values()].flat().map((line) => line.trim()));
  const session = openDebugSession({ ...realHost, read: () => program }, { program: "test.mshare" });
  assert.ok(!("refused" in session), JSON.stringify(session));
  session.setEventBreakpoints(events.map((text) => ({ text })));
  const seen = new Map<number, string[]>();
  const stacks = new Set<string>();
  const before = new Map<number, readonly string[]>();
  let line = 0;
  for (;;) {
    const stop = go(session, { kind: "continue" });
    const event = stop.description.match(/^\w+/)?.[0] ?? "";
    if (!events.includes(event)) return seen;
    const frames = answerOf(session.stack(session.current));
    const names = frames.map(({ name }) => name);
    // What a callback of RCU does belongs to the statement before.
    const bottom = frames.at(-1)!;
    if (bottom.kind === "scenario" && bottom.line) line = bottom.line;
    // Processes that exit at the end have no statement any more.
    else if (!names.includes("rcu_gp_kthread")) return seen;
    const called = names.reverse().filter((name) => known.has(name));
    const tree = seen.get(line) ?? [];
    seen.set(line, tree);
    const key = `${line} ${event} ${called.join(" ")}`;
    if (once && stacks.has(key)) continue;
    stacks.add(key);
    const last = before.get(line) ?? [];
    let same = 0;
    while (same < called.length && called[same] === last[same]) same++;
    for (let depth = same; depth < called.length; depth++) tree.push(`  ${"  ".repeat(depth)}${called[depth]}`);
    const what = `  ${"  ".repeat(called.length)}* ${event}`;
    const [again, times] = (tree.at(-1) ?? "").split(" × ");
    if (again === what && same === last.length) tree[tree.length - 1] = `${what} × ${Number(times ?? 1) + 1}`;
    else tree.push(what);
    before.set(line, called);
  }
}

describe("call stacks as 6.18.44 shows them", () => {
  for (const name of readdirSync(FOLDER).sort())
    it(name.replace(/\.txt$/, "").replaceAll("-", " "), () => {
      const linux = recorded(readFileSync(join(FOLDER, name), "utf8"));
      const here = simulated(linux);
      const lines = linux.program.split("\n");
      const text = (of: ReadonlyMap<number, readonly string[]>) =>
        [...linux.trees.keys()].map((line) => [lines[line - 1], ...(of.get(line) ?? ["  -"])].join("\n")).join("\n");
      assert.equal(text(here), text(linux.trees));
    });
});
