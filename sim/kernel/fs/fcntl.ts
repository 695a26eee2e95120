// fcntl (fs/fcntl.c): seals. What it does to descriptors is left out: `dup` copies them, and nothing is ever executed.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import { EBADF, EINVAL } from "../uapi/errno.ts";
import { F_ADD_SEALS, F_GET_SEALS } from "../uapi/fcntl.ts";

export function* sys_fcntl(k: Kernel, fd: number, cmd: number, arg = 0): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  let result = -EINVAL;
  if (cmd === F_ADD_SEALS) result = yield* k.memfd_add_seals(file, arg);
  else if (cmd === F_GET_SEALS) result = k.memfd_get_seals(file);
  k.fdput(file);
  return result;
}
