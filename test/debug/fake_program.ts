// What the tests' small machine runs, a statement a line:
//   A: x = 5        two steps: the store (event `set_x`) and the return       spin 1000000    so many steps
//   expect A.x == 5 stops as an exception where it does not hold              crash           the simulator itself throws

export interface Part {
  /** Steps done before it. */
  readonly start: number;
  readonly length: number;
  readonly line: number;
  readonly text: string;
  readonly thread: number;
  readonly write?: { readonly dataId: string; readonly value: bigint };
  readonly expect?: { readonly dataId: string; readonly value: bigint };
}

/** Other lines are nothing. `names`: the processes, in the order of their threads. */
export function readProgram(text: string): { readonly parts: readonly Part[]; readonly names: readonly string[] } {
  const parts: Part[] = [];
  const names: string[] = [];
  let start = 0;
  text.split("\n").forEach((source, index) => {
    const part = statement(source.trim(), index + 1, start, names);
    if (part) parts.push(part);
    start += part?.length ?? 0;
  });
  return { parts, names };
}

function statement(text: string, line: number, start: number, names: string[]): Part | undefined {
  const base = { start, line, text, thread: 1 };
  const assign = /^(\w+): (\w) = (\d+)$/.exec(text);
  if (assign) {
    const [, name = "", field = "", value = ""] = assign;
    if (!names.includes(name)) names.push(name);
    const write = { dataId: `var:${name}.${field}`, value: BigInt(value) };
    return { ...base, length: 2, thread: names.indexOf(name) + 1, write };
  }
  const expect = /^expect (\w+\.\w) == (\d+)$/.exec(text);
  if (expect) return { ...base, length: 1, expect: { dataId: `var:${expect[1]}`, value: BigInt(expect[2] ?? "") } };
  const spin = /^spin (\d+)$/.exec(text);
  if (spin) return { ...base, length: Number(spin[1]) };
  return text === "crash" ? { ...base, length: 1 } : undefined;
}
