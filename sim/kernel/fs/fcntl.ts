// fcntl (fs/fcntl.c): copies of descriptors, flags, seals.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import { EBADF, EINVAL } from "../uapi/errno.ts";
import { F_ADD_SEALS, F_GET_SEALS } from "../uapi/fcntl.ts";

const F_DUPFD = 0;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;

export function* sys_fcntl(k: Kernel, fd: number, cmd: number, arg = 0): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  let result = -EINVAL;
  if (cmd === F_DUPFD) result = yield* k.sys_dup(fd);
  else if (cmd === F_GETFD || cmd === F_SETFD) result = 0;
  else if (cmd === F_GETFL) result = file.f_flags;
  else if (cmd === F_ADD_SEALS) result = yield* k.memfd_add_seals(file, arg);
  else if (cmd === F_GET_SEALS) result = k.memfd_get_seals(file);
  k.fdput(file);
  return result;
}
