// Writing to a file through its page cache (mm/filemap.c).
import type { Steps } from "../../core/thread.ts";
import { address_space_op } from "../fs/operations.ts";
import { buffer_from, type UserBuffer } from "../fs/read_write.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace } from "../mm_types.ts";
import { EFAULT } from "../uapi/errno.ts";

/**
 * Writes `count` bytes page by page. They are copied with page faults off, while the page of the file is locked: who writes from
 * a mapping of that very page would wait for it for ever. Before 6.16 what is not there is faulted in ahead of each page; since
 * then only after a copy that got nowhere, which has left the page in the file.
 * @returns how many bytes were written; if none, a negative errno
 */
export function* generic_perform_write(
  k: Kernel,
  mapping: AddressSpace,
  from: UserBuffer,
  count: number,
  pos: number,
): Steps<number> {
  const write_begin = address_space_op(k, mapping, "write_begin")!;
  const write_end = address_space_op(k, mapping, "write_end")!;
  const ahead = k.config.version === "6.12";
  let written = 0;
  let status = 0;
  while (written < count) {
    const at = pos + written;
    const bytes = Math.min(4096 - (at % 4096), count - written);
    const source = buffer_from(from, written);
    if (ahead && (yield* k.fault_in_iov_iter_readable(source, bytes)) === bytes) status = -EFAULT;
    if (status !== 0) break;
    const page = yield* write_begin(mapping, at, bytes);
    if (typeof page === "number") status = page;
    else {
      const copied = yield* k.copy_folio_from_iter_atomic(page, at % 4096, source, bytes);
      yield* write_end(mapping, at, copied, page);
      written += copied;
      const nowhere = copied === 0 && !ahead;
      if (nowhere && (yield* k.fault_in_iov_iter_readable(source, bytes)) === bytes) status = -EFAULT;
    }
    if (status !== 0) break;
  }
  return written || status;
}
