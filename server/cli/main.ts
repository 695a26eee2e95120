// The `mshare` command in Node.
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readText, whyUnreadable } from "../text_file.node.ts";
import { command } from "./command.ts";
import { nativeOf } from "./native.node.ts";

function write(path: string, text: string): string | undefined {
  try {
    writeFileSync(path, text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What a shell reports of a program that SIGPIPE ended. Not 0: what was not printed may have failed. */
const READER_GONE = 141;

interface Package {
  readonly version: string;
}

const require = createRequire(__filename);

async function main(): Promise<void> {
  let interrupted = false;
  const serving = process.argv[2] === "dap" || process.argv[2] === "lsp";
  // A run ends with what is known so far; a server just ends.
  if (!serving)
    process.on("SIGINT", () => {
      interrupted = true;
    });
  // A reader that closes early (`| head`) ends a command as it ends any other, in silence; a full disk is the user's to know.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(serving ? 0 : READER_GONE);
    process.stderr.write(`mshare: the output cannot be written: ${error.message}\n`);
    process.exit(2);
  });
  const status = await command(process.argv.slice(2), {
    read: readText,
    whyUnreadable,
    write,
    sourceMap: (generated) => readText(`${generated}.map`),
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    colors: (process.stdout.isTTY ?? false) && !process.env["NO_COLOR"],
    progress: process.stderr.isTTY ?? false,
    interrupted: () => interrupted,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    server(name, args) {
      const file = join(dirname(__filename), `${name}.js`);
      if (!existsSync(file)) return false;
      process.argv.splice(2, process.argv.length, ...args);
      require(file);
      return true;
    },
    version: (
      JSON.parse(readText(join(dirname(__filename), "..", "package.json")) ?? '{ "version": "unknown" }') as Package
    ).version,
    native: nativeOf(__filename),
  });
  if (status !== "serving") process.exitCode = status;
}

void main();
