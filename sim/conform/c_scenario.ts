// The statements of a scenario as one C function, and the table of its processes.
import type { Actor, CallStatement, Expr, Item } from "../scenario/ast.ts";
import { type CheckedScenario, constantsOf } from "../scenario/check.ts";
import { evaluate } from "../scenario/expressions.ts";
import { textOf } from "../scenario/run/judge.ts";
import type { Plan } from "../scenario/run/plan.ts";
import type { Roster } from "../scenario/run/roster.ts";
import { callFields, GROUP_PATH } from "./c_call.ts";
import { type CScope, cExpression, cString } from "./c_expression.ts";
import { NotExportable } from "./not_exportable.ts";

export interface CScenario {
  /** `static struct member cast_N[] = …` and `static void scenario_N(void) { … }`. */
  readonly text: string;
  readonly members: number;
  readonly variables: number;
  /** Huge pages that the scenario's machine has. */
  readonly hugepages: number;
  /** It makes control groups. */
  readonly groups: boolean;
  /** Integers that stand in the scenario: the program's own memory keeps away from them. */
  readonly integers: readonly bigint[];
}

/** Where the writer stands: the loops around, and, in a parallel block, whose statements are wanted. */
interface Place {
  readonly loops: readonly { readonly name: string | undefined; readonly counter: string }[];
  readonly owner: number | undefined;
  readonly indent: string;
  /** The function that is being written. */
  readonly lines: string[];
}

/** @throws NotExportable */
export function cScenario(scenario: CheckedScenario, plan: Plan, roster: Roster, number: number): CScenario {
  const constant = constantsOf(scenario);
  const variables = new Map<string, number>();
  const integers: bigint[] = [];
  /** Counters of loops, and what the actors of parallel blocks do. */
  const before: string[] = [];
  let [counters, strands] = [0, 0];

  const variableNumber = (name: string): string => {
    if (!variables.has(name)) variables.set(name, variables.size);
    return `${variables.get(name)!}`;
  };

  /** C for the number of a member, of the acting one's kind or another. */
  const memberNumber = (actor: Actor | Expr, scope: CScope): string | undefined => {
    const named = namedMember(actor);
    if (!named) return undefined;
    const process = scenario.processes.get(named.name);
    const symbol = named.thread ? process?.threads.get(named.thread) : process;
    if (!symbol) return undefined;
    const [firstNumber] = roster.of(symbol);
    if (firstNumber === undefined) return undefined;
    if (!named.index) return `${firstNumber}`;
    const all = roster.of(symbol);
    const step = (all[1] ?? firstNumber + 1) - firstNumber;
    return `element(${firstNumber}, ${step}, ${all.length}, ${cExpression(named.index, scope)})`;
  };

  const scopeOf = (who: string | undefined, place: Place): CScope => {
    const scope: CScope = {
      constant: (name) => {
        const value = constant(name);
        if (typeof value === "bigint") integers.push(value);
        return value;
      },
      variable: (name) => {
        const loop = place.loops.findLast((one) => one.name === name);
        if (loop) return loop.counter;
        if (who === undefined || constant(name) !== undefined || scenario.processes.has(name)) return undefined;
        return name === "true" || name === "false" ? undefined : `value_of(${who}, ${variableNumber(name)})`;
      },
      member: (expr) => memberNumber(expr, scope),
      variableNumber,
    };
    return scope;
  };

  const actorsOf = (actor: Actor): readonly number[] => {
    if (actor.kind !== "process")
      throw new NotExportable("`kernel:` and `cpu` operations cannot be asked of a real Linux.", actor);
    const process = scenario.processes.get(actor.name.text)!;
    return roster.of(actor.thread ? process.threads.get(actor.thread.text)! : process);
  };

  const write = (place: Place, line: string) => place.lines.push(`${place.indent}${line}`);
  const inner = (place: Place): Place => ({ ...place, indent: `${place.indent}  ` });

  const call = (item: CallStatement, place: Place) => {
    const { actor } = item;
    const all = actorsOf(actor);
    const indexed = actor.kind === "process" && actor.index !== undefined && actor.index !== "all";
    write(place, `/* ${textOf(item, plan.fileOf(item)).replaceAll("*/", "* /").replaceAll("/*", "/ *")} */`);
    if (indexed) {
      const who = memberNumber(actor, scopeOf(undefined, place))!;
      const condition = place.owner === undefined ? "" : `if (acts(${who}, ${place.owner})) `;
      write(place, `${condition}${perform(item, who, place)}`);
      return;
    }
    for (const who of all)
      if (place.owner === undefined || place.owner === who) write(place, perform(item, `${who}`, place));
  };

  const perform = (item: CallStatement, who: string, place: Place): string => {
    const file = plan.files.indexOf(plan.fileOf(item));
    const keep = item.variable ? `.keep = ${variableNumber(item.variable.text)} + 1` : undefined;
    const fields = [
      `.file = ${file}`,
      `.line = ${plan.lineOf(item)}`,
      `.who = ${who}`,
      `.name = ${cString(item.call.name.text)}`,
      ...(keep ? [keep] : []),
      ...callFields(item, scopeOf(who, place)),
    ];
    return `perform(&(struct call){${fields.join(", ")}});`;
  };

  const body = (items: readonly Item[], place: Place): void => {
    for (const item of items) {
      if (item.kind === "call-statement") call(item, place);
      else if (item.kind === "actor-block") body(item.body, place);
      else if (item.kind === "repeat") repeat(item, place);
      else if (item.kind === "parallel") parallel(item.body, place);
    }
  };

  /** Each owner's statements are a function; Linux does them until they have to wait. */
  const parallel = (items: readonly Item[], place: Place) => {
    const names = ownersIn(items).map((owner) => {
      const name = `strand_${number}_${strands++}`;
      const lines: string[] = [];
      body(items, { ...place, owner, lines, indent: "  " });
      before.push(`static void ${name}(void) {`, ...lines, "}", "");
      return name;
    });
    write(place, `run_parallel(${names.length}, (void (*const[])(void)){${names.join(", ")}});`);
  };

  const repeat = (item: Extract<Item, { kind: "repeat" }>, place: Place) => {
    const counter = `i${number}_${counters++}`;
    before.push(`static uint64_t ${counter}, n_${counter};`, "");
    const count = cExpression(item.count, scopeOf(undefined, place));
    write(place, `for (${counter} = 0, n_${counter} = turns(${count}); ${counter} < n_${counter}; ${counter}++) {`);
    body(item.body, { ...inner(place), loops: [...place.loops, { name: item.variable?.text, counter }] });
    write(place, "}");
  };

  const ownersIn = (items: readonly Item[]): number[] => {
    const owners = new Set<number>();
    const look = (item: Item) => {
      if (item.kind === "call-statement" || item.kind === "actor-block")
        for (const who of actorsOf(item.actor)) owners.add(who);
      else if (item.kind === "repeat") item.body.forEach(look);
    };
    items.forEach(look);
    return [...owners];
  };

  const lines: string[] = [];
  for (const { item } of scenario.program.items) visitIntegers(item, constant, integers);
  for (const { item } of scenario.program.items) body([item], { loops: [], owner: undefined, indent: "  ", lines });
  const cast = roster.members.map(({ name, processOf, forked }, i) => {
    if (forked && processOf !== i) throw new NotExportable(`Threads of a forked process cannot be exported: ${name}.`);
    return `  {.name = ${cString(name)}, .process = ${processOf}, .forked = ${forked ? 1 : 0}, .perf = -1, .proc = {-1, -1, -1, -1}},`;
  });
  const text = [
    `/* ${plan.files[0]!.path.replaceAll("*/", "* /")} */`,
    `static struct member cast_${number}[] = {`,
    ...cast,
    "};",
    "",
    ...before,
    `static void scenario_${number}(void) {`,
    ...lines,
    "}",
    "",
  ].join("\n");
  const hugepages = Number(scenario.machine.get("hugepages"));
  const groups = text.includes(cString(GROUP_PATH).slice(0, -1));
  return { text, members: roster.members.length, variables: variables.size, hugepages, groups, integers };
}

/** `A`, `A[i]`, `A.thread`, as an actor or in an expression. */
function namedMember(node: Actor | Expr): { name: string; index?: Expr; thread?: string } | undefined {
  switch (node.kind) {
    case "process": {
      const index = node.index === "all" ? undefined : node.index;
      return {
        name: node.name.text,
        ...(index ? { index } : {}),
        ...(node.thread ? { thread: node.thread.text } : {}),
      };
    }
    case "name":
      return { name: node.name };
    case "index": {
      const of = namedMember(node.object);
      return of && { ...of, index: node.index };
    }
    case "field": {
      const of = namedMember(node.object);
      return of && { ...of, thread: node.field.text };
    }
    default:
      return undefined;
  }
}

function visitIntegers(item: Item, constant: ReturnType<typeof constantsOf>, integers: bigint[]): void {
  const none = { name: () => undefined, call: () => undefined, count: () => ({ failure: "not a constant" }) };
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("kind" in value && (value.kind === "integer" || value.kind === "binary")) {
      const result = evaluate(value as Expr, { inspector: none, constant });
      // Of what is known as a whole the parts are no addresses.
      if ("value" in result && typeof result.value === "bigint") {
        integers.push(result.value);
        return;
      }
    }
    for (const part of Object.values(value)) look(part);
  };
  look(item);
}
