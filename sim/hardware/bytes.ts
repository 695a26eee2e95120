// Bytes of a frame, word by word: a word that is watched changes once, however many of its bytes do.
import type { Memory } from "./memory.ts";

/** `length` bytes of a frame from byte `offset` on. */
export function readBytes(memory: Memory, pfn: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const word = new DataView(new ArrayBuffer(8));
  for (let at = 0; at < length; ) {
    const from = (offset + at) % 8;
    const count = Math.min(8 - from, length - at);
    readInto(word, memory, pfn, Math.floor((offset + at) / 8));
    for (let i = 0; i < count; i++) bytes[at + i] = word.getUint8(from + i);
    at += count;
  }
  return bytes;
}

/** Puts bytes into a frame from byte `offset` on. */
export function writeBytes(memory: Memory, pfn: number, offset: number, bytes: Uint8Array): void {
  const word = new DataView(new ArrayBuffer(8));
  for (let at = 0; at < bytes.length; ) {
    const from = (offset + at) % 8;
    const count = Math.min(8 - from, bytes.length - at);
    const index = Math.floor((offset + at) / 8);
    if (count < 8) readInto(word, memory, pfn, index);
    for (let i = 0; i < count; i++) word.setUint8(from + i, bytes[at + i]!);
    memory.writeWord(pfn, index, word.getUint32(0, true), word.getUint32(4, true));
    at += count;
  }
}

function readInto(word: DataView, memory: Memory, pfn: number, index: number): void {
  memory.readWord(pfn, index);
  word.setUint32(0, memory.low, true);
  word.setUint32(4, memory.high, true);
}
