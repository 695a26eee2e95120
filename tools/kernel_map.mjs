// Source maps of what ships say only where the kernel's functions stand: that is all that anybody reads in them
// (sim/session/stack.ts), and half of their size.
import { decodedMappings, TraceMap } from "@jridgewell/trace-mapping";

const KERNEL = /(?:^|\/)sim\/(?:kernel|designs|hardware)\//;

/** The same map without names, and without places in other files. What follows a place of the kernel is marked as none. */
export function kernelMap(text) {
  const map = new TraceMap(text);
  const kept = map.sources.map((source) => KERNEL.test(source ?? ""));
  const numbers = new Map();
  const number = (source) => numbers.get(source) ?? numbers.set(source, numbers.size).get(source);
  const lines = decodedMappings(map).map((segments) => {
    const out = [];
    for (const [column, source, line, at] of segments) {
      if (kept[source]) out.push([column, number(source), line, at]);
      else if ((out.at(-1)?.length ?? 1) > 1) out.push([column]);
    }
    return out;
  });
  const sources = [...numbers.keys()].map((source) => map.sources[source]);
  return JSON.stringify({ version: 3, sources, names: [], mappings: encoded(lines) });
}

function encoded(lines) {
  // Each number is told as its difference from the last of its kind; columns begin anew in every line.
  const last = [0, 0, 0, 0];
  const difference = (value, kind) => {
    const told = value - last[kind];
    last[kind] = value;
    return vlq(told);
  };
  return lines
    .map((segments) => {
      last[0] = 0;
      return segments.map((segment) => segment.map(difference).join("")).join(",");
    })
    .join(";");
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Five bits a digit, the lowest first; the sign is the lowest bit. */
function vlq(value) {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += DIGITS[digit + (rest > 0 ? 32 : 0)];
  } while (rest > 0);
  return text;
}
