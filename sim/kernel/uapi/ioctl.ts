// How Linux composes ioctl request numbers on x86-64:
//
//   31 30 | 29 ........ 16 | 15 .... 8 | 7 ..... 0
//   dir   | argument bytes | type      | number
//
// The direction is the user's: write (1) hands data to the kernel, read (2) gets data back.
// Requests are unsigned 32-bit numbers.

const WRITE = 1;
const READ = 2;

/** `type` is one character, such as "x", or its code; `nr` 0..255; `sizeBytes` below 16 KiB. */
function compose(direction: number, type: string | number, nr: number, sizeBytes: number): number {
  const code = typeof type === "string" ? type.charCodeAt(0) : type;
  return direction * 2 ** 30 + sizeBytes * 2 ** 16 + code * 2 ** 8 + nr;
}

/** A request without argument. */
export function _IO(type: string | number, nr: number): number {
  return compose(0, type, nr, 0);
}

/** A request that returns a structure of `sizeBytes`. */
export function _IOR(type: string | number, nr: number, sizeBytes: number): number {
  return compose(READ, type, nr, sizeBytes);
}

/** A request that takes a structure of `sizeBytes`. */
export function _IOW(type: string | number, nr: number, sizeBytes: number): number {
  return compose(WRITE, type, nr, sizeBytes);
}

/** A request that takes and returns a structure of `sizeBytes`. */
export function _IOWR(type: string | number, nr: number, sizeBytes: number): number {
  return compose(WRITE + READ, type, nr, sizeBytes);
}

/** The size of the argument that a request number announces, in bytes. */
export function ioctlSizeBytes(request: number): number {
  return Math.floor(request / 2 ** 16) & 0x3fff;
}
