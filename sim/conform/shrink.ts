// Makes a scenario that shows a difference as small as it gets: lines go, then sizes, as long as the difference stays.

/** Judges many scenarios at once: whether each still shows the difference. */
export type Judge = (texts: readonly string[]) => Promise<readonly boolean[]>;

/** Scenarios judged in one go. */
const TOGETHER = 12;

/** `text`: one statement or declaration a line. Asks at most `rounds` times. */
export async function shrink(text: string, judge: Judge, rounds = 120): Promise<string> {
  let lines = text.split("\n").filter((line) => line.trim() !== "");
  let left = rounds;
  const firstThatShows = async (candidates: readonly (readonly string[])[]) => {
    for (let at = 0; at < candidates.length && left-- > 0; at += TOGETHER) {
      const some = candidates.slice(at, at + TOGETHER);
      const shows = await judge(some.map((candidate) => `${candidate.join("\n")}\n`));
      if (shows.includes(true)) return some[shows.indexOf(true)];
    }
    return undefined;
  };
  for (let size = Math.ceil(lines.length / 2); size >= 1; ) {
    const smaller = await firstThatShows(withoutParts(lines, size));
    if (smaller) lines = [...smaller];
    else size = size === 1 ? 0 : Math.ceil(size / 2);
    size = Math.min(size, Math.ceil(lines.length / 2));
  }
  for (;;) {
    const simpler = await firstThatShows(lines.flatMap((line, i) => simplified(line).map((to) => lines.with(i, to))));
    if (!simpler) break;
    lines = [...simpler];
  }
  return `${lines.join("\n")}\n`;
}

/** Without one part of `size` lines, for each of the parts; the last first, for it is the least needed. */
function withoutParts(lines: readonly string[], size: number): string[][] {
  const starts = Array.from({ length: Math.ceil(lines.length / size) }, (_, i) => i * size).reverse();
  return starts.map((start) => lines.filter((_, i) => i < start || i >= start + size));
}

/** The same statement with less in it. */
function simplified(line: string): string[] {
  const simpler: string[] = [];
  for (const { 0: found, index } of line.matchAll(
    /\|(?:MAP|MREMAP|O|PROT)_\w+| [+-] \d+(?:KiB|MiB)?|\d+(?:KiB|MiB)/g,
  )) {
    const put = (text: string) => simpler.push(line.slice(0, index) + text + line.slice(index + found.length));
    if (/^[| ]/.test(found)) put("");
    else for (const less of smallerSizes(found)) put(less);
  }
  return simpler;
}

function smallerSizes(text: string): string[] {
  const pages = (Number.parseInt(text, 10) * (text.endsWith("MiB") ? 2 ** 20 : 1024)) / 4096;
  if (!Number.isInteger(pages) || pages <= 1) return [];
  return [1, Math.floor(pages / 2)].filter((less, i, all) => all.indexOf(less) === i).map((less) => `${less * 4}KiB`);
}
