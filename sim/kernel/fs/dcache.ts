// Names of files (fs/dcache.c). All file systems here live in memory, so the dentries are the directories: a name that is
// not among `d_children` does not exist, except where a file system makes names on look-up (/proc).
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import { type Dentry, dentry as dentry_struct, type Inode, type SuperBlock } from "../mm_types.ts";
import type { Path } from "./namei.ts";

/** A new name below `parent` that look-ups do not find yet. It has one reference. */
export function d_alloc(k: Kernel, parent: Dentry, name: string): Dentry {
  const dentry = k.store.alloc(dentry_struct);
  dentry.d_name = name;
  dentry.d_sb = parent.d_sb;
  dentry.d_count = 1;
  dentry.d_unhashed = 1;
  dentry.d_parent = parent;
  parent.d_count++;
  return dentry;
}

/** A dentry without a parent: a root directory, or a file that has no name. Takes over the reference to `inode`. */
export function d_alloc_anon(k: Kernel, sb: SuperBlock, inode: Inode, name: string): Dentry {
  const dentry = k.store.alloc(dentry_struct);
  dentry.d_name = name;
  dentry.d_sb = sb;
  dentry.d_count = 1;
  dentry.d_unhashed = 1;
  dentry.d_inode = inode;
  return dentry;
}

/** Gives the name its file: look-ups find it from here on. Takes over the reference to `inode`. Returns the event. */
export function d_instantiate(k: Kernel, dentry: Dentry, inode: Inode): number {
  dentry.d_inode = inode;
  dentry.d_unhashed = 0;
  dentry.d_parent!.d_children = dentry.d_parent!.d_children.add(dentry);
  return k.trace.d_instantiate(dentry, inode);
}

/** The child of that name in the cache, without a reference. */
export function d_lookup(_k: Kernel, parent: Dentry, name: string): Dentry | null {
  for (const child of parent.d_children) if (child.d_name === name) return child;
  return null;
}

export function dget(_k: Kernel, dentry: Dentry): Dentry {
  dentry.d_count++;
  return dentry;
}

/** Drops a reference. A name that look-ups do not find goes with its last reference, and lets go of its file. */
export function* dput(k: Kernel, dentry: Dentry): Steps<void> {
  let at: Dentry | null = dentry;
  while (at) {
    at.d_count--;
    if (at.d_count > 0 || !at.d_unhashed) return;
    const parent: Dentry | null = at.d_parent;
    const inode = at.d_inode;
    k.store.free(at);
    if (inode) yield* k.iput(inode);
    at = parent;
  }
}

/** Look-ups find the name no more; who has it open keeps it. */
export function d_drop(_k: Kernel, dentry: Dentry): void {
  if (dentry.d_unhashed) return;
  dentry.d_unhashed = 1;
  dentry.d_parent!.d_children = dentry.d_parent!.d_children.without(dentry);
}

/** The name was removed. Returns the event. */
export function d_delete(k: Kernel, dentry: Dentry): number {
  k.d_drop(dentry);
  return k.trace.d_delete(dentry, dentry.d_inode);
}

/** Gives `dentry` the place and name of `target`, which is found no more. Returns the event. */
export function d_move(k: Kernel, dentry: Dentry, target: Dentry): number {
  const from = dentry.d_parent!;
  const to = target.d_parent!;
  k.d_drop(target);
  from.d_children = from.d_children.without(dentry);
  dentry.d_parent = to;
  dentry.d_name = target.d_name;
  to.d_children = to.d_children.add(dentry);
  to.d_count++;
  // The old parent keeps a name below it as long as the walk that led here holds it.
  from.d_count--;
  return k.trace.d_move(dentry, to, dentry.d_name);
}

/** Whether `dentry` is `ancestor` or lies below it. */
export function is_subdir(_k: Kernel, dentry: Dentry, ancestor: Dentry): boolean {
  for (let at: Dentry | null = dentry; at; at = at.d_parent) if (at === ancestor) return true;
  return false;
}

/** The path as /proc shows it: "/dev/shm/a", "/memfd:a (deleted)". */
export function d_path(_k: Kernel, { mnt, dentry }: Path): string {
  const deleted = dentry.d_unhashed && dentry !== dentry.d_sb!.s_root ? " (deleted)" : "";
  if (!dentry.d_parent && deleted) return `/${dentry.d_name}${deleted}`;
  let path = "";
  let at = dentry;
  let mount = mnt;
  while (true) {
    if (at !== mount.mnt_root && at.d_parent) {
      path = `/${at.d_name}${path}`;
      at = at.d_parent;
    } else if (mount.mnt_mountpoint) {
      at = mount.mnt_mountpoint;
      mount = mount.mnt_parent!;
    } else return `${path === "" ? "/" : path}${deleted}`;
  }
}
