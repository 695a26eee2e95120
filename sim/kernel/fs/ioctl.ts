// ioctl (fs/ioctl.c), and how structures come from and go to the user. A scenario passes a structure by its fields; a
// program could also pass the address of one in its memory, which is what a number other than 0 means.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import { EBADF, EFAULT, ENOTTY } from "../uapi/errno.ts";
import { file_op } from "./operations.ts";
import { access_ok } from "./read_write.ts";

/** A structure by its fields, which the kernel may write to; or a user address, 0 for NULL. */
export type IoctlArg = Record<string, bigint> | bigint | number;

/** Fields of a structure in C order, with their sizes in bytes (8 or 4; no hidden padding but at the end). */
export type Layout = readonly (readonly [name: string, bytes: 4 | 8])[];

const FIONCLEX = 0x5450;
const FIOCLEX = 0x5451;

/** `cmd`: 32 bits, as composed by _IO, _IOR, _IOW, _IOWR. */
export function* sys_ioctl(k: Kernel, fd: number, cmd: number, arg: IoctlArg): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const ioctl = file_op(k, file, "unlocked_ioctl");
  // Closing on exec has no effect here: nobody calls execve.
  const generic = cmd === FIOCLEX || cmd === FIONCLEX;
  const result = generic ? 0 : ioctl ? yield* ioctl(file, cmd, arg) : -ENOTTY;
  k.fdput(file);
  return result;
}

const sizeOf = (layout: Layout): number => Math.ceil(layout.reduce((sum, [, bytes]) => sum + bytes, 0) / 8) * 8;

/** A copy of the user's structure, each field cut to its width; -EFAULT where it cannot be read. Missing fields are 0. */
export function* copy_struct_from_user(
  k: Kernel,
  arg: IoctlArg,
  layout: Layout,
): Steps<Record<string, bigint> | number> {
  const fields: Record<string, bigint> = {};
  if (typeof arg === "object") {
    for (const [name, bytes] of layout) fields[name] = BigInt.asUintN(8 * bytes, arg[name] ?? 0n);
    return fields;
  }
  const address = Number(arg);
  if (address === 0 || !access_ok(k, address, sizeOf(layout))) return -EFAULT;
  const raw = yield* k.copy_from_user(address, sizeOf(layout));
  if (typeof raw === "number") return raw;
  const view = new DataView(raw.buffer, raw.byteOffset);
  let at = 0;
  for (const [name, bytes] of layout) {
    fields[name] = bytes === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
    at += bytes;
  }
  return fields;
}

/** Writes the fields back to where the user's structure is. Returns 0 or -EFAULT. */
export function* copy_struct_to_user(
  k: Kernel,
  arg: IoctlArg,
  layout: Layout,
  fields: Readonly<Record<string, bigint>>,
): Steps<number> {
  if (typeof arg === "object") {
    for (const [name, bytes] of layout) arg[name] = BigInt.asUintN(8 * bytes, fields[name] ?? 0n);
    return 0;
  }
  const address = Number(arg);
  if (address === 0 || !access_ok(k, address, sizeOf(layout))) return -EFAULT;
  const raw = new Uint8Array(sizeOf(layout));
  const view = new DataView(raw.buffer);
  let at = 0;
  for (const [name, bytes] of layout) {
    if (bytes === 8) view.setBigUint64(at, fields[name] ?? 0n, true);
    else view.setUint32(at, Number(fields[name] ?? 0n), true);
    at += bytes;
  }
  return yield* k.copy_to_user(address, raw);
}
