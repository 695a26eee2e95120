// Integer literals: decimal, 0x…, leading-zero octal, with binary unit suffixes.

export const MAX_U64 = 2n ** 64n - 1n;

const units: ReadonlyMap<string, bigint> = new Map([
  ["", 1n],
  ["K", 2n ** 10n],
  ["M", 2n ** 20n],
  ["G", 2n ** 30n],
  ["T", 2n ** 40n],
  ["KiB", 2n ** 10n],
  ["MiB", 2n ** 20n],
  ["GiB", 2n ** 30n],
  ["TiB", 2n ** 40n],
]);

/** The suffixes that an integer may bear. */
export const unitNames = [...units.keys()].filter((unit) => unit !== "");

/** A literal's value, or in plain words why it has none. */
export function readInteger(text: string): bigint | { readonly error: string; readonly suffix?: string } {
  const plain = plainInteger(text);
  if (plain !== undefined) return plain;
  const match = /^(0[xX][0-9A-Fa-f]+|[0-9]+)([A-Za-z_]\w*)?$/.exec(text);
  if (!match) return { error: `\`${text}\` is not an integer.` };
  const [, digits, suffix = ""] = match;
  const isOctal = /^0[0-9]+$/.test(digits);
  if (isOctal && /[89]/.test(digits)) {
    return { error: `\`${digits}\` starts with 0, so it is octal, and octal digits go up to 7.` };
  }
  const unit = units.get(suffix);
  if (unit === undefined) {
    return { error: `\`${suffix}\` is not a unit; write one of ${unitNames.join(", ")}.`, suffix };
  }
  // A number of very many digits would cost time in BigInt for nothing.
  if (digits.replace(/^0[xX]?0*/, "").length > 24) return { error: `\`${shorten(text)}\` does not fit in 64 bits.` };
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits) * unit;
  return value > MAX_U64 ? { error: `\`${text}\` does not fit in 64 bits.` } : value;
}

/** Nearly all numbers of a file: few decimal digits, then nothing or a unit. Undefined for all others. */
function plainInteger(text: string): bigint | undefined {
  let value = 0;
  let at = 0;
  for (; at < text.length && at < 16; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (at === 0 || at > 15 || (at > 1 && text.startsWith("0"))) return undefined;
  if (at === text.length) return BigInt(value);
  const unit = units.get(text.slice(at));
  const product = unit === undefined ? MAX_U64 + 1n : BigInt(value) * unit;
  return product > MAX_U64 ? undefined : product;
}

const shorten = (text: string) => (text.length > 24 ? `${text.slice(0, 24)}…` : text);

/** As people write sizes: `512GiB` where a unit divides it evenly, else decimal. */
export function showSize(value: bigint): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB"]) {
    const bytes = units.get(unit)!;
    if (value !== 0n && value % bytes === 0n) return `${value / bytes}${unit}`;
  }
  return String(value);
}

export function showHex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
