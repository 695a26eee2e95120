// Hover: what a word is, and what an expression is worth before anything runs.
import type { Hover, Position } from "vscode-languageserver";
import type { Expr } from "../../sim/scenario/ast.ts";
import { constantsOf } from "../../sim/scenario/check.ts";
import { evaluate, type Inspector } from "../../sim/scenario/expressions.ts";
import type { ScenarioSymbol } from "../../sim/scenario/symbols.ts";
import type { Value } from "../../sim/scenario/values.ts";
import { type Node, nodesAt } from "../../sim/scenario/visit.ts";
import { type Analysis, mentionAt, toOffset, toRange } from "./analysis.ts";
import { type BugPage, pageLink } from "./links.ts";
import type { Meaning, Mention } from "./mentions.ts";
import { tokenAt } from "./token_at.ts";
import {
  bugKindText,
  callText,
  constantText,
  designText,
  eventText,
  fixText,
  functionText,
  indexText,
  keywordText,
  numberText,
  optionText,
} from "./words.ts";

export function hover(analysis: Analysis, position: Position, bugPage: BugPage = () => undefined): Hover | null {
  const offset = toOffset(analysis.file, position);
  const mention = mentionAt(analysis, offset);
  if (mention) {
    const text = meaningText(analysis, mention);
    const more = mention.meaning.role === "fix" ? pageLink(analysis, mention.text, bugPage) : "";
    if (text) return answer(analysis, mention, text + more);
  }
  const token = tokenAt(analysis.file, offset);
  if (!token || token.kind === "string") return null;
  if (token.kind === "word") {
    const text = keywordText(token.text);
    return text ? answer(analysis, token, text) : null;
  }
  return expressionHover(analysis, offset);
}

function answer(analysis: Analysis, span: { start: number; end: number }, value: string): Hover {
  return { contents: { kind: "markdown", value }, range: toRange(analysis.file, span) };
}

/** The smallest expression around the offset that has a value: a number, or an operator's whole. */
function expressionHover(analysis: Analysis, offset: number): Hover | null {
  const nodes = nodesAt(analysis.file.items, offset).reverse();
  for (const [index, node] of nodes.entries()) {
    // Of `-1` nobody wants to know what 1 is.
    const isSigned = kindOf(node) === "integer" && kindOf(nodes[index + 1]) === "unary";
    if (!isExpression(node) || isSigned) continue;
    const value = constantValue(analysis, node);
    if (typeof value === "bigint") return answer(analysis, node, addressText(analysis, value));
    if (typeof value === "boolean") return answer(analysis, node, `\`${value}\``);
  }
  return null;
}

function kindOf(node: Node | undefined): string | undefined {
  return node && "kind" in node ? node.kind : undefined;
}

function addressText(analysis: Analysis, value: bigint): string {
  const levels = analysis.scenario.machine.get("levels");
  const indexes = indexText(value, typeof levels === "bigint" ? levels : 4n);
  return indexes ? `${numberText(value)}\n\n${indexes}` : numberText(value);
}

const expressionKinds = new Set(["integer", "unary", "binary", "conditional", "group", "name"]);

function isExpression(node: Node): node is Expr {
  return "kind" in node && expressionKinds.has(node.kind);
}

const nothing: Inspector = { name: () => undefined, call: () => undefined, count: () => ({ failure: "" }) };

/** What an expression is worth before a run; undefined where that depends on the run. */
export function constantValue(analysis: Analysis, expr: Expr): Value | undefined {
  const result = evaluate(expr, { inspector: nothing, constant: constantsOf(analysis.scenario) });
  return "value" in result ? result.value : undefined;
}

function meaningText(analysis: Analysis, mention: Mention): string | undefined {
  const { meaning } = mention;
  switch (meaning.role) {
    case "symbol":
      return symbolText(analysis, meaning.symbol);
    case "constant":
      return constantText(meaning.constant);
    case "call":
    case "operation":
      return meaning.spec && callText(meaning.spec);
    case "function":
      return meaning.spec && functionText(meaning.spec);
    case "field":
      return fieldText(mention.text, meaning);
    case "struct-field":
      return (
        meaning.param &&
        `\`${mention.text}\`: ${meaning.param.kind}${meaning.param.optional ? ", may be left out" : ""}`
      );
    case "design":
      return meaning.design && designText(meaning.design);
    case "option":
      return meaning.option ? optionText(meaning.option) : keywordText(mention.text);
    case "fix":
      return meaning.bug && fixText(meaning.bug);
    case "bug-kind": {
      const kind = analysis.scenario.names.bugKinds.get(mention.text);
      return kind && bugKindText(kind);
    }
    case "event":
      return eventText(mention.text);
    case "errno":
    case "signal": {
      const constant = analysis.scenario.names.constants.get(mention.text);
      return constant && constantText(constant);
    }
    default:
      return undefined;
  }
}

function fieldText(name: string, meaning: Extract<Meaning, { role: "field" }>): string | undefined {
  const { type, field, method } = meaning;
  if (!type || type === "any") return undefined;
  if (method) return `\`${type}.${name}(${method.params.map((param) => param.name).join(", ")})\`\n\n${method.doc}`;
  return field ? `\`${type}.${name}\`\n\n${field.doc}` : `\`${type}.${name}\``;
}

export function symbolText(analysis: Analysis, symbol: ScenarioSymbol): string {
  switch (symbol.kind) {
    case "process": {
      const size = symbol.count === undefined ? "" : `[${symbol.count}]`;
      const variables = [...symbol.variables.keys()].map((name) => `\`${name}\``).join(", ");
      const parents = [...symbol.parents].map((parent) => `\`${parent.name}\``).join(", ");
      return [
        `\`process ${symbol.name}${size}\``,
        parents && `Forked by ${parents}.`,
        variables && `Variables: ${variables}`,
      ]
        .filter(Boolean)
        .join("\n\n");
    }
    case "thread":
      return `\`thread ${symbol.process.name}.${symbol.name}\`\n\nShares the address space of \`${symbol.process.name}\`.`;
    case "variable":
      return `\`${symbol.owner.name}.${symbol.name}\`\n\nA variable of the ${symbol.owner.kind} \`${symbol.owner.name}\`: the result of ${symbol.calls.map((call) => `\`${call}\``).join(", ")}.`;
    case "let":
      return `\`let ${symbol.name}\`\n\n${letText(analysis, symbol.value)}`;
    case "label":
      return `\`label ${symbol.name}\``;
    case "counter":
      return `\`${symbol.name}\` counts the loop from 0.`;
  }
}

function letText(analysis: Analysis, value: Value | undefined): string {
  if (typeof value === "bigint") return addressText(analysis, value);
  return value === undefined
    ? "It has no value."
    : `\`${typeof value === "string" ? JSON.stringify(value) : String(value)}\``;
}
