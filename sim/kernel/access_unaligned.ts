// Loads and stores of 8 bytes that begin within a word. One that reaches into the next page needs both pages at once: the CPU asks
// for the first, then for the second, and does nothing before it has both.
import type { Steps } from "../core/thread.ts";
import { type Access, X86_PF_USER } from "../hardware/mmu.ts";
import type { Kernel } from "./kernel.ts";

const BYTES = 8;

/** Bytes of an access that lie in its first page. */
const inFirstPage = (address: number): number => Math.min(BYTES, 4096 - (address % 4096));

/** As user_load. */
export function* load_unaligned(k: Kernel, address: number): Steps<number> {
  const pfns = yield* access_both(k, address, "read");
  if (typeof pfns === "number") return pfns;
  const first = inFirstPage(address);
  const bytes = new Uint8Array(BYTES);
  bytes.set(k.read_frame(pfns[0], address % 4096, first));
  bytes.set(k.read_frame(pfns[1], 0, BYTES - first), first);
  const view = new DataView(bytes.buffer);
  const { current: task } = k;
  task.load_low = view.getUint32(0, true);
  task.load_high = view.getUint32(4, true);
  yield k.trace.load(address, pfns[0], task.mm);
  if (first < BYTES) yield k.trace.load(address + first, pfns[1], task.mm);
  return 0;
}

/** As user_store. */
export function* store_unaligned(k: Kernel, address: number, low: number, high: number): Steps<number> {
  const pfns = yield* access_both(k, address, "write");
  if (typeof pfns === "number") return pfns;
  const first = inFirstPage(address);
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  k.write_frame(pfns[0], address % 4096, bytes.subarray(0, first));
  yield k.trace.store(address, pfns[0], k.current.mm, first);
  if (first === BYTES) return 0;
  k.write_frame(pfns[1], 0, bytes.subarray(first));
  yield k.trace.store(address + first, pfns[1], k.current.mm, BYTES - first);
  return 0;
}

/** The frames of the first and of the last byte, or a signal. A fault in the second page is one at its first byte (CR2). What the second page needs may take the first away again. */
function* access_both(k: Kernel, address: number, access: Access): Steps<readonly [number, number] | number> {
  for (;;) {
    const signal = yield* k.user_access(address, access, X86_PF_USER);
    if (signal !== 0) return signal;
    const { pfn } = k.mmu;
    const first = inFirstPage(address);
    if (first === BYTES) return [pfn, pfn];
    const other = yield* k.user_access(address + first, access, X86_PF_USER);
    if (other !== 0) return other;
    const { pfn: last } = k.mmu;
    if (k.translate(address, access) && k.mmu.pfn === pfn) return [pfn, last];
  }
}
