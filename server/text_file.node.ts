// Files as the programs in Node read them, and why one cannot be read.
import { readFileSync, statSync } from "node:fs";

/** Bytes; more is no scenario. A larger file is not looked at. */
const LARGEST_FILE = 64 * 2 ** 20;

/** The text of a file in UTF-8; undefined where there is none, see `whyUnreadable`. */
export function readText(path: string): string | undefined {
  const found = open(path);
  return "text" in found ? found.text : undefined;
}

/** Why `readText` gave nothing, as the rest of a sentence that begins with the path. */
export function whyUnreadable(path: string): string | undefined {
  const found = open(path);
  return "why" in found ? found.why : undefined;
}

const ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "it may not be read (EACCES)",
};

function open(path: string): { readonly text: string } | { readonly why: string } {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { why: "it is a folder, not a scenario" };
    if (!stat.isFile()) return { why: "it is no regular file" };
    if (stat.size > LARGEST_FILE) return { why: `it is larger than ${LARGEST_FILE / 2 ** 20} MiB` };
    const bytes = readFileSync(path);
    // NUL is in UTF-16 and in what is no text at all; its every byte would be a mistake of its own.
    if (bytes.includes(0)) return { why: "it is not text in UTF-8" };
    return { text: bytes.toString("utf8") };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return { why: ERRORS[code] ?? `it cannot be read: ${message}` };
  }
}
