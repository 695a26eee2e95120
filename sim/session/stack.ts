// Call stacks: from the text that the JavaScript engine gives to kernel functions with their places in the source.
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type { Frame } from "../debugging.ts";

export interface SourceMaps {
  /** The source map of a generated file, or undefined. */
  of(generated: string): TraceMap | undefined;
  /** Frames that were translated already, by their lines; null: no kernel. */
  readonly known: Map<string, Frame | null>;
}

/** `read` gives the text of the map beside a generated file. */
export function createSourceMaps(read: ((generated: string) => string | undefined) | undefined): SourceMaps {
  const known = new Map<string, TraceMap | undefined>();
  return {
    known: new Map(),
    of(generated) {
      if (known.has(generated)) return known.get(generated);
      const text = read?.(generated);
      const map = text === undefined ? undefined : new TraceMap(text);
      known.set(generated, map);
      return map;
    },
  };
}

/** `at handle_mm_fault (/x/engine.js:12:34)`, `handle_mm_fault@/x/engine.js:12:34` */
const LINE =
  /^\s*at (?:async )?(?:(?:Object|Generator|Function|Machine)\.)?([\w$.<>]+)(?: \[as \w+\])? \(?(.+?):(\d+):(\d+)\)?$|^([\w$.*]+)@(.+?):(\d+):(\d+)$/;
/** What is kernel in the eyes of its users: not the machinery that runs it. */
const KERNEL = /(?:^|\/)(sim\/(?:kernel|designs|hardware)\/.+\.ts)$/;
const MACHINERY = new Set(["begin_statement", "unit", "straight", "stepping", "runNow"]);
const MACHINERY_FILES = new Set(["sim/kernel/platform.ts", "sim/kernel/boot.ts", "sim/kernel/kernel.ts"]);

/** Kernel frames of a captured stack, innermost first. */
export function framesOf(stack: string, maps: SourceMaps): Frame[] {
  const frames: Frame[] = [];
  for (const text of stack.split("\n")) {
    let frame = maps.known.get(text);
    if (frame === undefined) maps.known.set(text, (frame = frameOf(text, maps)));
    if (frame) frames.push(frame);
  }
  return frames;
}

function frameOf(text: string, maps: SourceMaps): Frame | null {
  const match = LINE.exec(text);
  if (!match) return null;
  const [name, url, line, column] = match[1] === undefined ? match.slice(5, 9) : match.slice(1, 5);
  const place = originalOf(url!, Number(line), Number(column), maps);
  if (!place || MACHINERY_FILES.has(place.file)) return null;
  const plain = functionName(name!);
  return MACHINERY.has(plain) ? null : { name: plain, kind: "kernel", ...place };
}

function originalOf(url: string, line: number, column: number, maps: SourceMaps) {
  const generated = url.replace(/^file:\/\//, "");
  const map = maps.of(generated);
  if (!map) return undefined;
  const original = originalPositionFor(map, { line, column: column - 1 });
  const file = KERNEL.exec(original.source ?? "")?.[1];
  return file && original.line !== null ? { file, line: original.line, column: original.column + 1 } : undefined;
}

/** The bundler numbers functions of the same name: `sys_mmap2` is sys_mmap. No kernel function here ends in a digit otherwise. */
function functionName(name: string): string {
  const last = name.slice(name.lastIndexOf(".") + 1);
  return last.replace(/(\D)\d+$/, "$1");
}
