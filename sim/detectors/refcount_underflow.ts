// refcount-underflow: a reference count never goes below zero, nor up from zero.
// Observes references to pages and open files, and the counts of an mm when it is freed.
import { unconcerned } from "../core/batch.ts";
import type { File, Inode, Mm } from "../kernel/mm_types.ts";
import { alive, type Context, nameOf } from "./context.ts";
import { type BugObject, hex, object, pageObject } from "./report.ts";

export function refcountUnderflow(context: Context): void {
  const { machine } = context;
  const { args } = machine;

  machine.listen("get_page", () => {
    if ((args[1] as number) > 1) return;
    const pfn = args[0] as number;
    raise(context, `get_page ${hex(pfn)}`, `addition on 0; use-after-free: page pfn:${hex(pfn)} gets a reference`, [
      pageObject(pfn),
    ]);
  });
  const put = () => {
    if ((args[1] as number) >= 0) return;
    const pfn = args[0] as number;
    raise(
      context,
      `put_page ${hex(pfn)}`,
      `underflow; use-after-free: page pfn:${hex(pfn)} loses a reference that nobody has`,
      [pageObject(pfn)],
    );
  };
  // A run consists of pages that have one reference.
  machine.listen("put_page", put, { page_frees: unconcerned });
  machine.listen("fput", () => {
    if ((args[1] as number) >= 0) return;
    const file = args[0] as File;
    raise(
      context,
      `fput ${nameOf(file)}`,
      "underflow; use-after-free: an open file loses a reference that nobody has",
      [object(file)],
    );
  });
  machine.listen("mm_free", () => {
    const mm = args[0] as Mm;
    if (!alive(mm) || (mm.mm_count === 0 && mm.mm_users <= 0)) return;
    const counts = `mm_users ${mm.mm_users}, mm_count ${mm.mm_count}`;
    raise(context, `mm ${nameOf(mm)}`, `an mm_struct is freed that is still in use: ${counts}`, [object(mm)]);
  });
  machine.listen("inode_evict", () => {
    const inode = args[0] as Inode;
    if (!alive(inode) || inode.i_count <= 0) return;
    raise(context, `inode ${nameOf(inode)}`, `an inode is evicted that is still in use: i_count ${inode.i_count}`, [
      object(inode),
    ]);
  });
}

function raise(context: Context, key: string, what: string, objects: readonly BugObject[]): void {
  context.raise({
    kind: "refcount-underflow",
    key: `refcount-underflow ${key}`,
    message: `refcount_t: ${what}`,
    objects,
  });
}
