// All kernel designs, in the order in which lists show them.
import type { Design } from "./design.ts";
import { linux } from "./linux/index.ts";
import { mshareV3 } from "./mshare-v3/index.ts";
import { ptshareV2 } from "./ptshare-v2/index.ts";

export const designs: readonly Design[] = [linux, mshareV3, ptshareV2];

export function findDesign(name: string): Design | undefined {
  return designs.find((design) => design.name === name);
}
