// Flags of mmap and what they make of a mapping (include/linux/mman.h).
import { VM_GROWSDOWN, VM_LOCKED, VM_NOHUGEPAGE, VM_SYNC } from "../flags.ts";
import {
  MAP_32BIT,
  MAP_ABOVE4G,
  MAP_ANONYMOUS,
  MAP_DENYWRITE,
  MAP_EXECUTABLE,
  MAP_FIXED,
  MAP_GROWSDOWN,
  MAP_HUGE_1GB,
  MAP_HUGE_2MB,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_STACK,
  MAP_SYNC,
  MAP_UNINITIALIZED,
} from "../uapi/mman.ts";

/** Flags that are older than MAP_SHARED_VALIDATE, which refuses those that it does not know. */
export const LEGACY_MAP_MASK =
  MAP_SHARED |
  MAP_PRIVATE |
  MAP_FIXED |
  MAP_ANONYMOUS |
  MAP_32BIT |
  MAP_ABOVE4G |
  MAP_GROWSDOWN |
  MAP_DENYWRITE |
  MAP_EXECUTABLE |
  MAP_LOCKED |
  MAP_NORESERVE |
  MAP_POPULATE |
  MAP_NONBLOCK |
  MAP_STACK |
  MAP_HUGETLB |
  MAP_UNINITIALIZED |
  MAP_HUGE_2MB |
  MAP_HUGE_1GB;

export const calc_vm_prot_bits = (prot: number): number => prot & 7;
export const calc_vm_flag_bits = (flags: number): number =>
  (flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) |
  (flags & MAP_LOCKED ? VM_LOCKED : 0) |
  (flags & MAP_SYNC ? VM_SYNC : 0) |
  (flags & MAP_STACK ? VM_NOHUGEPAGE : 0);
