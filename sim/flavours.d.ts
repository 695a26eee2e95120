// Modules that the build makes (tools/flavours.mjs).
declare module "*?straight";

/** Every step's place in the kernel's source: `[file, line, function]`; the index is the one in `k.sites`. */
declare module "virtual:sites" {
  export const siteCount: number;
  export function sites(): readonly (readonly [file: string, line: number, name: string])[];
}
