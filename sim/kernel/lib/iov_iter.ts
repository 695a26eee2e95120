// What read and write are handed by a program, part by part (lib/iov_iter.c).
import type { Steps } from "../../core/thread.ts";
import type { UserBuffer } from "../fs/read_write.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";

/**
 * Writes what a file gave to a program's memory. A copy that stops short is tried again from there, until it gets nowhere.
 * Returns the number of bytes written.
 */
export function* copy_page_to_iter(k: Kernel, address: number, bytes: Uint8Array): Steps<number> {
  for (let done = 0; ; ) {
    const left = yield* k.raw_copy_to_user(address + done, bytes.subarray(done));
    const got_nowhere = left === bytes.length - done;
    done = bytes.length - left;
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
  const found =
    typeof from === "string" ? yield* k.copy_from_user(from, bytes) : yield* k.copy_from_user_inatomic(from, bytes);
  if (typeof found === "number") return 0;
  k.write_frame(page.slot, offset, found);
  return found.length;
}
