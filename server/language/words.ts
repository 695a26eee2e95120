// What hovers and completion say of each word, as Markdown.
import type { DesignInfo, KnownBug, OptionSpec } from "../../sim/designs/design.ts";
import type { CallSpec, ConstantSpec } from "../../sim/kernel/syscall_table.ts";
import type { BugKind } from "../../sim/scenario/bug_kinds.ts";
import { signature } from "../../sim/scenario/check_call.ts";
import { fixedEvents } from "../../sim/scenario/events.ts";
import type { FunctionSpec } from "../../sim/scenario/functions.ts";
import { showHex, showSize } from "../../sim/scenario/integers.ts";
import { keywordsByWord } from "../../sim/scenario/keywords.ts";
import { objectTypes, typesByName } from "../../sim/scenario/object_types.ts";

const code = (text: string) => `\`\`\`mshare\n${text}\n\`\`\``;

export function keywordText(word: string): string | undefined {
  const spec = keywordsByWord.get(word);
  return spec && `${code(spec.forms)}\n${spec.doc}`;
}

export function callText(spec: CallSpec): string {
  const request = spec.name === "ioctl" ? spec.params[1].constants?.[0] : undefined;
  const fields = spec.params.find((param) => param.fields)?.fields;
  const shape =
    fields && fields.length > 0
      ? `\n{ ${fields.map((field) => `${field.name}${field.optional ? "?" : ""}`).join(", ")} }`
      : "";
  const errors = Object.entries(spec.errors ?? {}).map(([errno, why]) => `- \`${errno}\` ${why}`);
  const head = request ? signature(spec).replace("request", request) : signature(spec);
  const parts = [code(head + shape), spec.doc, `Returns ${spec.returns}.`, errors.join("\n")];
  return parts.filter((part) => part !== "").join("\n\n");
}

export function constantText(constant: ConstantSpec): string {
  return `${code(constant.name)}\n${constant.doc ?? ""}\n\n${numberText(constant.value)}`;
}

/** Decimal, hexadecimal and as a size, where these differ. */
export function numberText(value: bigint): string {
  const signed = BigInt.asIntN(64, value);
  const forms = [`${value}`, showHex(value)];
  const size = showSize(value);
  if (size !== `${value}`) forms.push(size);
  if (signed < 0n) forms.push(`as signed ${signed}`);
  return forms.map((form) => `\`${form}\``).join(" = ");
}

/** An address's entry in each table, from the PGD down. */
export function tableIndexes(address: bigint, levelCount: bigint): bigint[] {
  const shifts = levelCount === 5n ? [48n, 39n, 30n, 21n, 12n] : [39n, 30n, 21n, 12n];
  return shifts.map((shift) => (address >> shift) & 0x1ffn);
}

/** Which entry of each table leads to an address; undefined for numbers that are hardly addresses. */
export function indexText(address: bigint, levelCount: bigint): string | undefined {
  const top = levelCount === 5n ? 57n : 48n;
  if (address < 4096n || address >= 2n ** top) return undefined;
  const indexes = tableIndexes(address, levelCount);
  const names = levelCount === 5n ? ["pgd", "p4d", "pud", "pmd", "pte"] : ["pgd", "pud", "pmd", "pte"];
  const rows = names.map((name, at) => `${name} ${indexes[at]}`);
  if (levelCount !== 5n) rows.splice(1, 0, "p4d folded");
  return `As an address: ${rows.join(" · ")} · offset ${showHex(address & 0xfffn)}`;
}

export function functionText(spec: FunctionSpec): string {
  const params = spec.params.map((param) => param.name + (param.optional ? "?" : "")).join(", ");
  const type = spec.type === undefined ? undefined : typesByName.get(spec.type);
  const fields = type
    ? `\n\nFields: ${type.fields.map((field) => `\`.${field.name}\``).join(" ")}${type.open ? " …" : ""}`
    : "";
  return `${code(`${spec.name}(${params})`)}\n${spec.doc}${fields}`;
}

export function typeText(name: string): string | undefined {
  return objectTypes.find((type) => type.name === name)?.doc;
}

export function bugKindText(kind: BugKind): string {
  return `${code(kind.name)}\n${kind.doc}\n\nOn Linux you would see ${kind.seenAs}.`;
}

export function eventText(name: string): string {
  const known = fixedEvents.find((event) => event.name === name);
  return `${code(name)}\n${known ? known.doc : "The kernel function or tracepoint of that name."}`;
}

export function designText(design: DesignInfo): string {
  const options = design.options.map((option) => `- \`${option.name}\` ${option.doc}`).join("\n");
  return [
    `${code(`kernel ${design.name}`)}\n**${design.title}**, a patch on Linux ${design.version}`,
    design.doc,
    options && `Options:\n${options}`,
  ]
    .filter(Boolean)
    .join("\n\n");
}

export function optionText(option: OptionSpec): string {
  const values =
    typeof option.values === "string" ? option.values : option.values.map((value) => `\`${value}\``).join(", ");
  return `${code(option.name)}\n${option.doc}\n\nTakes ${values}; default \`${option.default}\`.`;
}

export function fixText(bug: KnownBug): string {
  return `${code(bug.id)}\n${bug.title}\n\nCauses ${bug.kinds.map((kind) => `\`${kind}\``).join(", ")}. Source: ${bug.source}`;
}
