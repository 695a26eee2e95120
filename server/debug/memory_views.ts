// What clients have read of memory: where it is different at the next stop they are told, so that open views follow.
import type { DebugSession } from "../../sim/debugging.ts";

interface View {
  readonly memoryReference: string;
  readonly offset: number;
  readonly count: number;
}

/** Views that are remembered, and bytes of each that are compared. */
const MOST_VIEWS = 32;
const MOST_BYTES = 1 << 16;

export class MemoryViews {
  private readonly views = new Map<string, { readonly view: View; bytes: Uint8Array }>();

  /** `wanted` bytes were asked for and these are there: what is not mapped yet may be later. */
  opened(memoryReference: string, offset: number, wanted: number, bytes: Uint8Array): void {
    const view = { memoryReference, offset, count: Math.min(wanted, MOST_BYTES) };
    const key = `${memoryReference} ${offset}`;
    this.views.delete(key);
    this.views.set(key, { view, bytes: bytes.slice(0, view.count) });
    if (this.views.size > MOST_VIEWS) this.views.delete(this.views.keys().next().value as string);
  }

  /** Those whose bytes are different by now; each is told once. */
  changes(session: DebugSession): View[] {
    const changed: View[] = [];
    for (const kept of this.views.values()) {
      const { memoryReference, offset, count } = kept.view;
      const bytes = session.readMemory(memoryReference, offset, count);
      if (bytes.length === kept.bytes.length && bytes.every((byte, i) => byte === kept.bytes[i])) continue;
      kept.bytes = bytes;
      changed.push(kept.view);
    }
    return changed;
  }
}
