// Holds two runs of one scenario against each other: what the simulated kernel gave, and what Linux gave.
import type {
  ContentRun,
  Contents,
  Groups,
  ObservedMapping,
  ObservedProcess,
  ObservedRun,
  ObservedStatement,
  PageRun,
} from "./observation.ts";
import { PAGE_FLAGS } from "./observation.ts";

export interface Difference {
  /** Place of the statement after which it shows: number of the file and line; line 0 is the end of the run. */
  readonly file: number;
  readonly line: number;
  readonly actor: string;
  readonly call: string;
  /** What differs: "returns", "a: VmPTE", "a: page 0x1000". */
  readonly what: string;
  readonly simulated: string;
  readonly real: string;
}

/** What a machine changes by itself, so that it is no difference of the kernels. */
export type Excuse = "more Referenced" | "minor instead of major";

const MEMINFO = "meminfo: ";

/** A counter of the whole machine: others change it too. Of the pool of huge pages it is told with each process. */
export const isMachineWide = ({ what }: Difference): boolean =>
  what.startsWith(MEMINFO) || what.startsWith("vmstat: ") || / HugePages_\w+$/.test(what);

/**
 * All differences, each where it first shows. Calls must be the same in both, in the same order; that a `repeat` is not done,
 * for its count is not known, or that there is no such element that could act, only the simulator says.
 */
export function compareRuns(simulated: ObservedRun, real: ObservedRun, excuses: ReadonlySet<Excuse>): Difference[] {
  const found: Difference[] = [];
  let known = new Set<string>();
  const say = (at: ObservedStatement | undefined, what: string, ours: string, theirs: string) =>
    found.push({
      file: at?.file ?? 0,
      line: at?.line ?? 0,
      actor: at?.actor ?? "",
      call: at?.call ?? "",
      what,
      simulated: ours,
      real: theirs,
    });
  const calls = simulated.statements.filter(({ call, actor }) => call !== "repeat" && MEMBER.test(actor));
  const count = Math.max(calls.length, real.statements.length);
  for (let i = 0; i < count; i++) {
    const [ours, theirs] = [calls[i], real.statements[i]];
    if (!ours || !theirs || ours.line !== theirs.line || ours.actor !== theirs.actor) {
      say(ours ?? theirs, "statement", placeText(ours), placeText(theirs));
      return found;
    }
    const [a, b] = [outcomeText(ours), outcomeText(theirs)];
    if (a !== b) say(ours, "gives", a, b);
    if (theirs.waits) return found;
    else if (ours.problem && isDone(ours)) say(ours, "clause", ours.problem, "gave the same");
    known = compareProcesses(ours, theirs.processes, excuses, known, (what, x, y) => say(ours, what, x, y));
  }
  const end = { ...(simulated.statements.at(-1) ?? NOWHERE), processes: simulated.end };
  compareProcesses(end, real.end, excuses, known, (what, x, y) => say(undefined, what, x, y));
  compareContents(simulated.contents, real.contents, (what, x, y) => say(undefined, what, x, y));
  compareGroups(simulated.groups ?? {}, real.groups ?? {}, (what, x, y) => say(undefined, what, x, y));
  for (const [line, grown] of Object.entries(real.machineWide ?? {})) {
    const own = simulated.machineWide?.[line];
    const text = line.startsWith(MEMINFO) ? sizeText : String;
    if (own !== undefined && own !== grown) say(undefined, line, text(own), text(grown));
  }
  return found;
}

/** `A`, `A[2]`, `A.t`; an element that there is not is named as in the scenario: `A[i + 1]`. */
const MEMBER = /^\w+(?:\[\d+\])?(?:\.\w+)?$/;

const isDone = ({ result, errno, signal }: ObservedStatement): boolean =>
  result !== undefined || errno !== undefined || signal !== undefined;

const NOWHERE: ObservedStatement = { file: 0, line: 0, actor: "", call: "", full: true, processes: {} };

const placeText = (one: ObservedStatement | undefined): string =>
  one ? `line ${one.line}: ${one.actor}: ${one.call}` : "none";

function outcomeText({ call, result, errno, signal, waits }: ObservedStatement): string {
  if (waits) return "nothing: it waits for ever";
  if (errno !== undefined) return errno;
  if (signal !== undefined) return signal;
  // A frame's number is the machine's own affair.
  if (call === "pagemap") return `0x${((result ?? 0n) >> 56n).toString(16)}…`;
  return result === undefined ? "nothing, for a variable is not known" : numberText(result);
}

const numberText = (value: bigint): string => (value < 65536n ? `${value}` : `0x${value.toString(16)}`);

/** A difference that was there before is not said again while it stays the same; gives those that are there now. */
function compareProcesses(
  ours: ObservedStatement,
  theirs: ObservedStatement["processes"],
  excuses: ReadonlySet<Excuse>,
  known: ReadonlySet<string>,
  say: (what: string, simulated: string, real: string) => void,
): Set<string> {
  const now = new Set<string>();
  const differ = (what: string, key: string, simulated: string, real: string) => {
    now.add(key);
    if (!known.has(key)) say(what, simulated, real);
  };
  for (const name of new Set([...Object.keys(ours.processes), ...Object.keys(theirs)])) {
    const [a, b] = [ours.processes[name] ?? null, theirs[name] ?? null];
    if (a && b) compareProcess(name, a, b, excuses, differ);
    else if (a || b) differ(name, name, a ? "is there" : "is not there", b ? "is there" : "is not there");
  }
  return now;
}

type Differ = (what: string, key: string, simulated: string, real: string) => void;

function compareProcess(
  name: string,
  ours: ObservedProcess,
  theirs: ObservedProcess,
  excuses: ReadonlySet<Excuse>,
  differ: Differ,
): void {
  const counters = excuses.has("minor instead of major") ? withOwnMajors(ours, theirs) : theirs.counters;
  for (const [counter, value] of Object.entries(counters)) {
    const own = ours.counters[counter];
    if (own === undefined || own === value) continue;
    const text = /^(?:min|maj|faults|HugePages_)/.test(counter) ? String : sizeText;
    differ(`${name}: ${counter}`, `${name} ${counter} ${own - value}`, text(own), text(value));
  }
  if (ours.maps && theirs.maps) compareMaps(name, ours.maps, theirs.maps, excuses, differ);
  if (ours.pages && theirs.pages) comparePages(name, ours.pages, theirs.pages, differ);
}

/** A page that was read ahead is found in the swap cache: its fault is a minor one. The sum of both stays. */
function withOwnMajors(ours: ObservedProcess, theirs: ObservedProcess): ObservedProcess["counters"] {
  const [own, { majflt, minflt }] = [ours.counters["majflt"], theirs.counters];
  if (own === undefined || majflt === undefined || minflt === undefined || own <= majflt) return theirs.counters;
  return { ...theirs.counters, majflt: own, minflt: minflt - (own - majflt) };
}

function compareMaps(
  name: string,
  ours: readonly ObservedMapping[],
  theirs: readonly ObservedMapping[],
  excuses: ReadonlySet<Excuse>,
  differ: Differ,
): void {
  const [own, real] = [ours.map(mappingText), theirs.map(mappingText)];
  const a = own.filter((one) => !real.includes(one)).join(", ") || "nothing";
  const b = real.filter((one) => !own.includes(one)).join(", ") || "nothing";
  if (a !== b) {
    differ(`${name}: mappings`, `${name} mappings ${a} ${b}`, a, b);
    return;
  }
  ours.forEach((mine, i) => {
    const other = theirs[i]!;
    for (const line of new Set([...Object.keys(mine), ...Object.keys(other)])) {
      const [x, y] = [mine[line] ?? 0, other[line] ?? 0];
      if (x === y || (line === "Referenced" && x < y && excuses.has("more Referenced"))) continue;
      const text = (value: string | number) => (typeof value === "number" ? sizeText(value) : value);
      const key = `${name} ${mine.start} ${line} ${typeof x === "number" ? x - (y as number) : `${x} ${y}`}`;
      differ(`${name}: smaps of 0x${mine.start.toString(16)}: ${line}`, key, text(x), text(y));
    }
  });
}

const mappingText = ({ start, end, perms }: ObservedMapping): string =>
  `0x${start.toString(16)}-0x${end.toString(16)} ${perms}`;

function comparePages(name: string, ours: readonly PageRun[], theirs: readonly PageRun[], differ: Differ): void {
  const framesUnknown = theirs.some(([, , flags, frame]) => flags & 0x80 && frame < 0);
  if (!framesUnknown && JSON.stringify(ours) === JSON.stringify(theirs)) return;
  const [a, b] = [eachPage(ours), eachPage(theirs)];
  const order = [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => x - y);
  const flags = order.filter((page) => (a.get(page)?.[0] ?? 0) !== (b.get(page)?.[0] ?? 0));
  const frames = framesUnknown ? [] : order.filter((page) => a.get(page)?.[1] !== b.get(page)?.[1]);
  const [differing, what] = flags.length > 0 ? [flags, flagsText] : [frames, frameText];
  if (differing.length === 0) return;
  const page = differing[0]!;
  const more = differing.length > 1 ? ` and ${differing.length - 1} more` : "";
  const [x, y] = [what(a.get(page)), what(b.get(page))];
  differ(`${name}: page 0x${(page * 4096).toString(16)}${more}`, `${name} pages ${page} ${x} ${y}`, x, y);
}

type Page = readonly [flags: number, frame: number];

function eachPage(runs: readonly PageRun[]): Map<number, Page> {
  const pages = new Map<number, Page>();
  for (const [first, count, flags, frame, stride] of runs)
    for (let i = 0; i < count; i++) pages.set(first + i, [flags, frame + stride * i]);
  return pages;
}

function flagsText(page: Page | undefined): string {
  const names = Object.entries(PAGE_FLAGS).flatMap(([bit, name]) => ((page?.[0] ?? 0) & Number(bit) ? [name] : []));
  return names.length > 0 ? names.join(" ") : "not there";
}

const frameText = (page: Page | undefined): string => `frame number ${page?.[1] ?? "none"} in order of appearance`;

/** Pages that one of the two cannot read are left out, and so is who is not there in one of them: that is said already. */
function compareContents(
  ours: Contents | null,
  theirs: Contents | null,
  say: (what: string, simulated: string, real: string) => void,
): void {
  for (const [name, runs] of Object.entries(theirs ?? {})) {
    if (!ours?.[name]) continue;
    const [a, b] = [sumsOf(ours[name]), sumsOf(runs)];
    const pages = [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => x - y);
    const other = pages.filter((page) => a.get(page) !== b.get(page) && a.get(page) !== -1 && b.get(page) !== -1);
    if (other.length === 0) continue;
    const more = other.length > 1 ? ` and ${other.length - 1} more` : "";
    const text = (sum: number | undefined) => (sum === undefined ? "all 0" : `with sum 0x${sum.toString(16)}`);
    const page = other[0]!;
    say(`${name}: contents of 0x${(page * 4096).toString(16)}${more}`, text(a.get(page)), text(b.get(page)));
  }
}

/** Those with a controller: in version 1 all have one. */
function compareGroups(
  ours: Groups,
  theirs: Groups,
  say: (what: string, simulated: string, real: string) => void,
): void {
  for (const [path, lines] of Object.entries(ours)) {
    if (!theirs[path]) say(`group ${path}`, "is there", "is not there");
    for (const [line, value] of Object.entries(theirs[path] ?? {})) {
      const text = line === "oom_kill" ? String : sizeText;
      if (lines[line] !== value) say(`group ${path}: ${line}`, text(lines[line] ?? 0), text(value));
    }
  }
}

function sumsOf(runs: readonly ContentRun[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const [first, count, sum] of runs) for (let i = 0; i < count; i++) sums.set(first + i, sum);
  return sums;
}

export function sizeText(bytes: number): string {
  return bytes % 1024 === 0 ? `${bytes / 1024} kB` : `${bytes} bytes`;
}
