// Draws extension/icon.png (vsce takes no SVG): two processes' page tables that lead to one shared table.
//   node tools/icon.mjs
import { writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";

const size = 128;
const samples = 4; // a side, for smooth edges

const night = [18, 32, 47];
const blue = [88, 166, 255];
const green = [63, 200, 120];
const amber = [255, 184, 76];

/** Later shapes cover earlier ones; all in units of pixels. */
const shapes = [
  { colour: night, covers: box(0, 0, 128, 128, 24) },
  { colour: blue, covers: line(34, 46, 34, 66, 4) },
  { colour: blue, covers: line(34, 66, 58, 80, 4) },
  { colour: green, covers: line(94, 46, 94, 66, 4) },
  { colour: green, covers: line(94, 66, 70, 80, 4) },
  ...table(14, 16, blue),
  ...table(74, 16, green),
  ...table(44, 80, amber),
];

/** A page table: a frame with three entries in it, one of them filled. */
function table(x, y, colour) {
  const entry = (index) => box(x + 5 + 10.7 * index, y + 8, 8.5, 16, 2);
  return [
    { colour, covers: box(x, y, 40, 32, 6) },
    { colour: night, covers: box(x + 3, y + 3, 34, 26, 4) },
    { colour, covers: entry(1) },
    { colour: colour.map((channel, at) => (channel + 2 * night[at]) / 3), covers: entry(0) },
    { colour: colour.map((channel, at) => (channel + 2 * night[at]) / 3), covers: entry(2) },
  ];
}

function box(left, top, width, height, radius) {
  return (x, y) => {
    const dx = Math.max(left + radius - x, 0, x - (left + width - radius));
    const dy = Math.max(top + radius - y, 0, y - (top + height - radius));
    return Math.hypot(dx, dy) <= radius && x >= left && x <= left + width && y >= top && y <= top + height;
  };
}

function line(x0, y0, x1, y1, width) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  return (x, y) => {
    const along = Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length ** 2));
    return Math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) <= width / 2;
  };
}

/** Red, green, blue, opacity of one pixel: the mean of its samples. */
function pixel(x, y) {
  const sum = [0, 0, 0, 0];
  for (let sample = 0; sample < samples ** 2; sample++) {
    const at = [x + ((sample % samples) + 0.5) / samples, y + (Math.floor(sample / samples) + 0.5) / samples];
    const shape = shapes.findLast(({ covers }) => covers(...at));
    if (shape) for (const [channel, value] of [...shape.colour, 255].entries()) sum[channel] += value;
  }
  const covered = sum[3] / 255;
  return [...sum.slice(0, 3).map((total) => (covered ? total / covered : 0)), sum[3] / samples ** 2];
}

function png() {
  const rows = [];
  for (let y = 0; y < size; y++) {
    rows.push(0); // no filter
    for (let x = 0; x < size; x++) rows.push(...pixel(x, y).map(Math.round));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6], 8); // 8 bits a channel, with opacity
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.from(rows), { level: 9 });
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

writeFileSync(new URL("../extension/icon.png", import.meta.url), png());
