// VMAs as detectors look them up: without any function that a design could replace.
import type { Mm, Vma } from "../kernel/mm_types.ts";

/** The first VMA that ends above `address`. */
export function findVma(mm: Mm, address: number): Vma | null {
  const list = mm.mm_mt;
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.at(middle)!.vm_end > address) high = middle;
    else low = middle + 1;
  }
  return list.at(low) ?? null;
}

export function vmaAt(mm: Mm, address: number): Vma | null {
  const vma = findVma(mm, address);
  return vma && vma.vm_start <= address ? vma : null;
}

/** Whether a VMA of `mm` has a part in [start, end). */
export function intersects(mm: Mm, start: number, end: number): boolean {
  const vma = findVma(mm, start);
  return vma !== null && vma.vm_start < end;
}
