// One call of a process as C: how its arguments are handed to the agent.
import type { Param } from "../kernel/syscall_table.ts";
import type { CallStatement, Expr } from "../scenario/ast.ts";
import { ioctlCalls } from "../scenario/ioctls.ts";
import { type CScope, cExpression, constantText, cString } from "./c_expression.ts";
import { NotExportable } from "./not_exportable.ts";

/** A number, a path, other text, or an address for which there may be a text. */
type ArgumentKind = "number" | "path" | "text" | "buffer";

/** System calls that the agent does as they are, with the kinds of their arguments. */
const SYSTEM_CALLS: Readonly<Record<string, readonly ArgumentKind[]>> = {
  open: ["path", "number", "number"],
  close: ["number"],
  read: ["number", "number", "number"],
  write: ["number", "buffer", "number"],
  unlink: ["path"],
  rename: ["path", "path"],
  mkdir: ["path", "number"],
  rmdir: ["path"],
  ftruncate: ["number", "number"],
  memfd_create: ["text", "number"],
  ioctl: ["number", "number", "number"],
  userfaultfd: ["number"],
  mmap: ["number", "number", "number", "number", "number", "number"],
  munmap: ["number", "number"],
  mremap: ["number", "number", "number", "number", "number"],
  mprotect: ["number", "number", "number"],
  madvise: ["number", "number", "number"],
  mincore: ["number", "number", "number"],
  mlock: ["number", "number"],
  mlock2: ["number", "number", "number"],
  munlock: ["number", "number"],
  mlockall: ["number"],
  munlockall: [],
  msync: ["number", "number", "number"],
  fallocate: ["number", "number", "number", "number"],
  lseek: ["number", "number", "number"],
  dup: ["number"],
  fsync: ["number"],
  fcntl: ["number", "number", "number"],
  link: ["path", "path"],
};

const ACCESSES: Readonly<Record<string, string>> = { load: "OP_LOAD", store: "OP_STORE", exec: "OP_EXEC" };

/** The fields of `struct call` beyond place, actor and variable. */
export function callFields(statement: CallStatement, scope: CScope): string[] {
  const { name, args } = statement.call;
  const number = (at: number) => (args[at] ? cExpression(args[at], scope) : "0");
  const kinds = SYSTEM_CALLS[name.text];
  if (kinds) return systemCall(statement, kinds, scope);
  const access = ACCESSES[name.text];
  if (access) return [`.op = ${access}`, `.arg = {${args.map((arg) => cExpression(arg, scope)).join(", ")}}`];
  switch (name.text) {
    case "touch":
      return [".op = OP_TOUCH", `.arg = {${number(0)}, ((${number(1)}) + 4095) / 4096, ${number(2)}}`];
    case "fork":
      return [".kind = DO_FORK", `.child = ${process(args[0]!, scope)}`];
    case "exit":
      return [".kind = DO_EXIT", `.arg = {${number(0)}}`];
    case "wait":
      return [".kind = DO_WAIT", `.child = ${args[0] ? process(args[0], scope) : "-1"}`];
    case "status":
      return [".kind = DO_STATUS", `.field = ${field(args[0], "VmPTE", scope)}`];
    case "smaps":
      return [".kind = DO_SMAPS", `.arg = {${number(0)}}`, `.field = ${field(args[1], "Rss", scope)}`];
    case "pagemap":
      return [".kind = DO_PAGEMAP", `.arg = {${number(0)}}`];
  }
  throw new NotExportable(`\`${name.text}\` cannot be exported.`, name);
}

function systemCall(statement: CallStatement, kinds: readonly ArgumentKind[], scope: CScope): string[] {
  const { name, args } = statement.call;
  const texts: string[] = [];
  const numbers = kinds.map((kind, i) => {
    const arg = args[i];
    if (kind === "number" || (kind === "buffer" && !isText(arg, scope))) return arg ? cExpression(arg, scope) : "0";
    const text = arg ? constantText(arg, scope) : "";
    if (text.includes("\0")) throw new NotExportable("A text that is exported may not have a byte of 0.", arg);
    texts.push(`[${i}] = ${cString(kind === "path" ? privatePath(text, arg!) : text)}`);
    return "0";
  });
  const fields = [`.nr = SYS_${name.text}`, `.arg = {${numbers.join(", ")}}`];
  if (texts.length > 0) fields.push(`.text = {${texts.join(", ")}}`);
  if (name.text === "mincore" && args[2] === undefined) fields.push(".vec = 1");
  if (name.text === "ioctl") fields.push(...structure(args, scope));
  return fields;
}

/** The structure that is an ioctl's argument, written out: its words in the order of its fields. */
function structure(args: readonly Expr[], scope: CScope): string[] {
  const [, request, given] = args;
  if (given?.kind !== "struct") return [];
  const named = request?.kind === "name" ? request.name : "";
  const spec = ioctlCalls.find(({ params }) => params[1]?.constants?.[0] === named)?.params[2];
  // Those have fields of 8 bytes only.
  if (!spec?.fields || !named.startsWith("UFFDIO_"))
    throw new NotExportable("This request cannot be made of a real Linux.", request ?? given);
  const words = wordsOf(spec.fields, given, scope);
  return [`.words = {${words.join(", ")}}`, `.word_count = ${words.length}`];
}

function wordsOf(fields: readonly Param[], given: Expr | undefined, scope: CScope): string[] {
  return fields.flatMap(({ name, fields: within, output }) => {
    const value = given?.kind === "struct" ? given.fields.find((one) => one.name.text === name)?.value : undefined;
    if (value && output) throw new NotExportable("What the kernel writes into a structure cannot be kept.", value);
    if (within) return wordsOf(within, value, scope);
    return [value ? cExpression(value, scope) : "0"];
  });
}

function isText(expr: Expr | undefined, scope: CScope): boolean {
  if (expr?.kind === "group") return isText(expr.inner, scope);
  return expr?.kind === "string" || (expr?.kind === "name" && typeof scope.constant(expr.name) === "string");
}

/** What a path of a control group begins with. */
export const GROUP_PATH = "\x02";

/** Files are made in a directory of the program's own; a byte of 1 stands for it. What lies elsewhere is left alone. */
function privatePath(path: string, at: Expr): string {
  const parts = path.split("/");
  if (parts.includes("..")) throw new NotExportable("A path with `..` could lead out of the program's own files.", at);
  for (const [folder, own] of [
    ["/dev/shm", "\x01/shm"],
    ["/tmp", "\x01/tmp"],
    ["/sys/fs/cgroup", GROUP_PATH],
  ] as const)
    if (path === folder || path.startsWith(`${folder}/`)) return own + path.slice(folder.length);
  if (path === "") return path;
  throw new NotExportable("Only files below /dev/shm and /tmp, and control groups, can be used on a real Linux.", at);
}

function process(expr: Expr, scope: CScope): string {
  const member = scope.member(expr);
  if (member === undefined) throw new NotExportable("This names no declared process.", expr);
  return member;
}

const field = (expr: Expr | undefined, otherwise: string, scope: CScope): string =>
  cString(expr ? constantText(expr, scope) : otherwise);
