// Integer literals: decimal, 0x…, leading-zero octal, with binary unit suffixes.

export const MAX_U64 = 2n ** 64n - 1n;

const units: Readonly<Record<string, bigint>> = {
  "": 1n,
  K: 2n ** 10n,
  M: 2n ** 20n,
  G: 2n ** 30n,
  T: 2n ** 40n,
  KiB: 2n ** 10n,
  MiB: 2n ** 20n,
  GiB: 2n ** 30n,
  TiB: 2n ** 40n,
};

/** The suffixes that an integer may bear. */
export const unitNames = Object.keys(units).filter((unit) => unit !== "");

/** A literal's value, or in plain words why it has none. */
export function readInteger(text: string): bigint | { readonly error: string; readonly suffix?: string } {
  // Nearly all numbers of a file are short and plain.
  if (/^[1-9][0-9]{0,14}$/.test(text)) return BigInt(text);
  const match = /^(0[xX][0-9A-Fa-f]+|[0-9]+)([A-Za-z_]\w*)?$/.exec(text);
  if (!match) return { error: `\`${text}\` is not an integer.` };
  const [, digits, suffix = ""] = match;
  const isOctal = /^0[0-9]+$/.test(digits);
  if (isOctal && /[89]/.test(digits)) {
    return { error: `\`${digits}\` starts with 0, so it is octal, and octal digits go up to 7.` };
  }
  const unit = Object.hasOwn(units, suffix) ? units[suffix] : undefined;
  if (unit === undefined) {
    return { error: `\`${suffix}\` is not a unit; write one of ${unitNames.join(", ")}.`, suffix };
  }
  // A number of very many digits would cost time in BigInt for nothing.
  if (digits.replace(/^0[xX]?0*/, "").length > 24) return { error: `\`${shorten(text)}\` does not fit in 64 bits.` };
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits) * unit;
  return value > MAX_U64 ? { error: `\`${text}\` does not fit in 64 bits.` } : value;
}

const shorten = (text: string) => (text.length > 24 ? `${text.slice(0, 24)}…` : text);

/** As people write sizes: `512GiB` where a unit divides it evenly, else decimal. */
export function showSize(value: bigint): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB"]) {
    if (value !== 0n && value % units[unit] === 0n) return `${value / units[unit]}${unit}`;
  }
  return String(value);
}

export function showHex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
