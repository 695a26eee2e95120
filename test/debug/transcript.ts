// Debug sessions one can read. A transcript is a text file: lines that begin with `> ` are what the user does, the others what he sees.
// Replaying does the former through the debug adapter and writes the whole anew; a test compares.
//
//   > launch FILE [ATTRIBUTE=VALUE]…     > break TEXT [if EXPR] [log MESSAGE]   (the first line that holds TEXT)
//   > event WORDS     > watch EXPR      > catch KIND…      > start      > next, step, out, back [line|instruction]
//   > continue, reverse, restart, pause > stack, threads, scopes        > look SCOPE/NAME/…      > print, hover EXPR
//   > jump, rewind TEXT (the next, the last time of that line)   > frame FUNCTION (restarts it)   > choose TASK (step into it)
//   > tasks   > bytes EXPR COUNT (watches them)   > poke EXPR HEX   > steps BEFORE AFTER (the disassembly)
//   > say CONSOLE LINE                  > set EXPR = VALUE              > report, complete TEXT, memory EXPR [OFFSET]
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Engine } from "../../server/debug/environment.ts";
import type { Host } from "../../sim/session.ts";
import { TestClient } from "./harness.ts";

const ROOT = "/product";

export class Transcript {
  private readonly client: TestClient;
  private readonly host: Host;
  private readonly lines: string[] = [];
  private program = "";
  private thread = 1;
  private seen = 0;
  private readonly sets = { lines: [] as object[], events: [] as object[], data: [] as object[] };

  /** Files are read by the names that transcripts give them. */
  constructor(engine: Engine, host: Host) {
    this.host = host;
    this.client = new TestClient(engine, { ...host, read: (path) => host.read(path.replace(/^\/cwd\//, "")) });
  }

  /** Replays a transcript; gives what it should read like. */
  async replay(text: string): Promise<string> {
    for (const line of text.split("\n")) {
      if (line.startsWith("#")) this.lines.push(line);
      if (!line.startsWith("> ")) continue;
      if (this.lines.length > 0) this.lines.push("");
      this.lines.push(line);
      const [, command, rest] = /^> (\w+) ?(.*)$/.exec(line) ?? [];
      await this.act(command, rest);
    }
    return `${this.lines.map(stable).join("\n").trimEnd()}\n`;
  }

  private async act(command: string, rest: string): Promise<void> {
    try {
      const action = this.actions[command];
      if (!action) throw new Error(`a transcript knows no ${command}`);
      await action(rest);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tell(`refused: ${error.message}`);
    }
    this.tellEvents();
  }

  private readonly actions: Record<string, (rest: string) => void | Promise<void>> = {
    launch: (rest) => this.launch(rest),
    break: (rest) => this.breakAt(rest),
    event: (rest) => this.addBreakpoint("setFunctionBreakpoints", this.sets.events, { name: rest }),
    watch: (rest) => this.watch(rest),
    catch: (rest) => {
      const filters = rest.split(" ").filter(Boolean);
      const { breakpoints } = this.ask("setExceptionBreakpoints", { filters });
      for (const [index, each] of breakpoints.entries()) this.tell(`${filters[index]}: ${state(each)}`);
    },
    start: () => this.moving("configurationDone", {}),
    next: (granularity) => this.moving("next", { granularity: granularity || undefined }),
    step: (granularity) => this.moving("stepIn", { granularity: granularity || undefined }),
    out: (granularity) => this.moving("stepOut", { granularity: granularity || undefined }),
    back: (granularity) => this.moving("stepBack", { granularity: granularity || undefined }),
    continue: () => this.moving("continue", {}),
    reverse: () => this.moving("reverseContinue", {}),
    restart: () => this.moving("restart", {}),
    jump: (text) => this.jump(text, 0),
    rewind: (text) => this.jump(text, 1),
    frame: async (name) => {
      const frames = this.ask("stackTrace", { threadId: this.thread }).stackFrames;
      await this.moving("restartFrame", { frameId: frames.find((frame) => frame.name === name)?.id });
    },
    tasks: () => {
      for (const { label } of this.targets()) this.tell(label);
    },
    choose: async (task) => {
      const targetId = this.targets().find(({ label }) => label.startsWith(`${task} on `))?.id;
      await this.moving("stepIn", { targetId });
    },
    bytes: (rest) => {
      const [name, bytes] = rest.split(" ");
      const { dataId } = this.ask("dataBreakpointInfo", { name, bytes: Number(bytes), asAddress: true });
      this.addBreakpoint("setDataBreakpoints", this.sets.data, { dataId });
    },
    poke: (rest) => {
      const [expression = "", hex = ""] = rest.split(" ");
      const { memoryReference } = this.evaluate(expression, "hover");
      const data = Buffer.from(hex, "hex").toString("base64");
      this.tell(`${this.ask("writeMemory", { memoryReference, data }).bytesWritten} bytes written`);
    },
    steps: (rest) => {
      const [before = 0, after = 0] = rest.split(" ").map(Number);
      const [top] = this.ask("stackTrace", { threadId: this.thread }).stackFrames;
      const memoryReference = top?.instructionPointerReference;
      const range = { memoryReference, instructionOffset: -before, instructionCount: before + 1 + after };
      for (const { address, instruction } of this.ask("disassemble", range).instructions)
        this.tell(`${address === memoryReference ? "→" : " "} ${instruction}`);
    },
    stack: () => this.tellStack(),
    threads: () => {
      for (const { name } of this.ask("threads").threads) this.tell(name);
    },
    scopes: () => {
      for (const { name, expensive } of this.scopes()) this.tell(name + (expensive ? " (on demand)" : ""));
    },
    look: (path) => this.look(path),
    print: (expression) => this.tell(this.evaluate(expression, "watch").result),
    hover: (expression) => this.tell(this.evaluate(expression, "hover").result),
    say: async (line) => {
      this.tell(this.evaluate(line, "repl").result);
      if (/^(goto|run to|back to|choose)/.test(line)) await this.arrived();
    },
    set: (rest) => {
      const [expression, value] = rest.split(" = ");
      this.tell(this.ask("setExpression", { expression, value, frameId: this.frame() }).value);
    },
    report: () => {
      const { exceptionId, details } = this.ask("exceptionInfo", { threadId: this.thread });
      this.tell(`${exceptionId}\n${details.stackTrace}`);
    },
    complete: (text) => {
      const { targets } = this.ask("completions", { text, column: text.length + 1, frameId: this.frame() });
      for (const { label, detail } of targets) this.tell(detail === undefined ? label : `${label}  ${detail}`);
    },
    memory: (rest) => {
      const [, expression = rest, offset = "0"] = /^(.*\)) (\d+)$/.exec(rest) ?? [];
      const { memoryReference } = this.evaluate(expression, "hover");
      const { address, data } = this.ask("readMemory", { memoryReference, offset: Number(offset), count: 32 });
      this.tell(`${address}: ${words(data ?? "")}`);
    },
  };

  private launch(rest: string): void {
    const [file, ...attributes] = rest.split(" ");
    const read = (word: string) => [word.split("=")[0], JSON.parse(word.slice(word.indexOf("=") + 1))];
    this.program = file;
    this.ask("initialize", { adapterID: "mshare", supportsVariablePaging: true });
    this.ask("launch", { program: file, ...Object.fromEntries(attributes.map(read)) });
  }

  private async jump(text: string, which: 0 | 1): Promise<void> {
    const line = this.source().findIndex((each) => each.includes(text)) + 1;
    const { targets } = this.ask("gotoTargets", { source: { path: this.program }, line });
    await this.moving("goto", { targetId: targets[which]?.id });
  }

  private targets(): DebugProtocol.StepInTarget[] {
    return this.ask("stepInTargets", { frameId: this.frame() }).targets;
  }

  private breakAt(rest: string): void {
    const [, text, condition, logMessage] = /^(.*?)(?: if (.*?))?(?: log (.*))?$/.exec(rest) ?? [];
    const line = this.source().findIndex((each) => each.includes(text)) + 1;
    if (line === 0) throw new Error(`${this.program} has no line with ${text}`);
    const source = { path: this.program };
    this.sets.lines.push({ line, condition, logMessage });
    const { breakpoints } = this.ask("setBreakpoints", { source, breakpoints: this.sets.lines });
    this.tell(`${state(breakpoints.at(-1))}${this.place(breakpoints.at(-1)?.line)}`);
  }

  private watch(expression: string): void {
    const { dataId, description } = this.ask("dataBreakpointInfo", { name: expression, frameId: this.frame() });
    if (dataId === null) this.tell(description);
    else this.addBreakpoint("setDataBreakpoints", this.sets.data, { dataId });
  }

  private addBreakpoint(command: "setFunctionBreakpoints" | "setDataBreakpoints", set: object[], one: object): void {
    set.push(one);
    this.tell(state(this.ask(command, { breakpoints: set }).breakpoints.at(-1)));
  }

  private async moving(command: string, args: object): Promise<void> {
    this.ask(command, { threadId: this.thread, ...args });
    await this.arrived();
  }

  /** Waits until the run stands still, or is over. */
  private async arrived(): Promise<void> {
    const since = this.seen;
    const isRest = ({ event }: DebugProtocol.Event) => event === "mshare/time" || event === "terminated";
    for (let turns = 0; turns < 100_000 && !this.client.events.slice(since).some(isRest); turns++) {
      await new Promise((done) => setImmediate(done));
    }
    if (!this.client.events.slice(since).some(isRest)) throw new Error("the run does not come to rest");
  }

  private tellEvents(): void {
    for (const { event, body } of this.client.events.slice(this.seen)) {
      if (event === "output") this.tell(body.output, body.category === "stderr" ? "! " : "| ");
      if (event === "stopped") this.tellStop(body);
      if (event === "exited") this.tell(`the run has ended: exit code ${body.exitCode}`);
      if (event === "breakpoint") this.tell(`breakpoint ${body.reason}: ${state(body.breakpoint)}`);
    }
    this.seen = this.client.events.length;
  }

  private tellStop({ reason, description, threadId }: DebugProtocol.StoppedEvent["body"]): void {
    this.thread = threadId ?? 1;
    this.tell(`${reason}: ${description}`);
    this.tellStack();
  }

  private tellStack(): void {
    for (const { name, source, line } of this.ask("stackTrace", { threadId: this.thread }).stackFrames) {
      const path = source?.path ?? "";
      if (path.startsWith(`${ROOT}/`)) this.tell(`  ${name}  ${path.slice(ROOT.length + 1)}`);
      else this.tell(`  ${name}${this.place(line)}`);
    }
  }

  private scopes(): DebugProtocol.Scope[] {
    return this.ask("scopes", { frameId: this.frame() }).scopes;
  }

  /** Opens nodes one below the other and shows the last one's children. */
  private look(path: string): void {
    const [scope, ...names] = path.split("/");
    let reference = this.scopes().find(({ name }) => name === scope)?.variablesReference ?? 0;
    for (const name of names)
      reference = this.children(reference).find((each) => each.name === name)?.variablesReference ?? 0;
    for (const { name, value, variablesReference } of this.children(reference)) {
      this.tell(`${variablesReference > 0 ? "+" : " "} ${name} = ${value}`);
    }
  }

  private children(variablesReference: number): DebugProtocol.Variable[] {
    return this.ask("variables", { variablesReference }).variables;
  }

  private frame(): number {
    return this.ask("stackTrace", { threadId: this.thread, levels: 1 }).stackFrames[0]?.id;
  }

  private evaluate(expression: string, context: string) {
    return this.ask("evaluate", { expression, context, frameId: this.frame() });
  }

  private ask: TestClient["request"] = (command, args) => {
    const response = this.client.raw({ command, arguments: args });
    if (!response.success) throw new Refused(response.message);
    return response.body;
  };

  private source(): string[] {
    return (this.host.read(this.program) ?? "").split("\n");
  }

  private place(line: number | undefined): string {
    return line === undefined ? "" : `  line ${line}: ${this.source()[line - 1]?.trim()}`;
  }

  private tell(text: string, mark = ""): void {
    for (const line of text.replace(/\n$/, "").split("\n")) this.lines.push(`  ${mark}${line}`.trimEnd());
  }
}

/** Bytes as eight-byte words, as a hex viewer of a little-endian machine shows page-table entries; the frames of entries vary. */
function words(data: string): string {
  const bytes = Buffer.from(data, "base64");
  const word = (at: number) => bytes.readBigUInt64LE(at).toString(16).padStart(16, "0");
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, i) => word(8 * i)).join(" ");
}

class Refused extends Error {}

function state(breakpoint: DebugProtocol.Breakpoint | undefined): string {
  if (breakpoint?.verified) return "set";
  return `not set: ${breakpoint?.message ?? "no reason given"}`;
}

/** What changes with every change of the kernel and means nothing to the reader: numbers of steps, frames, locks, lines. */
function stable(line: string): string {
  if (line.startsWith("> ")) return line;
  return line
    .replace(/\b([Ss]tep(?::| =)?) \d+( of \d+)?/g, (_, word, of) => (of ? `${word} … of …` : `${word} …`))
    .replace(/^( *(?:→ )?)\d+(?= {2}\w+, line \d+: )/, "$1…")
    .replace(/\b(goto|steps|to|host|lock \w+) \d+\b/g, "$1 …")
    .replace(/\b(frame|pfn|flags) (0x[0-9a-f]+|\d+( \(0x[0-9a-f]+\))?)/g, "$1 …")
    .replace(/\b([08]000000000)1[0-9a-f]{2}(?=[0-9a-f]{3}\b)/g, "$1…")
    .replace(/0x[0-9a-f]+ (?=PRESENT|\(… PRESENT)/g, "… ")
    .replace(/0x[0-9a-f]+ (?=\(0x[0-9a-f]+ PRESENT)/g, "… ")
    .replace(/(?<=\()0x[0-9a-f]+ (?=PRESENT)/g, "… ")
    .replace(/\b(table|pfn:|page) ?0x[0-9a-f]+/g, "$1 …")
    .replace(/(sim\/[\w./-]+\.ts):\d+/g, "$1")
    .replaceAll("/cwd/", "");
}
