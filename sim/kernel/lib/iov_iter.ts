// What read and write are handed by a program, part by part (lib/iov_iter.c).
import type { Steps } from "../../core/thread.ts";
import type { CopySource } from "../arch/x86/lib/usercopy.ts";
import type { UserBuffer } from "../fs/read_write.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";

/**
 * Writes `length` bytes that a file gave to a program's memory. A copy that stops short is tried again from there, until it gets
 * nowhere. Returns the number of bytes written.
 */
export function* copy_page_to_iter(k: Kernel, address: number, from: CopySource, length: number): Steps<number> {
  for (let done = 0; ; ) {
    const rest = from instanceof Uint8Array ? from.subarray(done) : { pfn: from.pfn, offset: from.offset + done };
    const left = yield* k.raw_copy_to_user(address + done, rest, length - done);
    const got_nowhere = left === length - done;
    done = length - left;
    if (left === 0 || got_nowhere) return done;
  }
}

/** Has the pages of `bytes` bytes made. Returns how many bytes at the end cannot be read. */
export function* fault_in_iov_iter_readable(k: Kernel, from: UserBuffer, bytes: number): Steps<number> {
  return typeof from === "string" ? 0 : yield* k.fault_in_readable(from, bytes);
}

/** Copies into a page of a file what is there without a page fault. Returns the number of bytes. */
export function* copy_folio_from_iter_atomic(
  k: Kernel,
  page: Page,
  offset: number,
  from: UserBuffer,
  bytes: number,
): Steps<number> {
  if (typeof from === "string") {
    const text = yield* k.copy_from_user(from, bytes);
    if (typeof text !== "number") k.write_frame(page.slot, offset, text);
    return bytes;
  }
  let copied = 0;
  while (copied < bytes) {
    const at = from + copied;
    const pfn = yield* k.user_frame_nofault(at);
    if (pfn < 0) break;
    const inPage = Math.min(bytes - copied, 4096 - (at % 4096));
    k.copy_frame(pfn, at % 4096, page.slot, offset + copied, inPage);
    copied += inPage;
  }
  return copied;
}
