// Offsets to lines and back. A line ends at "\n", "\r\n" or "\r", as editors count.

/** A place as people and compilers count: from 1. Columns are UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where each line of a text starts. */
export interface Lines {
  readonly starts: readonly number[];
  readonly length: number;
}

export function linesOf(text: string): Lines {
  return { starts: [0, ...lineStartsIn(text, 0, text.length)], length: text.length };
}

/** The starts of lines that lie behind `from` and not behind `to`. `from` is not between the two characters of a line end. */
export function lineStartsIn(text: string, from: number, to: number): number[] {
  const starts: number[] = [];
  for (let at = from; at < to && at < text.length; ) {
    const code = text.charCodeAt(at++);
    if (code !== 10 && code !== 13) continue;
    if (code === 13 && text.charCodeAt(at) === 10) at++;
    if (at <= to) starts.push(at);
  }
  return starts;
}

/** The place of an offset; offsets outside the text count as its nearest end. */
export function positionAt(lines: Lines, offset: number): Position {
  const { starts } = lines;
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: Math.max(0, Math.min(offset, lines.length) - starts[low]) + 1 };
}

/** The offset of a place; a column past the end of its line gives the start of the next line at most. */
export function offsetAt(lines: Lines, position: Position): number {
  const index = position.line - 1;
  if (index < 0) return 0;
  if (index >= lines.starts.length) return lines.length;
  const next = lines.starts[index + 1] ?? lines.length;
  return Math.min(lines.starts[index] + Math.max(0, position.column - 1), next);
}

/** The first of `count` things in order that `is` true of; `count` where there is none. */
export function firstFrom(count: number, is: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
