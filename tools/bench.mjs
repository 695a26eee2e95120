// npm run bench: measures what the budgets are about, as ratios within this run where there is something to compare with.
// Prints a table and one line of JSON, and writes docs/benchmarks.md. Needs a build; gcc for the comparison with Linux.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const engine = createRequire(import.meta.url)(join(root, "dist/engine.js"));
const results = [];
const note = (id, what, value, budget) => {
  results.push({ id, what, value, budget });
  console.log(`${id.padEnd(4)} ${what.padEnd(66)} ${value}`);
};
const seconds = (work) => {
  const from = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - from) / 1e9;
};
/** Processor time of all threads, so that others on the machine do not count. */
const processorSeconds = (work) => {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
};
const quantile = (values, q) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const host = (text) => ({ read: (path) => (path === "bench.mshare" ? text : undefined) });
const open = (text, options = {}) => {
  const run = engine.openRun(host(text), { program: "bench.mshare", ...options });
  if ("refused" in run) throw new Error(run.message);
  return run;
};
const finish = (run) => {
  while (!run.advance(1e9));
  return run;
};

const faults = (rounds) => `kernel linux
machine { cpus: 2, memory: 1GiB }
process a on cpu 0
a: p = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat ${rounds} {
  a: touch(p, 2MiB, write)
  a: madvise(p, 2MiB, MADV_DONTNEED)
}`;
/** The same calls and accesses over and over, none of them like the one before. */
const single = (rounds) => `kernel linux
machine { cpus: 2, memory: 1GiB }
process a on cpu 0
process b on cpu 1
a: p = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: p = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
repeat ${rounds} as i {
  a: store(p + (i % 512) * 4KiB, i)
  b: store(p + (i % 512) * 4KiB, i)
  a: load(p + (i % 512) * 4KiB)
  a: madvise(p + (i % 512) * 4KiB, 4KiB, MADV_DONTNEED)
}`;
const mappings = (rounds) => `kernel linux
machine { cpus: 2, memory: 1GiB }
process a on cpu 0
repeat ${rounds} {
  a: p = mmap(0, 128MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  a: touch(p, 128MiB, write)
  a: munmap(p, 128MiB)
}`;

/** 2 MiB each: 50 GiB. */
const TOUCHES = 25_600;
/** 128 MiB each: 5 GiB. */
const MAPPINGS = 40;
const C = `#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return t.tv_sec + t.tv_nsec / 1e9; }
int main(void) {
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  size_t two = 2UL << 20, big = 128UL << 20;
  char *p = mmap(0, 2 * two, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  double t = now();
  for (int i = 0; i < ${TOUCHES}; i++) { for (size_t o = 0; o < two; o += 4096) p[o] = 1; madvise(p, two, MADV_DONTNEED); }
  printf("%f ", ${TOUCHES} * 512.0 / (now() - t));
  t = now();
  for (int i = 0; i < ${MAPPINGS}; i++) {
    char *q = mmap(0, big, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t o = 0; o < big; o += 4096) q[o] = 1;
    munmap(q, big);
  }
  printf("%f\\n", ${MAPPINGS} * 32768.0 / (now() - t));
  return 0;
}
`;

function native() {
  const folder = mkdtempSync(join(tmpdir(), "mshare-bench-"));
  try {
    writeFileSync(join(folder, "faults.c"), C);
    const built = spawnSync("gcc", ["-O2", "-o", join(folder, "faults"), join(folder, "faults.c")]);
    if (built.status !== 0) return undefined;
    return spawnSync(join(folder, "faults"), { encoding: "utf8" }).stdout.trim().split(" ").map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pageFaults() {
  finish(open(faults(20)));
  const rates = [
    [TOUCHES * 512, processorSeconds(() => finish(open(faults(TOUCHES), { maxSteps: 1e9 })))],
    [MAPPINGS * 32768, processorSeconds(() => finish(open(mappings(MAPPINGS))))],
  ].map(([count, time]) => count / time);
  const linux = native();
  const texts = ["touch 2 MiB, MADV_DONTNEED, 50 GiB long", "128 MiB map, touch, unmap"];
  rates.forEach((rate, i) => {
    const compared = linux
      ? `${(rate / linux[i]).toFixed(2)} of Linux's ${Math.round(linux[i])}/s`
      : "no gcc to compare with Linux";
    note(
      "a",
      `page faults a processor second, detectors and recording on: ${texts[i]}`,
      `${Math.round(rate)} (${compared})`,
      "1 or more",
    );
  });
}

/** `slice`: steps after which the adapter would look up. */
function debugSession(text, slice = 1e7) {
  const session = engine.openDebugSession(host(text), { program: "bench.mshare" });
  if ("refused" in session) throw new Error(session.message);
  const go = (goal) => {
    session.start(goal);
    let stop;
    while (!(stop = session.advance(slice)));
    return stop;
  };
  return { session, go };
}

function jumps(steps, what, text) {
  const { session, go } = debugSession(text);
  go({ kind: "goto", step: steps });
  if (session.now !== steps) throw new Error(`${what}: the scenario has fewer than ${steps} steps`);
  const time = (goal) => seconds(() => go(goal)) * 1000;
  const back = Array.from({ length: 40 }, () => time({ kind: "stepBack", by: "instruction", thread: session.current }));
  let seed = 1;
  const draw = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x80000000;
  const random = Array.from({ length: 40 }, () => time({ kind: "goto", step: 1 + Math.floor(draw() * (steps - 2)) }));
  const shown = (values) => `p50 ${quantile(values, 0.5).toFixed(1)} ms, p95 ${quantile(values, 0.95).toFixed(1)} ms`;
  note("b", `step back at ${steps.toLocaleString("en")} steps, ${what}`, shown(back), "p95 under 50 ms");
  note("b", `random jumps within ${steps.toLocaleString("en")} steps, ${what}`, shown(random), "p95 under 50 ms");
}

/** One call of half a million steps: back into it, and to and fro in its middle. */
function jumpsInside() {
  const text = `kernel linux
machine { cpus: 2, memory: 1GiB }
process a on cpu 0
a: p = mmap(0, 340MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
a: touch(p, 340MiB, write)
a: munmap(p, 340MiB)
a: p = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)`;
  /** Where the call begins, in a run of its own: who stops there does the call step by step, and leaves checkpoints in it. */
  const stopAt = ({ session, go }, line) => {
    session.setLineBreakpoints("bench.mshare", [{ line }]);
    go({ kind: "continue" });
    session.setLineBreakpoints("bench.mshare", []);
    return session.now;
  };
  const from = stopAt(debugSession(text), 6);
  const { session, go } = debugSession(text, 50_000);
  const to = stopAt({ session, go }, 7);
  const time = (goal) => processorSeconds(() => go(goal)) * 1000;
  const random = Array.from({ length: 80 }, (_, i) =>
    time({ kind: "goto", step: from + 1 + ((i * 7_919_993) % (to - from - 1)) }),
  );
  const back = Array.from({ length: 40 }, () => time({ kind: "stepBack", by: "instruction", thread: session.current }));
  const shown = (values) =>
    `p50 ${quantile(values, 0.5).toFixed(1)} ms, p95 ${quantile(values, 0.95).toFixed(1)} ms, the slowest ${Math.max(...values).toFixed(0)} ms`;
  const what = `inside one call of ${(to - from).toLocaleString("en")} steps`;
  note("b", `random jumps ${what}, the first of all among them`, shown(random), "p95 under 50 ms");
  note("b", `step back ${what}`, shown(back), "p95 under 50 ms");
}

function reverse(what, text) {
  const { session, go } = debugSession(text);
  session.setEventBreakpoints([{ text: "mm_free if cpu == 7" }]);
  const forward = seconds(() => go({ kind: "goto", step: 1_000_000 }));
  if (session.now !== 1_000_000) throw new Error(`${what}: the scenario has too few steps`);
  const back = seconds(() => go({ kind: "reverse" }));
  note(
    "c",
    `reverse continue over 1,000,000 steps against forward, ${what}`,
    `${(back / forward).toFixed(2)} times (${back.toFixed(2)} s)`,
    "",
  );
}

/** All interleavings of two faults in one mapping, each run to the end of all processes; the first thousands are for warming up. */
function interleavings() {
  const program = "examples/explore.mshare";
  const files = { read: (path) => readFileSync(join(root, path), "utf8") };
  const search = engine.openExploration(files, { program, schedules: 1e6, until: "end" });
  try {
    search.advance(5000);
    const before = search.schedules;
    const time = processorSeconds(() => search.advance(5000));
    note(
      "g",
      `interleavings a processor second, ${program}`,
      `${Math.round((search.schedules - before) / time)}`,
      "20000",
    );
  } finally {
    search.close();
  }
}

/** The server of the first mail about sharing page tables, with 1,500 clients, in a process of its own: its start and its memory count. */
function server() {
  const program = "examples/database.mshare";
  const code = `const engine = require(${JSON.stringify(join(root, "dist/engine.js"))});
    const read = (path) => require("node:fs").readFileSync(path, "utf8");
    const run = engine.openRun({ read }, { program: ${JSON.stringify(join(root, program))} });
    while (!run.advance(1e9));
    if (run.report().verdict !== "pass") throw new Error("it fails");
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    console.log(JSON.stringify([(userCPUTime + systemCPUTime) / 1e6, maxRSS / 1024]));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["-e", code], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const [time, mebibytes] = JSON.parse(stdout);
  const what = `1,500 clients of a database, processor time and memory, start included: ${program}`;
  note("h", what, `${time.toFixed(1)} s, ${Math.round(mebibytes)} MiB`, "under 2 s and 1 GiB");
}

/** From starting the adapter's process to its first stop. */
function launch() {
  return new Promise((done) => {
    const from = process.hrtime.bigint();
    const adapter = spawn(process.execPath, [join(root, "dist/adapter.js")], { stdio: ["pipe", "pipe", "inherit"] });
    let seq = 0;
    let seen = "";
    const send = (command, args) => {
      const text = JSON.stringify({ seq: ++seq, type: "request", command, arguments: args });
      adapter.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    };
    adapter.stdout.on("data", (data) => {
      seen += data;
      if (seen.includes('"event":"initialized"') && seq === 2) send("configurationDone", {});
      if (!seen.includes('"event":"stopped"')) return;
      adapter.kill();
      done(Number(process.hrtime.bigint() - from) / 1e6);
    });
    send("initialize", { adapterID: "mshare", linesStartAt1: true, columnsStartAt1: true, pathFormat: "path" });
    send("launch", { program: join(root, "examples/msharefs-basics.mshare"), stopOnEntry: true });
  });
}

function memory() {
  global.gc?.();
  const used = () => {
    global.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const few = open("process a[1000]\na[0]: exit()");
  few.advance(1);
  note("e", "memory for each simulated process", `${((used() - before) / 1000 / 1024).toFixed(1)} KiB`, "");
  const start = used();
  const tables = finish(
    open(
      `machine { memory: 4GiB }\nprocess a\na: p = mmap(0, 2TiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)\nrepeat 4000 as i { a: load(p + i * 2MiB) }`,
    ),
  );
  note("e", "memory for each page table with one page", `${((used() - start) / 4000 / 1024).toFixed(1)} KiB`, "");
  for (const [what, text] of [
    ["batches", faults(170)],
    ["single steps", single(30_000)],
  ]) {
    const recorded = used();
    const run = finish(open(text));
    const bytes = ((used() - recorded) / run.steps).toFixed(0);
    note("e", `memory for each recorded step, of a million, ${what}`, `${bytes} bytes`, "");
  }
  void few;
  void tables;
}

/** The language server as editors start it, spoken to over its pipe; `wait` gives the next message that fits. */
function languageServer() {
  const child = spawn(process.execPath, [join(root, "dist/language-server.js"), "--stdio"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let unread = Buffer.alloc(0);
  const waiting = [];
  child.stdout.on("data", (data) => {
    unread = Buffer.concat([unread, data]);
    for (;;) {
      const end = unread.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/i.exec(unread.subarray(0, Math.max(end, 0)).toString())?.[1]);
      if (end < 0 || unread.length < end + 4 + length) return;
      const message = JSON.parse(unread.subarray(end + 4, end + 4 + length).toString());
      unread = unread.subarray(end + 4 + length);
      const at = waiting.findIndex(({ fits }) => fits(message));
      if (at >= 0) waiting.splice(at, 1)[0].resolve(message);
    }
  });
  const write = (message) => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const wait = (fits) => new Promise((resolve) => waiting.push({ fits, resolve }));
  let count = 0;
  const ask = (method, params) => {
    const id = ++count;
    const answer = wait((message) => message.id === id && message.method === undefined);
    write({ id, method, params });
    return answer;
  };
  return { ask, tell: (method, params) => write({ method, params }), wait, end: () => child.kill() };
}

/** What an editor asks of a document that it shows, here of its middle. */
const editorAsks = (textDocument, position) => {
  const range = { start: { line: position.line - 30, character: 0 }, end: { line: position.line + 30, character: 0 } };
  return {
    "textDocument/completion": { textDocument, position },
    "textDocument/hover": { textDocument, position },
    "textDocument/signatureHelp": { textDocument, position },
    "textDocument/definition": { textDocument, position },
    "textDocument/references": { textDocument, position, context: { includeDeclaration: true } },
    "textDocument/documentHighlight": { textDocument, position },
    "textDocument/codeAction": { textDocument, range, context: { diagnostics: [] } },
    "textDocument/inlayHint": { textDocument, range },
    "textDocument/semanticTokens/full": { textDocument },
    "textDocument/semanticTokens/range": { textDocument, range },
    "textDocument/documentSymbol": { textDocument },
    "textDocument/foldingRange": { textDocument },
    "textDocument/codeLens": { textDocument },
    "textDocument/documentLink": { textDocument },
    "textDocument/selectionRange": { textDocument, positions: [position] },
  };
};

async function keystroke() {
  const lines = ["process a on cpu 0", "process b on cpu 1"];
  for (let n = 0; lines.length < 5000; n++) {
    lines.push(`a: p${n} = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)`);
    lines.push(`a: store(p${n} + 8, 42)`, `a: load(p${n} + 8) == 42`);
  }
  const server = languageServer();
  const uri = "file:///bench.mshare";
  await server.ask("initialize", { processId: null, rootUri: null, capabilities: {} });
  server.tell("initialized", {});
  const shown = () => server.wait(({ method }) => method === "textDocument/publishDiagnostics");
  const first = shown();
  server.tell("textDocument/didOpen", {
    textDocument: { uri, languageId: "mshare", version: 1, text: lines.join("\n") },
  });
  await first;
  let version = 1;
  const elapsed = async (work) => {
    const from = process.hrtime.bigint();
    await work();
    return Number(process.hrtime.bigint() - from) / 1e6;
  };
  // A digit more behind `store(p… + 8, 42`, all over the file.
  const type = (n) => {
    const line = 3 + 3 * ((n * 397) % 1600);
    const place = { line, character: lines[line].length - 1 };
    const contentChanges = [{ range: { start: place, end: place }, text: "1" }];
    lines[line] = `${lines[line].slice(0, -1)}1)`;
    server.tell("textDocument/didChange", { textDocument: { uri, version: ++version }, contentChanges });
  };
  const times = [];
  for (let n = 0; n < 70; n++)
    times.push(
      await elapsed(async () => {
        const next = shown();
        type(n);
        await next;
      }),
    );
  const show = (values) => `p50 ${quantile(values, 0.5).toFixed(1)} ms, p95 ${quantile(values, 0.95).toFixed(1)} ms`;
  const budget = "p95 under 50 ms";
  note("f", "a keystroke in a 5,000-line scenario to its diagnostics, over the wire", show(times.slice(10)), budget);
  const asks = Object.entries(editorAsks({ uri }, { line: 2504, character: 11 }));
  const slowest = [];
  for (const [method, params] of asks) {
    const values = [];
    for (let n = 0; n < 25; n++) values.push(await elapsed(() => server.ask(method, params)));
    slowest.push({ method, values: values.slice(5) });
  }
  server.end();
  slowest.sort((a, b) => quantile(b.values, 0.95) - quantile(a.values, 0.95));
  for (const { method, values } of process.env.MSHARE_BENCH_ALL ? slowest : slowest.slice(0, 1)) {
    const name = method.replace("textDocument/", "");
    note("f", `the slowest of ${asks.length} other requests there: ${name}`, show(values), budget);
  }
}

function write() {
  const rows = results.map(({ id, what, value, budget }) => `| ${id} | ${what} | ${value} | ${budget} |`);
  const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
  const path = join(root, "docs/benchmarks.md");
  const page = readFileSync(path, "utf8");
  const table = `Machine: ${machine}.\n\n| | what | measured | budget |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
  writeFileSync(
    path,
    page.replace(/<!-- table -->[\s\S]*<!-- \/table -->/, `<!-- table -->\n\n${table}\n<!-- /table -->`),
  );
}

// First: a process that has grown large takes long to start another one, which is no part of a launch.
const launches = [];
for (let i = 0; i < 15; i++) launches.push(await launch());
pageFaults();
for (const steps of [100_000, 1_000_000, 10_000_000]) {
  jumps(steps, "batches", faults(Math.ceil(steps / 6000) + 1));
  jumps(steps, "single steps", single(Math.ceil(steps / 25)));
}
jumpsInside();
reverse("batches", faults(170));
reverse("single steps", single(40_000));
note(
  "d",
  "launch to first stop, adapter process start included",
  `p50 ${quantile(launches, 0.5).toFixed(0)} ms`,
  "under 300 ms",
);
memory();
await keystroke();
interleavings();
server();
write();
console.log(JSON.stringify(results));
