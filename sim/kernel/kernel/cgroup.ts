// The file system of control groups, version 2 (kernel/cgroup/cgroup.c), with the memory controller. It is mounted on
// /sys/fs/cgroup, where systemd has it, and the root gives the controller to its groups, as systemd makes it.
import { number, ref, refs, text } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import type { UserBuffer } from "../fs/read_write.ts";
import type { Kernel } from "../kernel.ts";
import type { MemCgroup } from "../mm/memcontrol.ts";
import { MEMORY_FILES } from "../mm/memcontrol_files.ts";
import type { Dentry, File, Inode, SuperBlock, Task } from "../mm_types.ts";
import { EAGAIN, EBUSY, EINVAL, ENODEV, ENOENT, ERANGE, ESRCH } from "../uapi/errno.ts";
import { S_IFDIR, S_IFREG } from "../uapi/fcntl.ts";

export const cgroup = struct("cgroup", {
  /** Its directory's path below the mount point: "/a/b"; "" for the root. */
  name: text(),
  parent: ref<Cgroup>("cgroup"),
  children: refs<Cgroup>("cgroup"),
  /** What the memory controller keeps of it; null: its processes are charged to the next group above it that has it. */
  memcg: ref<MemCgroup>("mem_cgroup"),
  /** cgroup.subtree_control: the groups below it have the memory controller. */
  subtree_control: number("bool"),
  nr_descendants: number(),
  max_descendants: number(),
  max_depth: number(),
});
export interface Cgroup extends Of<typeof cgroup> {}

/** No limit of descendants or depth. */
export const CGROUP_MAX = 2 ** 31 - 1;

/** A file of a group, or of what a controller keeps of it. */
export interface CgroupFile<T> {
  readonly read?: (k: Kernel, of: T) => string;
  /** The kernel function that takes what is written. */
  readonly write?: string;
  /** The root has it too. */
  readonly root?: true;
}

const count = (most: number): string => (most === CGROUP_MAX ? "max\n" : `${most}\n`);

const CGROUP_FILES: Readonly<Record<string, CgroupFile<Cgroup>>> = {
  "cgroup.procs": {
    read: (k, cgrp) =>
      procs_of(k, cgrp)
        .map(({ pid }) => `${pid}\n`)
        .join(""),
    write: "cgroup_procs_write",
    root: true,
  },
  "cgroup.controllers": {
    read: (_k, { parent, memcg }) => (!parent || memcg ? "memory\n" : "\n"),
    root: true,
  },
  "cgroup.subtree_control": {
    read: (_k, { subtree_control }) => (subtree_control ? "memory\n" : "\n"),
    write: "cgroup_subtree_control_write",
    root: true,
  },
  "cgroup.max.depth": { read: (_k, cgrp) => count(cgrp.max_depth), write: "cgroup_max_depth_write", root: true },
  "cgroup.max.descendants": {
    read: (_k, cgrp) => count(cgrp.max_descendants),
    write: "cgroup_max_descendants_write",
    root: true,
  },
  "cgroup.events": { read: (k, cgrp) => `populated ${is_populated(k, cgrp) ? 1 : 0}\nfrozen 0\n` },
  "cgroup.stat": {
    read: (_k, { nr_descendants }) => `nr_descendants ${nr_descendants}\nnr_dying_descendants 0\n`,
    root: true,
  },
};

export function* cgroup_fill_super(k: Kernel, sb: SuperBlock): Steps<number> {
  const { root_cgroup } = k;
  const root = k.cgroup_inode(sb, S_IFDIR | 0o755, "", root_cgroup);
  yield k.trace.inode_alloc(root);
  sb.s_root = k.d_alloc_anon(sb, root, "/");
  yield* k.cgroup_addrm_files(sb.s_root, root_cgroup, CGROUP_FILES);
  return 0;
}

export function cgroup_inode(k: Kernel, sb: SuperBlock, mode: number, name: string, cgrp: Cgroup): Inode {
  const inode = k.new_inode(sb, mode);
  const directory = (mode & S_IFDIR) !== 0;
  if (directory) inode.i_nlink++;
  inode.i_op = directory ? "cgroup_dir_inode_operations" : "sysfs_inode_operations";
  inode.i_fop = directory ? "kernfs_dir_fops" : "cgroup_file_operations";
  inode.name = name;
  inode.i_private = cgrp;
  return inode;
}

/** Makes files in a group's directory. */
export function* cgroup_addrm_files(
  k: Kernel,
  dir: Dentry,
  cgrp: Cgroup,
  files: Readonly<Record<string, CgroupFile<never>>>,
): Steps<void> {
  for (const [name, { read, write, root }] of Object.entries(files)) {
    if (!cgrp.parent && !root) continue;
    const mode = S_IFREG | (read ? 0o444 : 0) | (write ? 0o200 : 0);
    const inode = k.cgroup_inode(dir.d_sb!, mode, name, cgrp);
    yield k.trace.inode_alloc(inode);
    yield k.d_add_pinned(k.d_alloc(dir, name), inode);
  }
}

/** A limit of how many groups there may be below one of those above, or how deep. */
function hierarchy_limits_allow(parent: Cgroup): boolean {
  let level = 0;
  for (let at: Cgroup | null = parent; at; at = at.parent, level++)
    if (at.nr_descendants >= at.max_descendants || level >= at.max_depth) return false;
  return true;
}

export function* cgroup_mkdir(k: Kernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const parent = dir.i_private as Cgroup;
  if (dentry.d_name.includes("\n")) return -EINVAL;
  if (!hierarchy_limits_allow(parent)) return -EAGAIN;
  const cgrp = k.store.alloc(cgroup) as Cgroup;
  cgrp.name = `${parent.name}/${dentry.d_name}`;
  cgrp.parent = parent;
  cgrp.max_depth = CGROUP_MAX;
  cgrp.max_descendants = CGROUP_MAX;
  parent.children = parent.children.add(cgrp);
  for (let at: Cgroup | null = parent; at; at = at.parent) at.nr_descendants++;
  const inode = k.cgroup_inode(dir.i_sb!, S_IFDIR | mode, "", cgrp);
  yield k.trace.inode_alloc(inode);
  yield k.d_add_pinned(dentry, inode);
  dir.i_nlink++;
  yield* k.cgroup_addrm_files(dentry, cgrp, CGROUP_FILES);
  if (parent.subtree_control) yield* k.css_create(dentry, cgrp);
  yield k.trace.cgroup_mkdir(cgrp);
  return 0;
}

/** The group gets the memory controller. */
export function* css_create(k: Kernel, dentry: Dentry, cgrp: Cgroup): Steps<void> {
  cgrp.memcg = k.mem_cgroup_css_alloc(k.cgroup_e_memcg(cgrp.parent!) ?? k.root_mem_cgroup, cgrp.name);
  yield* k.cgroup_addrm_files(dentry, cgrp, MEMORY_FILES);
}

/** The group loses it: what it was charged is from then on nobody's that could be limited, but those above it. */
export function* kill_css(k: Kernel, dentry: Dentry, cgrp: Cgroup): Steps<void> {
  const { memcg } = cgrp;
  if (!memcg) return;
  for (const file of [...dentry.d_children]) {
    if (!Object.hasOwn(MEMORY_FILES, file.d_name)) continue;
    k.d_drop(file);
    yield* k.dput(file);
  }
  cgrp.memcg = null;
  k.mem_cgroup_css_offline(memcg);
}

/** A group can be removed that has no process and no group below it. Pages that are charged to it stay so. */
export function* cgroup_rmdir(k: Kernel, dir: Inode, dentry: Dentry): Steps<number> {
  const inode = dentry.d_inode!;
  const cgrp = inode.i_private as Cgroup;
  if (cgrp.children.length > 0 || procs_of(k, cgrp).length > 0) return -EBUSY;
  yield* k.kill_css(dentry, cgrp);
  for (const child of [...dentry.d_children]) {
    k.d_drop(child);
    yield* k.dput(child);
  }
  inode.i_nlink--;
  dir.i_nlink--;
  yield k.trace.cgroup_rmdir(cgrp);
  // Tasks that have ended, and not been waited for, are of no group any more.
  for (const task of k.tasks()) if (task.cgroup === cgrp) task.cgroup = null;
  const parent = cgrp.parent!;
  parent.children = parent.children.without(cgrp);
  for (let at: Cgroup | null = parent; at; at = at.parent) at.nr_descendants--;
  // Who has its directory or a file open finds its name gone, and does not look for the group.
  k.store.free(cgrp);
  yield* k.simple_unlink(dir, dentry);
  return 0;
}

/** Whom the memory of a group's processes is charged to: the group, or the next above it that has the controller. Null: the root. */
export function cgroup_e_memcg(_k: Kernel, cgrp: Cgroup | null): MemCgroup | null {
  for (let at = cgrp; at?.parent; at = at.parent) if (at.memcg) return at.memcg;
  return null;
}

/** Processes of a group itself that have not ended, in order of their pids. The root's are those of no other group. */
function procs_of(k: Kernel, cgrp: Cgroup): Task[] {
  const group = cgrp.parent ? cgrp : null;
  return k
    .tasks()
    .filter((task) => !task.kthread && task.started && task.exit_state === 0 && task.pid === task.tgid)
    .filter((task) => task.cgroup === group);
}

const is_populated = (k: Kernel, cgrp: Cgroup): boolean =>
  procs_of(k, cgrp).length > 0 || [...cgrp.children].some((child) => is_populated(k, child));

/** The file that is open, and what it is of; null when its directory, or the controller, is gone. */
function cftype_of(file: File): { readonly cft: CgroupFile<never>; readonly of: Cgroup | MemCgroup } | null {
  const { f_dentry, f_inode } = file;
  if (f_dentry!.d_unhashed) return null;
  const cgrp = f_inode!.i_private as Cgroup;
  const { name } = f_inode!;
  const memory = MEMORY_FILES[name];
  return memory ? { cft: memory, of: cgrp.memcg! } : { cft: CGROUP_FILES[name]!, of: cgrp };
}

export function* cgroup_file_read(k: Kernel, file: File, address: number, count: number, pos: number): Steps<number> {
  const found = cftype_of(file);
  if (!found) return -ENODEV;
  const { read } = found.cft;
  return read ? yield* k.simple_read_from_buffer(address, count, pos, read(k, found.of as never)) : -EINVAL;
}

export function* cgroup_file_write(k: Kernel, file: File, address: UserBuffer, count: number): Steps<number> {
  const { write } = cftype_of(file)?.cft ?? {};
  if (!cftype_of(file)) return -ENODEV;
  if (!write) return -EINVAL;
  const text = yield* k.strim_from_user(address, count);
  if (typeof text === "number") return text;
  // The group may have gone while the text was fetched.
  const found = cftype_of(file);
  if (!found) return -ENODEV;
  type Write = (of: Cgroup | MemCgroup, text: string, dentry: Dentry) => Steps<number>;
  const error = yield* (k as unknown as Readonly<Record<string, Write>>)[write]!(
    found.of,
    text,
    file.f_dentry!.d_parent!,
  );
  return error || count;
}

/**
 * Moves a process with all its threads. What it has used so far stays charged where it is. A group that gives controllers to
 * groups below it takes no processes.
 */
export function* cgroup_procs_write(k: Kernel, cgrp: Cgroup, text: string): Steps<number> {
  if (!/^\d+$/.test(text)) return -EINVAL;
  const pid = Number(text) || k.current.tgid;
  const leader = k.tasks().find((task) => task.tgid === pid && task.started && task.exit_state === 0);
  if (!leader) return -ESRCH;
  if (leader.kthread) return -EINVAL;
  if (cgrp.parent && cgrp.subtree_control) return -EBUSY;
  for (const task of k.tasks()) if (task.tgid === pid) task.cgroup = cgrp.parent ? cgrp : null;
  yield k.trace.cgroup_attach_task(leader, cgrp);
  return 0;
}

/** "+memory" gives the controller to the groups below, "-memory" takes it from them. */
export function* cgroup_subtree_control_write(k: Kernel, cgrp: Cgroup, text: string, dir: Dentry): Steps<number> {
  let wanted = cgrp.subtree_control;
  for (const word of text.split(" ").filter((one) => one !== "")) {
    if (word !== "+memory" && word !== "-memory") return -EINVAL;
    wanted = word === "+memory" ? 1 : 0;
  }
  if (wanted === cgrp.subtree_control) return 0;
  if (wanted) {
    if (cgrp.parent && !cgrp.memcg) return -ENOENT;
    if (cgrp.parent && procs_of(k, cgrp).length > 0) return -EBUSY;
  } else if ([...cgrp.children].some((child) => child.subtree_control)) return -EBUSY;
  cgrp.subtree_control = wanted;
  for (const dentry of [...dir.d_children]) {
    const child = dentry.d_inode!.i_op === "cgroup_dir_inode_operations" ? dentry.d_inode : null;
    if (!child) continue;
    if (wanted) yield* k.css_create(dentry, child.i_private as Cgroup);
    else yield* k.kill_css(dentry, child.i_private as Cgroup);
  }
  yield k.trace.cgroup_subtree_control(cgrp, wanted);
  return 0;
}

/** A number from 0 on, or "max"; a negative errno. */
function limit_of(text: string): number {
  if (text === "max") return CGROUP_MAX;
  if (!/^-?\d+$/.test(text)) return -EINVAL;
  const limit = Number(text);
  return limit < 0 || limit >= CGROUP_MAX ? -ERANGE : limit;
}

// biome-ignore lint/correctness/useYield: no other CPU sees it before it makes a group
export function* cgroup_max_depth_write(_k: Kernel, cgrp: Cgroup, text: string): Steps<number> {
  const depth = limit_of(text);
  if (depth >= 0) cgrp.max_depth = depth;
  return Math.min(0, depth);
}

// biome-ignore lint/correctness/useYield: no other CPU sees it before it makes a group
export function* cgroup_max_descendants_write(_k: Kernel, cgrp: Cgroup, text: string): Steps<number> {
  const descendants = limit_of(text);
  if (descendants >= 0) cgrp.max_descendants = descendants;
  return Math.min(0, descendants);
}

/** What the memory controller keeps of a directory's group; null: there is none, or it has no controller. Makes no step. */
export function memcg_of_path(k: Kernel, pathname: string): MemCgroup | null {
  const path = k.path_lookup(pathname);
  if (typeof path === "number") return null;
  const inode = path.dentry.d_inode!;
  if (inode.i_op !== "cgroup_dir_inode_operations") return null;
  const cgrp = inode.i_private as Cgroup;
  return cgrp.parent ? cgrp.memcg : k.root_mem_cgroup;
}
