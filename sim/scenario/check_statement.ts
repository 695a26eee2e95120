// Judges statements: who acts, where it may stand, what its clause expects.
import type { Actor, CallStatement, Clause, Item, Name, ParallelBlock, RepeatBlock, Span } from "./ast.ts";
import { accessNames } from "./calls.ts";
import { checkActor } from "./check_actor.ts";
import { checkParallel } from "./check_blocks.ts";
import { checkCall } from "./check_call.ts";
import { checkDecided } from "./check_conditions.ts";
import { checkDeclaration } from "./check_declarations.ts";
import { type Around, checkExpression } from "./check_expression.ts";
import { checkFix } from "./check_fix.ts";
import { type CheckState, occurs, report, reportAt, suggest } from "./check_state.ts";
import { lineRemoved } from "./check_unused.ts";
import { actingSymbol, inRegion, momentOf, type Walk } from "./collect.ts";
import { errnoNames, faultSignals } from "./constants.ts";
import {
  type ActingSymbol,
  type CounterSymbol,
  isSurelyBefore,
  type Moment,
  type ProcessSymbol,
  placeOf,
} from "./symbols.ts";
import { isTrue } from "./values.ts";
import { checkWillFail, type Foresight, followKernel, loseSight } from "./will_fail.ts";

/** Where a statement stands. */
interface Inside {
  readonly counters: readonly CounterSymbol[];
  readonly parallel: boolean;
  /** Inside any block, where declarations may not stand. */
  readonly block: boolean;
  /** How often the loops around repeat it, as far as they are constant. */
  readonly times: bigint;
  readonly repeated?: true;
  /** The actor of the `A { … }` around. */
  readonly actor?: Actor;
}

/** A loop that runs this often takes longer than anybody waits. */
const ABSURD_REPEATS = 100_000_000n;

export function checkItems(state: CheckState, walk: Walk, foresight: Foresight): void {
  const outside: Inside = { counters: [], parallel: false, block: false, times: 1n };
  for (const { item, file } of state.program.items) {
    state.file = file;
    checkItem(state, walk, foresight, item, outside);
  }
  const last = state.program.items.at(-1)?.item;
  if (last?.kind === "label")
    report(state, {
      code: "empty-label",
      start: last.start,
      end: last.end,
      message: "A label names the statement behind it; there is none.",
      mend: lineRemoved(state.file.text, last, `Remove ${last.name.text}`),
    });
}

function checkItem(state: CheckState, walk: Walk, foresight: Foresight, item: Item, inside: Inside): void {
  switch (item.kind) {
    case "error":
      return;
    case "call-statement":
      checkCallStatement(state, walk, foresight, item, inside);
      return;
    case "actor-block": {
      checkActor(state, item.actor, aroundOf(walk, inside), ["parallel", "machine"]);
      misplacedIf(
        state,
        inside.actor !== undefined,
        item,
        item.open - item.start,
        "A process's block holds only what that process does.",
      );
      for (const inner of item.body)
        checkItem(state, walk, foresight, inner, { ...inside, block: true, actor: item.actor });
      return;
    }
    case "parallel":
      misplacedIf(state, inside.parallel, item, 8, "A parallel block cannot hold another one.");
      misplacedIf(state, inside.actor !== undefined, item, 8, "A process's block holds only what that process does.");
      checkParallel(state, item);
      checkBlock(state, walk, foresight, item, { ...inside, parallel: true, block: true });
      return;
    case "repeat":
      checkRepeat(state, walk, foresight, item, inside);
      return;
    case "label":
      return;
    case "expect":
      misplacedIf(state, inside.parallel, item, 6, "A parallel block cannot hold `expect`; put it behind the block.");
      checkCondition(state, walk, item.condition, inside);
      return;
    case "expect-bug":
    case "expect-no-bug":
    case "allow":
      misplacedIf(
        state,
        inside.parallel || inside.actor !== undefined,
        item,
        6,
        "This concerns the whole run; put it outside the block.",
      );
      checkBugs(state, item);
      return;
    default:
      misplacedIf(state, inside.block, item, firstWord(item), "A declaration cannot stand inside a block.");
      checkDeclaration(state, item);
  }
}

function firstWord(item: Item): number {
  return item.kind === "kernel-declaration" ? 6 : item.kind === "process-declaration" ? 7 : item.kind.length;
}

function misplacedIf(state: CheckState, misplaced: boolean, item: Span, length: number, message: string): void {
  if (misplaced && message !== "")
    reportAt(state, "misplaced", { start: item.start, end: Math.min(item.end, item.start + length) }, message);
}

function aroundOf(walk: Walk, inside: Inside, actor?: ActingSymbol): Around {
  return { actor, counters: inside.counters, moment: momentOf(walk) };
}

function checkBlock(
  state: CheckState,
  walk: Walk,
  foresight: Foresight,
  block: ParallelBlock | RepeatBlock,
  inside: Inside,
): void {
  // What happens in a loop or at once cannot be told in advance.
  loseSight(foresight, block);
  inRegion(walk, block, () => {
    for (const inner of block.body) checkItem(state, walk, foresight, inner, inside);
  });
  loseSight(foresight, block);
}

function checkRepeat(state: CheckState, walk: Walk, foresight: Foresight, item: RepeatBlock, inside: Inside): void {
  const count = checkExpression(state, item.count, aroundOf(walk, inside, actorOf(state, inside.actor)));
  if (count.type !== "integer" && count.type !== "any")
    reportAt(state, "wrong-type", item.count, "The number of repetitions is an integer.");
  const times = inside.times * (typeof count.value === "bigint" ? count.value : 1n);
  if (times > ABSURD_REPEATS && inside.times <= ABSURD_REPEATS) {
    reportAt(state, "absurd-number", item.count, `This repeats ${times} times; the run will reach its limit first.`);
  }
  const { variable } = item;
  if (!variable || variable.text === "") {
    checkBlock(state, walk, foresight, item, { ...inside, block: true, times, repeated: true });
    return;
  }
  const counter: CounterSymbol = {
    kind: "counter",
    name: variable.text,
    place: placeOf(state.file.path, variable),
    count: item.count,
  };
  occurs(state, counter, variable, "define");
  checkCounterName(state, variable, inside);
  checkBlock(state, walk, foresight, item, {
    ...inside,
    block: true,
    times,
    repeated: true,
    counters: [...inside.counters, counter],
  });
}

function checkCounterName(state: CheckState, variable: Name, inside: Inside): void {
  if (state.names.constants.has(variable.text)) {
    reportAt(state, "name-taken", variable, `\`${variable.text}\` is a constant of Linux and cannot be another name.`);
    return;
  }
  const hidden =
    inside.counters.some((counter) => counter.name === variable.text) ||
    state.lets.has(variable.text) ||
    state.processes.has(variable.text);
  if (hidden)
    reportAt(state, "shadowed", variable, `Inside this loop \`${variable.text}\` hides what has that name outside.`);
}

function actorOf(state: CheckState, actor: Actor | undefined): ActingSymbol | undefined {
  return actor && actingSymbol(state, actor);
}

function checkCondition(
  state: CheckState,
  walk: Walk,
  condition: Parameters<typeof checkExpression>[1],
  inside: Inside,
): void {
  const checked = checkExpression(state, condition, aroundOf(walk, inside));
  const { value } = checked;
  if (value === undefined) {
    checkDecided(state, condition, checked);
    return;
  }
  reportAt(
    state,
    "constant-condition",
    condition,
    `This is always ${isTrue(value) ? "true" : "false"}: it reads nothing of the machine.`,
  );
}

function checkBugs(state: CheckState, item: Extract<Item, { kind: "expect-bug" | "expect-no-bug" | "allow" }>): void {
  if (item.kind === "expect-no-bug") return;
  for (const bug of item.kind === "allow" ? item.bugs : [item.bug]) checkBugKind(state, bug);
  if (item.kind === "allow") return;
  if (item.at) checkLabel(state, item.at);
  if (item.unlessFixed) checkFix(state, item.unlessFixed);
}

function checkBugKind(state: CheckState, bug: Name): void {
  if (bug.text === "" || state.names.bugKinds.has(bug.text)) return;
  const { hint, mend, otherMends } = suggest(state, bug, () => state.names.bugKinds.keys());
  report(state, {
    code: "unknown-bug-kind",
    start: bug.start,
    end: bug.end,
    message: `There is no kind of bug \`${bug.text}\`.${hint}`,
    mend,
    otherMends,
  });
}

function checkLabel(state: CheckState, name: Name): void {
  if (name.text === "") return;
  const label = state.labels.get(name.text);
  if (label) {
    occurs(state, label, name, "read");
    return;
  }
  const { hint, mend, otherMends } = suggest(state, name, () => state.labels.keys());
  report(state, {
    code: "unknown-label",
    start: name.start,
    end: name.end,
    message: `There is no label \`${name.text}\`.${hint}`,
    mend,
    otherMends,
  });
}

function checkCallStatement(
  state: CheckState,
  walk: Walk,
  foresight: Foresight,
  item: CallStatement,
  inside: Inside,
): void {
  const { actor, call, clause, variable } = item;
  const inherited = actor === inside.actor;
  const now = momentOf(walk);
  const { counters } = inside;
  const symbol = inherited ? actorOf(state, actor) : checkActor(state, actor, { counters, moment: now });
  if (!inherited && inside.actor)
    misplacedIf(
      state,
      !sameActor(state, actor, inside.actor),
      actor,
      actor.end - actor.start,
      "This block belongs to another actor.",
    );
  const around: Around = { actor: symbol, counters, moment: now };
  if (symbol) checkMoment(state, symbol, item, now);
  const checked = checkCall(state, call, actor.kind, around);
  if (variable) checkVariable(state, variable, symbol, actor);
  if (clause) checkClause(state, clause, item, around);
  if (checked && actor.kind === "process")
    checkWillFail(state, foresight, {
      item,
      checked,
      symbol,
      steady: inside.times === 1n && !inside.parallel && !walk.region,
      mayNotRun: inside.repeated === true,
      order: walk.order,
    });
  if (actor.kind !== "process") followKernel(state, foresight, item);
  walk.order++;
}

function sameActor(state: CheckState, a: Actor, b: Actor): boolean {
  const text = state.file.text;
  return text.slice(a.start, a.end) === text.slice(b.start, b.end);
}

/** A forked process may not act before its fork, an exited one not any more. */
function checkMoment(state: CheckState, symbol: ActingSymbol, item: CallStatement, now: Moment): void {
  const process: ProcessSymbol = symbol.kind === "thread" ? symbol.process : symbol;
  if (
    process.count === undefined &&
    process.forked &&
    now.order < process.forked.order &&
    isSurelyBefore(now, process.forked)
  ) {
    reportAt(
      state,
      "acts-too-early",
      item.actor,
      `\`${process.name}\` starts with the \`fork(${process.name})\` further down and cannot act before.`,
    );
  }
  if (process.exited && now.order > process.exited.order && isSurelyBefore(process.exited, now)) {
    reportAt(state, "acts-after-exit", item.actor, `\`${process.name}\` has called \`exit()\` before.`);
  }
}

function checkVariable(state: CheckState, variable: Name, symbol: ActingSymbol | undefined, actor: Actor): void {
  if (variable.text === "") return;
  if (actor.kind !== "process") {
    reportAt(state, "wrong-type", variable, `${actor.kind === "kernel" ? "The kernel" : "A CPU"} has no variables.`);
    return;
  }
  if (state.names.constants.has(variable.text)) {
    reportAt(state, "name-taken", variable, `\`${variable.text}\` is a constant of Linux and cannot be another name.`);
  }
  const known = symbol?.variables.get(variable.text);
  if (!symbol || !known) return;
  const isFirst = known.place.start === variable.start && known.place.file === state.file.path;
  occurs(state, known, variable, isFirst ? "define" : "write");
  if (!isFirst) return;
  const other =
    state.lets.get(variable.text) ??
    state.processes.get(variable.text) ??
    (symbol.kind === "process" ? symbol.threads.get(variable.text) : undefined);
  if (other)
    reportAt(state, "shadowed", variable, `In \`${symbol.name}\` this hides the ${other.kind} \`${variable.text}\`.`);
}

function checkClause(state: CheckState, clause: Clause, item: CallStatement, around: Around): void {
  const isAccess = item.actor.kind === "process" && accessNames.has(item.call.name.text);
  if (clause.kind === "compare") {
    const { type } = checkExpression(state, clause.value, around);
    if (type !== "integer" && type !== "boolean" && type !== "any")
      reportAt(state, "wrong-type", clause.value, "A result is compared with an integer.");
    if (!isAccess) checkErrnoSign(state, clause);
    return;
  }
  if (clause.kind === "fails") {
    if (isAccess) {
      const message = `\`${item.call.name.text}\` is a memory access: it does not fail with an errno, it \`faults\`.`;
      const meant = faultSignals.has(clause.errno.text) ? clause.errno.text : undefined;
      wrongClause(state, clause, message, "faults", meant);
    } else checkErrno(state, clause.errno);
    return;
  }
  const { signal } = clause;
  if (!isAccess) {
    const message = "Only `load`, `store`, `touch` and `exec` fault; a call `fails` with an errno.";
    wrongClause(state, clause, message, "fails", errnoNames.has(signal.text) ? signal.text : undefined);
    return;
  }
  if (signal.text === "" || faultSignals.has(signal.text)) return;
  const { hint, mend, otherMends } = suggest(state, signal, () => faultSignals.keys());
  report(state, {
    code: "unknown-signal",
    start: signal.start,
    end: signal.end,
    message: `\`faults\` takes ${[...faultSignals.keys()].join(", ")}.${hint}`,
    mend,
    otherMends,
  });
}

/** `== EINVAL`: what fails gives -EINVAL. */
function checkErrnoSign(state: CheckState, { operator, value, start, end }: Clause & { kind: "compare" }): void {
  if (value.kind !== "name" || !errnoNames.has(value.name)) return;
  const isFailure = operator === "==";
  const text = isFailure ? `fails ${value.name}` : `${operator} -${value.name}`;
  report(state, {
    code: "positive-errno",
    start: value.start,
    end: value.end,
    message: `No call gives a positive errno; write \`${text}\`.`,
    mend: { title: `Change to ${text}`, edits: [{ start, end, text }] },
  });
}

/** `meant`: what stands there, where it fits behind the other word. */
function wrongClause(
  state: CheckState,
  clause: Clause,
  message: string,
  word: string,
  meant: string | undefined,
): void {
  const { start, end } = clause;
  const text = `${word} ${meant}`;
  const mend = meant === undefined ? undefined : { title: `Change to ${text}`, edits: [{ start, end, text }] };
  report(state, { code: "bad-clause", start, end, message, mend });
}

function checkErrno(state: CheckState, errno: Name): void {
  if (errno.text === "" || errnoNames.has(errno.text)) return;
  const { hint, mend, otherMends } = suggest(state, errno, () => errnoNames);
  report(state, {
    code: "unknown-errno",
    start: errno.start,
    end: errno.end,
    message: `There is no errno \`${errno.text}\`.${hint}`,
    mend,
    otherMends,
  });
}
