// What the kernel keeps of a userfaultfd (struct userfaultfd_ctx).
import { bool, number, ref, value } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Mm } from "../mm_types.ts";

/** A userfaultfd: what it was asked to be, and the faults that wait for it. */
export const userfaultfd_ctx = struct("userfaultfd_ctx", {
  refcount: number(),
  /** Flags of userfaultfd(2); features with UFFD_FEATURE_INITIALIZED once UFFDIO_API has come. */
  flags: number("hex"),
  features: number("hex"),
  released: bool(),
  mm: ref<Mm>("mm_struct"),
  /** In order of arrival: number of the wait, address, UFFD_PAGEFAULT_FLAG_*, pid, and 1 once read() has told of it. */
  fault_wqh: value<readonly (readonly number[])[]>([]),
  last_wait: number(),
});
export interface UserfaultfdCtx extends Of<typeof userfaultfd_ctx> {}
