// Random programs of Linux's own calls: what is foreseen of them happens.
import fc from "fast-check";
import { from, happens, line } from "./foreseeing.ts";

const actor = from("A", "A", "A", "B", "A.t");
const variable = from("p", "q", "r");
const length = from("4KiB", "8KiB", "64KiB", "2MiB", "4KiB", "5000", "0");
const offset = from("", "", " + 4KiB", " + 8KiB", " + 60KiB", " - 4KiB", " + 8", " + 1MiB");
const place = fc.oneof(
  { weight: 5, arbitrary: line(variable, offset) },
  { weight: 1, arbitrary: line("A.", variable, offset) },
  { weight: 2, arbitrary: line(from("16TiB", "16TiB + 64KiB", "4096", "8TiB"), offset) },
);
const prot = from("PROT_READ|PROT_WRITE", "PROT_READ|PROT_WRITE", "PROT_READ", "PROT_NONE", "PROT_READ|PROT_EXEC");
const type = from("MAP_PRIVATE", "MAP_SHARED", "0", "MAP_SHARED_VALIDATE");
const more = from("", "", "|MAP_NORESERVE", "|MAP_POPULATE", "|MAP_GROWSDOWN", "|MAP_32BIT");
const descriptor = from("fd", "gd");
const wanted = fc.oneof(
  { weight: 3, arbitrary: fc.constant("0") },
  { weight: 2, arbitrary: from("16TiB", "16TiB + 4KiB", "8TiB", "4097", "1KiB") },
  { weight: 1, arbitrary: place },
);

const statement: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: line(
      actor,
      ": ",
      variable,
      " = mmap(",
      wanted,
      ", ",
      length,
      ", ",
      prot,
      ", MAP_ANONYMOUS|",
      type,
      more,
      ", -1, 0)",
    ),
  },
  {
    weight: 2,
    arbitrary: line(
      actor,
      ": ",
      variable,
      " = mmap(",
      place,
      ", ",
      length,
      ", ",
      prot,
      ", MAP_ANONYMOUS|",
      type,
      "|",
      from("MAP_FIXED", "MAP_FIXED_NOREPLACE"),
      ", -1, 0)",
    ),
  },
  {
    weight: 2,
    arbitrary: line(
      actor,
      ": ",
      variable,
      " = mmap(",
      wanted,
      ", ",
      length,
      ", ",
      prot,
      ", MAP_SHARED, ",
      descriptor,
      ", ",
      from("0", "4KiB", "7"),
      ")",
    ),
  },
  { weight: 4, arbitrary: line(actor, ": munmap(", place, ", ", length, ")") },
  { weight: 2, arbitrary: line(actor, ": mprotect(", place, ", ", length, ", ", prot, ")") },
  {
    weight: 1,
    arbitrary: line(
      actor,
      ": ",
      variable,
      " = mremap(",
      place,
      ", 4KiB, ",
      length,
      ", ",
      from("MREMAP_MAYMOVE", "0", "MREMAP_FIXED"),
      ")",
    ),
  },
  {
    weight: 1,
    arbitrary: line(
      actor,
      ": madvise(",
      place,
      ", ",
      length,
      ", ",
      from("MADV_DONTNEED", "MADV_DONTFORK", "MADV_REMOVE", "99"),
      ")",
    ),
  },
  { weight: 8, arbitrary: line(actor, ": ", from("load(", "exec(", "load("), place, ")") },
  { weight: 4, arbitrary: line(actor, ": store(", place, ", 7)") },
  { weight: 3, arbitrary: line(actor, ": touch(", place, ", ", length, from("", ", write"), ")") },
  {
    weight: 3,
    arbitrary: line(
      actor,
      ": ",
      descriptor,
      " = ",
      from('open("/tmp/x", O_CREAT|O_RDWR, 0600)', 'memfd_create("m", 0)', 'open("/tmp/none", O_RDONLY)'),
    ),
  },
  { weight: 3, arbitrary: line(actor, ": close(", descriptor, ")") },
  { weight: 2, arbitrary: line(actor, ": ftruncate(", descriptor, ", ", from("64KiB", "0", "-1"), ")") },
  { weight: 1, arbitrary: line(actor, ": ", from("read", "write"), "(", descriptor, ", ", place, ", 8)") },
  { weight: 1, arbitrary: line("kernel: ", from("swap_out(A, A.p, 64KiB)", "reclaim(4)", "oom_kill(B)")) },
);
const block: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: statement },
  {
    weight: 1,
    arbitrary: fc.array(statement, { minLength: 1, maxLength: 3 }).map((inner) => `repeat 2 {\n${inner.join("\n")}\n}`),
  },
  { weight: 1, arbitrary: fc.tuple(statement, statement).map((inner) => `parallel {\n${inner.join("\n")}\n}`) },
);

const HEAD = `machine { memory: 64MiB, swap: 16MiB }
process A
process B
process C
thread A.t on cpu 1
${["A", "A.t", "B", "C"].map((name) => ["p", "q", "r", "fd", "gd"].map((variable) => `${name}: ${variable} = madvise(0, 0, MADV_NORMAL)`).join("\n")).join("\n")}
`;

/** C is forked off somewhere, and from then on goes on by itself. */
const program = fc
  .tuple(fc.array(block, { minLength: 3, maxLength: 14 }), fc.array(block, { maxLength: 8 }), fc.boolean())
  .map(([before, after, forks]) => {
    const rest = forks ? after.map((text) => text.replaceAll("B: ", "C: ")) : after;
    const head = forks ? HEAD.replace(/^C: .*\n/gm, "") : HEAD;
    return `${head}${[...before, ...(forks ? ["A: fork(C)"] : []), ...rest].join("\n")}\n`;
  });

describe("what the checker foresees", function () {
  this.timeout(240_000);

  it("happens, on random programs", () => happens(program, 150));
});
