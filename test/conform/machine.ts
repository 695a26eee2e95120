// What the tests of conform share: a command line in memory, and whether this machine can judge.
import { readFileSync } from "node:fs";
import { command } from "../../server/cli/command.ts";
import { native, nativeOf } from "../../server/cli/native.node.ts";
import type { Native } from "../../server/cli/native.ts";
import type { Terminal } from "../../server/cli/terminal.ts";

export interface Ran {
  readonly status: number | "serving";
  readonly out: string;
  readonly error: string;
}

/** With the built command, for runs that several processes share. */
export const shared = nativeOf("dist/mshare.js");

/** A command line that says nothing to anybody. */
export const terminalWith = (with_: Native): Terminal => ({
  read: readText,
  out() {},
  error() {},
  colors: false,
  progress: false,
  interrupted: () => false,
  breathe: () => Promise.resolve(),
  write: () => "nothing is written here",
  server: () => false,
  version: "test",
  native: with_,
});

/** Runs `mshare` with these arguments. `files`: texts that lie in no file. */
export async function mshare(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  with_: Native = native,
): Promise<Ran> {
  let [out, error] = ["", ""];
  const status = await command(args, {
    ...terminalWith(with_),
    read: (path) => files[path] ?? readText(path),
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
  });
  return { status, out, error };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Why scenarios cannot be held against a real kernel here; undefined where they can. */
export async function whyNot(): Promise<string | undefined> {
  const program = await native.compile("int main(void) { return 0; }\n");
  if (typeof program === "string") return program;
  program.remove();
  return undefined;
}

let said = false;

/** For `before`: skips the tests, and says once why. */
export async function skipWithoutCompiler(this: Mocha.Context): Promise<void> {
  this.timeout(60_000);
  const reason = await whyNot();
  if (reason === undefined) return;
  if (!said) console.log(`\n  conform: skipped, ${reason.split("\n")[0]}`);
  said = true;
  this.skip();
}
