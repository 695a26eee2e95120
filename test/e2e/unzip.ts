// Reads a zip archive, as far as a .vsix is one: no encryption, no more than 4 GB.
import { inflateRawSync } from "node:zlib";

/** The files of an archive by their names. */
export function unzip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const entry = Buffer.from("PK\x01\x02");
  let at = zip.readUInt32LE(zip.lastIndexOf(Buffer.from("PK\x05\x06")) + 16);
  while (zip.subarray(at, at + 4).equals(entry)) {
    const [name, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    files.set(zip.toString("utf8", at + 46, at + 46 + name), contents(zip, at));
    at += 46 + name + extra + comment;
  }
  return files;
}

function contents(zip: Buffer, entry: number): Buffer {
  const packed = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const bytes = zip.subarray(start, start + packed);
  return zip.readUInt16LE(entry + 10) === 0 ? bytes : inflateRawSync(bytes);
}
