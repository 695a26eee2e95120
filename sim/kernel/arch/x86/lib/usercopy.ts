// Copying between the kernel and a program's memory (arch/x86/lib/copy_user_64.S, lib/usercopy.c): what cannot
// be faulted in ends the copy where it is.
import type { Steps } from "../../../../core/thread.ts";
import { readBytes, writeBytes } from "../../../../hardware/bytes.ts";
import type { UserBuffer } from "../../../fs/read_write.ts";
import type { Kernel } from "../../../kernel.ts";
import { EFAULT } from "../../../uapi/errno.ts";

/** Bytes from a program's memory, or -EFAULT. `length` in bytes. */
export function* copy_from_user(k: Kernel, address: UserBuffer, length: number): Steps<Uint8Array | number> {
  const bytes = new Uint8Array(length);
  if (typeof address === "string") {
    for (let i = 0; i < Math.min(length, address.length); i++) bytes[i] = address.charCodeAt(i) & 0xff;
    return bytes;
  }
  for (let i = 0; i < length; ) {
    if ((yield* k.user_access(address + i, "read", 0)) !== 0) return -EFAULT;
    const { pfn } = k.mmu;
    const inPage = Math.min(length - i, 4096 - ((address + i) % 4096));
    bytes.set(k.read_frame(pfn, (address + i) % 4096, inPage), i);
    i += inPage;
  }
  return bytes;
}

/** Bytes from a program's memory with page faults off, up to where one would have to be handled. `length` in bytes. */
export function* copy_from_user_inatomic(k: Kernel, address: number, length: number): Steps<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const at = address + done;
    const pfn = yield* k.user_frame_nofault(at);
    if (pfn < 0) break;
    const inPage = Math.min(length - done, 4096 - (at % 4096));
    bytes.set(k.read_frame(pfn, at % 4096, inPage), done);
    done += inPage;
  }
  return bytes.subarray(0, done);
}

/** The frame of a program's address, to be read with page faults off; -1 where one would have to be handled. */
export function* user_frame_nofault(k: Kernel, address: number): Steps<number> {
  k.current.pagefault_disabled++;
  let found = -1;
  while (found < 0 && k.translate(address, "read")) {
    const { hit, pfn, entry } = k.mmu;
    if (!hit) yield k.trace.tlb_fill(address, pfn, k.current.mm, k.cpu.id, entry);
    // A flush between the walk and the access makes the CPU walk again.
    if (hit || k.machine.straight) found = pfn;
  }
  if (found < 0) yield k.trace.page_fault(address, k.mmu.error, k.current.mm, k.current);
  k.current.pagefault_disabled--;
  return found;
}

/** A short text that a program writes to a file of the kernel, without blanks around it; or a negative errno. */
export function* strim_from_user(k: Kernel, address: UserBuffer, count: number): Steps<string | number> {
  const bytes = yield* k.copy_from_user(address, Math.min(count, 4095));
  if (typeof bytes === "number") return bytes;
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end))).trim();
}

/** Writes bytes to a program's memory. Returns 0 or -EFAULT. */
export function* copy_to_user(k: Kernel, address: number, bytes: Uint8Array): Steps<number> {
  return (yield* k.raw_copy_to_user(address, bytes, bytes.length)) === 0 ? 0 : -EFAULT;
}

/** The same, `length` bytes, from a frame perhaps. Returns how many bytes at the end were not written. */
export function* raw_copy_to_user(k: Kernel, address: number, from: CopySource, length: number): Steps<number> {
  for (let i = 0; i < length; ) {
    if ((yield* k.user_access(address + i, "write", 0)) !== 0) return length - i;
    const { pfn } = k.mmu;
    const offset = (address + i) % 4096;
    const inPage = Math.min(length - i, 4096 - offset);
    if (from instanceof Uint8Array) k.write_frame(pfn, offset, from.subarray(i, i + inPage));
    else k.copy_frame(from.pfn, from.offset + i, pfn, offset, inPage);
    yield k.trace.store(address + i, pfn, k.current.mm, inPage);
    i += inPage;
  }
  return 0;
}

/** What is copied to a program: bytes, or those of a frame from an offset on. */
export type CopySource = Uint8Array | { readonly pfn: number; readonly offset: number };

/** Copies forward: what is written is read again where the copy runs into it. Lengths and offsets in bytes. */
export function copy_frame(k: Kernel, from: number, offset: number, to: number, at: number, length: number): void {
  const ahead = from === to && at > offset ? at - offset : length;
  for (let done = 0; done < length; done += ahead) {
    const part = Math.min(ahead, length - done);
    k.write_frame(to, at + done, k.read_frame(from, offset + done, part));
  }
}

/** Bytes of a frame from `offset` on. */
export function read_frame(k: Kernel, pfn: number, offset: number, length: number): Uint8Array {
  return readBytes(k.memory, pfn, offset, length);
}

export function write_frame(k: Kernel, pfn: number, offset: number, bytes: Uint8Array): void {
  writeBytes(k.memory, pfn, offset, bytes);
}
