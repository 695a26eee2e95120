// From an address of the process to the page there, for its guest, and back (virt/kvm/kvm_main.c).
import type { Steps } from "../../../core/thread.ts";
import { _PAGE_PSE, entryPfn } from "../../../hardware/entry.ts";
import { FAULT_FLAG_WRITE, PG_dirty } from "../../flags.ts";
import type { Kernel } from "../../kernel.ts";
import { FOLL_UNLOCKABLE, FOLL_WRITE, mmap_locked } from "../../mm/gup.ts";
import type { GrabbedPage } from "../../mm/gup_fast.ts";
import { EFAULT } from "../../uapi/errno.ts";

/** A page of the process, with a reference, and whether it may be written to. */
export interface GuestPage extends GrabbedPage {
  readonly writable: boolean;
}

/** The page at an address of the process, made present by a fault if need be. Or a negative errno. */
export function* hva_to_pfn(k: Kernel, hva: number, access: "read" | "write"): Steps<GuestPage | number> {
  const fast = yield* k.get_user_page_fast_only(hva, FAULT_FLAG_WRITE);
  if (fast) return { ...fast, writable: true };
  const mm = k.current.mm!;
  const write = access === "write" ? FOLL_WRITE : 0;
  for (;;) {
    const locked = mmap_locked();
    yield* k.mmap_read_lock(mm);
    const pages = yield* k.__get_user_pages_locked(mm, hva, 1, FOLL_UNLOCKABLE | write, locked);
    if (pages < 0) {
      if (locked.held) yield k.mmap_read_unlock(mm);
      return -EFAULT;
    }
    if (!locked.held) continue;
    const found = k.get_mapped_page(hva, write);
    if (!found) {
      yield k.mmap_read_unlock(mm);
      continue;
    }
    // A page that could be written to as well is mapped so at once.
    const writable = write !== 0 || k.get_mapped_page(hva, FAULT_FLAG_WRITE)?.pfn === found.pfn;
    yield k.get_page(found.page);
    yield k.mmap_read_unlock(mm);
    return { ...found, writable };
  }
}

/** The page that the running process has at an address with the rights needed; null without. Makes no step. */
export function get_mapped_page(k: Kernel, address: number, write: number): GrabbedPage | null {
  const mm = k.current.mm!;
  if (!k.page_is_mapped(mm, address, write)) return null;
  const entry = k.leaf_entry(mm, address);
  const within = entry & _PAGE_PSE ? Math.floor(address / 4096) % 512 : 0;
  return { page: k.page(entryPfn(entry)), pfn: entryPfn(entry) + within };
}

/** Gives the reference back: from here on only the notifiers tell when the page goes. */
export function* kvm_release_page(k: Kernel, { page, writable }: GuestPage, how: "mapped" | "unused"): Steps<void> {
  if (how === "mapped" && page.slot !== k.zero_pfn) {
    if (writable) page.flags |= PG_dirty;
    k.folio_mark_accessed(page);
  }
  yield* k.put_page(page);
}
