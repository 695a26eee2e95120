// Judges what stands in a scenario, item by item, and where it may stand.
import type { Item, Name, ParallelBlock, RepeatBlock } from "./ast.ts";
import { checkActor } from "./check_actor.ts";
import { checkParallel } from "./check_blocks.ts";
import { checkBugs } from "./check_bugs.ts";
import { checkCallStatement } from "./check_call_statement.ts";
import { checkDecided } from "./check_conditions.ts";
import { checkDeclaration } from "./check_declarations.ts";
import { checkExpression } from "./check_expression.ts";
import { type CheckState, occurs, report, reportAt } from "./check_state.ts";
import { lineRemoved } from "./check_unused.ts";
import { inRegion, type Walk } from "./collect.ts";
import { actorOf, aroundOf, type Inside, misplacedIf } from "./inside.ts";
import { type CounterSymbol, placeOf } from "./symbols.ts";
import { isTrue } from "./values.ts";
import { type Foresight, loseSight } from "./will_fail.ts";

/** A loop that runs this often takes longer than anybody waits. */
const ABSURD_REPEATS = 100_000_000n;

/** All of a scenario, in order. */
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
