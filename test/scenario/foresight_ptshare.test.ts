// Random programs of MAP_SHARED_PT: what is foreseen of them happens, errnos and sharing.
import assert from "node:assert/strict";
import fc from "fast-check";
import { openRun } from "../../sim/session.ts";
import { from, happens, line, PATH, warningsOf } from "./foreseeing.ts";

const actor = from("A", "B", "A.t");
const variable = from("p", "q");
const descriptor = from("fd", "fd", "gd");
const place = from("1TiB", "1TiB", "1TiB", "1TiB + 1GiB", "1TiB + 2MiB", "1TiB + 4KiB", "0", "4096");
const length = from("4MiB", "4MiB", "4MiB", "2MiB", "3MiB", "5000", "0", "1GiB");
const prot = from("PROT_READ|PROT_WRITE", "PROT_READ|PROT_WRITE", "PROT_READ");
const type = from("MAP_SHARED", "MAP_SHARED", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE", "0");
const more = from("", "", "", "|MAP_FIXED", "|MAP_FIXED_NOREPLACE");
const offset = from("0", "0", "0", "4MiB", "4KiB", "7");

const mapping = (flags: fc.Arbitrary<string>, fd: fc.Arbitrary<string>) =>
  line(
    actor,
    ": ",
    variable,
    " = mmap(",
    place,
    ", ",
    length,
    ", ",
    prot,
    ", ",
    flags,
    more,
    ", ",
    fd,
    ", ",
    offset,
    ")",
  );

const statement: fc.Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: mapping(line(type, "|MAP_SHARED_PT"), descriptor) },
  { weight: 1, arbitrary: mapping(from("MAP_SHARED_PT|MAP_SHARED|MAP_ANONYMOUS"), from("-1")) },
  { weight: 2, arbitrary: mapping(type, descriptor) },
  { weight: 3, arbitrary: line(actor, ": munmap(", place, ", ", length, ")") },
  { weight: 1, arbitrary: line(actor, ": mprotect(", place, ", ", length, ", ", prot, ")") },
  {
    weight: 1,
    arbitrary: line(actor, ": ", descriptor, " = ", from('open("/dev/shm/x", O_RDWR)', 'memfd_create("m", 0)')),
  },
  { weight: 1, arbitrary: line(actor, ": close(", descriptor, ")") },
  {
    weight: 1,
    arbitrary: from(
      'A: unlink("/dev/shm/x")',
      "B: exit()",
      "A: ftruncate(fd, 8MiB)",
      "B: madvise(1TiB, 2MiB, MADV_DONTNEED)",
    ),
  },
  { weight: 2, arbitrary: line(actor, ": ", from("load(", "exec("), place, ")") },
  { weight: 1, arbitrary: line(actor, ": store(", place, ", 7)") },
);
const block = fc.oneof(
  { weight: 14, arbitrary: statement },
  {
    weight: 1,
    arbitrary: fc.array(statement, { minLength: 1, maxLength: 2 }).map((all) => `repeat 2 {\n${all.join("\n")}\n}`),
  },
  { weight: 1, arbitrary: fc.tuple(statement, statement).map((all) => `parallel {\n${all.join("\n")}\n}`) },
);

/** As posted, with some of the fixes that the rules know of, and with all. */
const kernel = fc.oneof(
  from("", ", addresses: any").map((options) => `kernel ptshare-v2 { fixes: [mmap-error]${options} }`),
  fc
    .subarray(["merged-vma", "private-mapping", "permission-mode", "file-offset", "link-reference", "mmap-error"])
    .map(
      (fixes) =>
        `kernel ptshare-v2 { fixes: [${["host-freed", "null-ptshare-data", "vma-split", ...fixes].join(", ")}] }`,
    ),
);
const head = (first: string) => `${first}
machine { memory: 64MiB }
process A
process B
thread A.t on cpu 1
A: fd = open("/dev/shm/x", O_CREAT|O_RDWR, 0600)
A: gd = memfd_create("g", 0)
A: ftruncate(fd, 8MiB)
A: ftruncate(gd, 8MiB)
B: fd = open("/dev/shm/x", O_RDWR)
B: gd = open("/dev/shm/y", O_CREAT|O_RDWR, 0600)
`;
const program = fc
  .tuple(kernel, fc.array(block, { minLength: 2, maxLength: 10 }))
  .map(([first, all]) => `${head(first)}${all.join("\n")}\n`);

/** VM_SHARED_PT of vm_flags. */
const SHARED_PT = "0x20000000000";

/** The program with a question behind each mapping that is said to share nothing: whether it does. */
function asked(text: string, lines: ReadonlySet<number>): string {
  const questions = text.split("\n").map((statement, index) => {
    const [, who, call] = lines.has(index + 1) ? (/^(\S+): \w+ = (.*)/.exec(statement) ?? []) : [];
    if (who === undefined) return statement;
    // A variable of its own, which stays 0 where the call fails.
    const name = `kept${index}`;
    const there = `vma(${who.replace(".t", "")}, ${who}.${name})`;
    const question = `expect ${there} == null || (${there}.vm_flags & ${SHARED_PT}) == 0`;
    return `${who}: ${name} = madvise(0, 0, MADV_NORMAL)\n${who}: ${name} = ${call}\n${question}`;
  });
  return questions.join("\n");
}

describe("what the checker foresees of MAP_SHARED_PT", function () {
  this.timeout(240_000);

  it("happens, on random programs", () => happens(program, 100));

  it("shares nothing where it says so, on random programs", () => {
    let warned = 0;
    const plain = fc
      .tuple(kernel, fc.array(statement, { minLength: 2, maxLength: 10 }))
      .map(([first, all]) => `${head(first)}${all.join("\n")}\n`);
    fc.assert(
      fc.property(plain, (text) => {
        const lines = new Set(warningsOf(text, ["will-not-share"]).map((warning) => warning.line));
        if (lines.size === 0) return;
        warned += lines.size;
        const questions = asked(text, lines);
        const run = openRun({ read: (path) => (path === PATH ? questions : undefined), root: "" }, { program: PATH });
        if ("refused" in run) return;
        while (!run.advance(1_000_000));
        assert.deepEqual(
          // A process that has ended kept nothing.
          run.report().expectations.filter(({ ok, problem }) => !ok && !problem?.includes("has no `kept")),
          [],
          questions,
        );
      }),
      { numRuns: Number(process.env["MSHARE_FORESIGHT_PROGRAMS"] ?? 100) },
    );
    assert.ok(warned > 30, `only ${warned} warnings`);
  });
});
