// JSON for other programs: one object a line; integers above 2^53 are decimal strings.

export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_key, item) => (typeof item === "bigint" ? plain(item) : item))}\n`;
}

const plain = (n: bigint): number | string => (n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : String(n));
