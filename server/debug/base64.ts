// Bytes as DAP sends them. `btoa` and `atob` exist in Node and in browsers; Buffer does not.
import { RequestError } from "./errors.ts";

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export function fromBase64(data: string): Uint8Array {
  try {
    return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  } catch {
    throw new RequestError("badArguments", "`data` must be base64");
  }
}
