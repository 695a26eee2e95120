// Random programs of msharefs: what is foreseen of them happens.
import fc from "fast-check";
import { from, happens, line } from "./foreseeing.ts";

const variable = from("p", "q", "r");
const region = from("fd", "gd");
const start = from("2TiB", "2TiB", "2TiB + 512GiB", "2TiB + 1GiB", "4TiB", "0");
const regionSize = from("512GiB", "512GiB", "1TiB", "1GiB", "0");
const inside = from("2TiB", "2TiB", "2TiB + 2MiB", "2TiB + 511GiB", "3TiB", "4TiB", "2TiB + 1");
const createFlags = line("MAP_ANONYMOUS|MAP_FIXED|", from("MAP_SHARED", "MAP_SHARED", "MAP_PRIVATE"));

/** Regions of two files: made, sized, mapped, filled, used, each rightly and wrongly. */
const mshareStatement: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: line(
      from("A", "B"),
      ": ",
      region,
      " = open(",
      from('"/sys/fs/mshare/x"', '"/sys/fs/mshare/y"', '"/sys/fs/mshare/mshare_info"'),
      ", ",
      from("O_CREAT|O_RDWR", "O_RDWR"),
      ", 0600)",
    ),
  },
  {
    weight: 4,
    arbitrary: line(
      from("A", "B"),
      ": ioctl(",
      region,
      ", MSHAREFS_SET_SIZE, { start: ",
      start,
      ", size: ",
      regionSize,
      " })",
    ),
  },
  {
    weight: 4,
    arbitrary: line(
      from("A", "B"),
      ": ioctl(",
      region,
      ", MSHAREFS_CREATE_MAPPING, { addr: ",
      inside,
      ", size: ",
      from("64KiB", "2MiB", "0", "5000"),
      ", offset: 0, prot: PROT_READ|PROT_WRITE, flags: ",
      createFlags,
      ", fd: -1 })",
    ),
  },
  {
    weight: 4,
    arbitrary: line(
      from("A", "B"),
      ": ",
      variable,
      " = mmap(",
      start,
      ", ",
      regionSize,
      ", PROT_READ|PROT_WRITE, ",
      from("MAP_SHARED", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED|MAP_FIXED"),
      ", ",
      region,
      ", 0)",
    ),
  },
  { weight: 3, arbitrary: line(from("A", "B"), ": ", from("load(", "exec("), inside, ")") },
  { weight: 2, arbitrary: line(from("A", "B"), ": store(", inside, ", 7)") },
  { weight: 1, arbitrary: line(from("A", "B"), ": munmap(", start, ", ", regionSize, ")") },
  { weight: 1, arbitrary: line(from("A", "B"), ": close(", region, ")") },
  { weight: 1, arbitrary: line(from("A", "B"), ": ", from("read", "write"), "(", region, ", p, 8)") },
);

const MSHARE_HEAD = `kernel mshare-v3
machine { memory: 64MiB }
process A
process B
${["A", "B"]
  .flatMap((name) => [
    ...["p", "q", "r"].map((variable) => `${name}: ${variable} = madvise(0, 0, MADV_NORMAL)`),
    `${name}: fd = open("/sys/fs/mshare/x", O_CREAT|O_EXCL|O_RDWR, 0600)`.replace(name === "A" ? "" : "|O_EXCL", ""),
    `${name}: gd = open("/sys/fs/mshare/y", O_CREAT|O_RDWR, 0600)`,
  ])
  .join("\n")}
`;

const mshareProgram = fc
  .array(mshareStatement, { minLength: 4, maxLength: 16 })
  .map((statements) => `${MSHARE_HEAD}${statements.join("\n")}\n`);

/** A region that is there; what is mapped into it, over it and beside it, and accesses everywhere. */
const place = from("2TiB", "2TiB + 64KiB", "2TiB + 2MiB", "2TiB + 4MiB", "2TiB + 511GiB");
const filledStatement: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: line(
      from("A", "A", "B"),
      ": ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: ",
      place,
      ", size: ",
      from("64KiB", "2MiB", "5000"),
      ", offset: 0, prot: PROT_READ|PROT_WRITE, flags: ",
      createFlags,
      ", fd: -1 })",
    ),
  },
  {
    weight: 3,
    arbitrary: line(
      from("A", "B", "C"),
      ": ",
      variable,
      " = mmap(",
      from("2TiB", "2TiB", "2TiB", "3TiB"),
      ", 512GiB, ",
      from("PROT_READ|PROT_WRITE", "PROT_READ|PROT_WRITE", "PROT_READ"),
      ", MAP_SHARED",
      from("", "", "|MAP_FIXED"),
      ", ",
      from("fd", "fd", "gd"),
      ", 0)",
    ),
  },
  {
    weight: 2,
    arbitrary: line(
      from("A", "B"),
      ": ",
      variable,
      " = mmap(",
      place,
      ", 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS",
      from("", "|MAP_FIXED"),
      ", -1, 0)",
    ),
  },
  { weight: 5, arbitrary: line(from("A", "B", "C"), ": ", from("load(", "exec("), place, ")") },
  { weight: 3, arbitrary: line(from("A", "B", "C"), ": store(", from("p", "p + 2MiB", "q + 64KiB"), ", 7)") },
  { weight: 1, arbitrary: line(from("A", "B"), ": munmap(", place, ", ", from("512GiB", "64KiB"), ")") },
  {
    weight: 2,
    arbitrary: line(
      from("A", "B"),
      ": munmap(",
      from("p", "q", "p + 64KiB"),
      ", ",
      from("512GiB", "2MiB", "1TiB"),
      ")",
    ),
  },
  { weight: 2, arbitrary: line(from("A", "B"), ": mprotect(2TiB, 512GiB, ", from("PROT_READ", "PROT_NONE"), ")") },
  {
    weight: 1,
    arbitrary: from(
      "A: fork(C)",
      'B: unlink("/sys/fs/mshare/x")',
      'B: fd = open("/sys/fs/mshare/../mshare/x", O_RDWR)',
      "B: close(fd)",
      "repeat 2 { A: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB + 4MiB, size: 2MiB, offset: 0, prot: PROT_READ, flags: MAP_ANONYMOUS|MAP_FIXED|MAP_SHARED, fd: -1 }) }",
    ),
  },
);
const filledProgram = fc
  .tuple(from("", " { fixes: all }"), fc.array(filledStatement, { minLength: 4, maxLength: 14 }))
  .map(
    ([fixes, statements]) => `kernel mshare-v3${fixes}
process A
process B
process C
A: fd = open("/sys/fs/mshare/x", O_CREAT|O_EXCL|O_RDWR, 0600)
A: gd = open("/sys/fs/mshare/y", O_CREAT|O_EXCL|O_RDWR, 0600)
A: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })
A: ioctl(gd, MSHAREFS_SET_SIZE, { start: 3TiB, size: 512GiB })
B: fd = open("/sys/fs/mshare/x", O_RDWR)
B: gd = open("/sys/fs/mshare/y", O_RDWR)
${statements.join("\n")}
`,
  );

describe("what the checker foresees of msharefs", function () {
  this.timeout(240_000);

  it("happens, on random programs", () => happens(mshareProgram, 150));

  it("happens inside a region too: where nothing was mapped into it", () => happens(filledProgram, 150));
});
