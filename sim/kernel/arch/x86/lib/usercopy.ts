// Copying between the kernel and a program's memory (arch/x86/lib/copy_user_64.S, lib/usercopy.c): what cannot
// be faulted in ends the copy where it is.
import type { Steps } from "../../../../core/thread.ts";
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
  k.current.pagefault_disabled++;
  let done = 0;
  while (done < length) {
    const at = address + done;
    if (!k.translate(at, "read")) {
      yield k.trace.page_fault(at, k.mmu.error, k.current.mm, k.current);
      break;
    }
    const { hit, pfn, entry } = k.mmu;
    if (!hit) yield k.trace.tlb_fill(at, pfn, k.current.mm, k.cpu.id, entry);
    // A flush between the walk and the access makes the CPU walk again.
    if (!hit && !k.machine.straight) continue;
    const inPage = Math.min(length - done, 4096 - (at % 4096));
    bytes.set(k.read_frame(pfn, at % 4096, inPage), done);
    done += inPage;
  }
  k.current.pagefault_disabled--;
  return bytes.subarray(0, done);
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
  return (yield* k.raw_copy_to_user(address, bytes)) === 0 ? 0 : -EFAULT;
}

/** The same. Returns how many bytes at the end were not written. */
export function* raw_copy_to_user(k: Kernel, address: number, bytes: Uint8Array): Steps<number> {
  for (let i = 0; i < bytes.length; ) {
    if ((yield* k.user_access(address + i, "write", 0)) !== 0) return bytes.length - i;
    const { pfn } = k.mmu;
    const inPage = Math.min(bytes.length - i, 4096 - ((address + i) % 4096));
    k.write_frame(pfn, (address + i) % 4096, bytes.subarray(i, i + inPage));
    yield k.trace.store(address + i, pfn, k.current.mm, inPage);
    i += inPage;
  }
  return 0;
}

/** Bytes of a frame from `offset` on. */
export function read_frame(k: Kernel, pfn: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const at = offset + i;
    k.memory.readWord(pfn, at >> 3);
    const half = at & 4 ? k.memory.high : k.memory.low;
    bytes[i] = Math.floor(half / 2 ** (8 * (at & 3))) % 256;
  }
  return bytes;
}

export function write_frame(k: Kernel, pfn: number, offset: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    const at = offset + i;
    k.memory.readWord(pfn, at >> 3);
    const shift = 2 ** (8 * (at & 3));
    const put = (half: number) => half - (Math.floor(half / shift) % 256) * shift + bytes[i]! * shift;
    const low = at & 4 ? k.memory.low : put(k.memory.low);
    const high = at & 4 ? put(k.memory.high) : k.memory.high;
    k.memory.writeWord(pfn, at >> 3, low, high);
  }
}
