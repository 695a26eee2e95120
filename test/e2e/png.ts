// Pictures of a window made small: a window has few colours, and a picture with a palette of 256 is a third as long.
import { crc32, deflateSync, inflateSync } from "node:zlib";

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const colours = 256;
/** Colour types of PNG: three bytes a pixel, four, or one that is an index. */
const bytesOf: Readonly<Record<number, number>> = { 2: 3, 6: 4 };
const indexed = 3;

/** The same picture with the 256 colours that it has most of; every other becomes the nearest of these. Eight bits a channel. */
export function withPalette(png: Buffer): Buffer {
  const chunks = [...chunksOf(png)];
  const header = chunks.find(({ type }) => type === "IHDR")!.data;
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  const bytes = bytesOf[header[9]]!;
  const packed = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const pixels = unfiltered(inflateSync(packed), width * bytes, height, bytes);

  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += bytes) {
    const colour = pixels.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts].sort((one, other) => other[1] - one[1]).slice(0, colours);
  const known = new Map(palette.map(([colour], index) => [colour, index]));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += bytes)
      rows[y * (width + 1) + 1 + x] = indexOf(pixels.readUIntBE(at, 3), known, palette);

  const newHeader = Buffer.from(header);
  newHeader[9] = indexed;
  const table = Buffer.alloc(palette.length * 3);
  palette.forEach(([colour], index) => void table.writeUIntBE(colour, index * 3, 3));
  const written = { IHDR: newHeader, PLTE: table, IDAT: deflateSync(rows, { level: 9 }), IEND: Buffer.alloc(0) };
  return Buffer.concat([signature, ...Object.entries(written).map(([type, data]) => chunk(type, data))]);
}

function indexOf(colour: number, known: Map<number, number>, palette: readonly (readonly [number, number])[]): number {
  const found = known.get(colour);
  if (found !== undefined) return found;
  const distances = palette.map(([other]) => distance(colour, other));
  const nearest = distances.indexOf(Math.min(...distances));
  known.set(colour, nearest);
  return nearest;
}

function distance(one: number, other: number): number {
  const channel = (shift: number) => (((one >> shift) & 255) - ((other >> shift) & 255)) ** 2;
  return channel(16) + channel(8) + channel(0);
}

function* chunksOf(png: Buffer): Iterable<{ type: string; data: Buffer }> {
  for (let at = signature.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield { type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) };
    at += length + 12;
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Rows as they are, without the filters of PNG (specification, 9.2). */
function unfiltered(raw: Buffer, length: number, height: number, bytes: number): Buffer {
  const rows = Buffer.alloc(length * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (length + 1)];
    for (let x = 0; x < length; x++) {
      const at = y * length + x;
      const left = x >= bytes ? rows[at - bytes] : 0;
      const up = y > 0 ? rows[at - length] : 0;
      const both = x >= bytes && y > 0 ? rows[at - length - bytes] : 0;
      const foreseen = [0, left, up, (left + up) >> 1, paeth(left, up, both)][filter];
      rows[at] = raw[y * (length + 1) + 1 + x] + foreseen;
    }
  }
  return rows;
}

function paeth(left: number, up: number, both: number): number {
  const [fromLeft, fromUp, fromBoth] = [up - both, left - both, left + up - 2 * both].map(Math.abs);
  if (fromLeft <= fromUp && fromLeft <= fromBoth) return left;
  return fromUp <= fromBoth ? up : both;
}
