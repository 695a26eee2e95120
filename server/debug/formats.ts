// How numbers are shown: as the engine has them, or in another base, for all values or for one.

export type Base = "hex" | "decimal";

export class Formats {
  /** For all values that have no base of their own. */
  all: Base | undefined;
  private readonly own = new Map<string, Base>();

  /** `undefined` takes the value's own base away. */
  set(key: string, base: Base | undefined): void {
    if (base) this.own.set(key, base);
    else this.own.delete(key);
  }

  of(key: string): Base | undefined {
    return this.own.get(key) ?? this.all;
  }
}

const INTEGER = /^(-?)(0x[\da-f]+|\d+)\b(?![.:])/;

/** The number at the beginning of a value in that base; what follows it, as a size or the names of flags, stays. Integers may have 64 bits. */
export function shown(value: string, base: Base | undefined): string {
  if (!base) return value;
  const both = /^(\d+) \((0x[\da-f]+)(?:, [^)]*)?\)$/.exec(value);
  if (both) return base === "hex" ? both[2]! : both[1]!;
  // A range or a description that only begins like a number.
  if (/^0x[\da-f]+-/.test(value)) return value;
  return value.replace(INTEGER, (_, sign: string, digits: string) => {
    const number = BigInt(digits);
    return `${sign}${base === "hex" ? `0x${number.toString(16)}` : number}`;
  });
}
