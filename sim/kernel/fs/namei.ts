// Path look-up (fs/namei.c). Look-ups make no step: in Linux they take no lock either (RCU walk). All processes are root,
// so permission bits never refuse; paths are absolute, a relative one starts at "/".

import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Dentry, Mount } from "../mm_types.ts";
import { ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR } from "../uapi/errno.ts";
import { S_IFLNK, S_IFMT } from "../uapi/fcntl.ts";
import { is_dir } from "./inode.ts";
import { inode_op } from "./operations.ts";

/** A place in the tree. Where a function hands one out, it has a reference (`path_put`) unless it says otherwise. */
export interface Path {
  readonly mnt: Mount;
  readonly dentry: Dentry;
}

/** Where a path's last component is or would be. `parent` is without a reference. */
export interface Parent {
  readonly parent: Path;
  readonly last: string;
  /** "norm": a name; else the path ends in one of these. */
  readonly type: "norm" | "." | ".." | "/";
  readonly trailingSlash: boolean;
}

const NAME_MAX = 255;
const PATH_MAX = 4096;
const MAXSYMLINKS = 40;

export function path_get(_k: Kernel, path: Path): Path {
  path.mnt.mnt_count++;
  path.dentry.d_count++;
  return path;
}

export function* path_put(k: Kernel, path: Path): Steps<void> {
  path.mnt.mnt_count--;
  yield* k.dput(path.dentry);
}

/** What is mounted on top of a place, however many times. */
function follow_mounts(path: Path): Path {
  let at = path;
  while (at.dentry.d_mounted) at = { mnt: at.dentry.d_mounted, dentry: at.dentry.d_mounted.mnt_root! };
  return at;
}

/** The first mount made, which stays. */
export function root_mnt(k: Kernel): Mount {
  return k.store.storage("mount").handle(0, 1) as Mount;
}

export function root_path(k: Kernel): Path {
  const mnt = k.root_mnt();
  return follow_mounts({ mnt, dentry: mnt.mnt_root! });
}

function follow_dotdot(path: Path): Path {
  let { mnt, dentry } = path;
  while (dentry === mnt.mnt_root && mnt.mnt_mountpoint) {
    dentry = mnt.mnt_mountpoint;
    mnt = mnt.mnt_parent!;
  }
  return dentry.d_parent && dentry !== mnt.mnt_root ? follow_mounts({ mnt, dentry: dentry.d_parent }) : { mnt, dentry };
}

/** The name below a directory, without a reference; null: none. */
export function lookup_one(k: Kernel, parent: Dentry, name: string): Dentry | null {
  const lookup = inode_op(k, parent.d_inode!, "lookup");
  return lookup ? lookup(parent.d_inode!, parent, name) : k.d_lookup(parent, name);
}

interface Walk {
  links: number;
}

/** One component further, through mounts and symbolic links. */
function walk_component(k: Kernel, at: Path, name: string, walk: Walk, follow: "follow" | "nofollow"): Path | number {
  if (!is_dir(at.dentry.d_inode!)) return -ENOTDIR;
  if (name === ".") return at;
  if (name === "..") return follow_dotdot(at);
  if (name.length > NAME_MAX) return -ENAMETOOLONG;
  const dentry = k.lookup_one(at.dentry, name);
  if (!dentry) return -ENOENT;
  const inode = dentry.d_inode!;
  if (follow === "follow" && (inode.i_mode & S_IFMT) === S_IFLNK) {
    if (++walk.links > MAXSYMLINKS) return -ELOOP;
    return walk_path(k, inode.i_link.startsWith("/") ? k.root_path() : at, inode.i_link, walk, "follow");
  }
  return follow_mounts({ mnt: at.mnt, dentry });
}

function components(name: string): string[] {
  return name.split("/").filter((part) => part !== "");
}

function walk_path(k: Kernel, from: Path, name: string, walk: Walk, follow: "follow" | "nofollow"): Path | number {
  const parts = components(name);
  let at: Path | number = from;
  for (let i = 0; i < parts.length; i++) {
    const last = i === parts.length - 1 && !name.endsWith("/");
    at = walk_component(k, at, parts[i]!, walk, last ? follow : "follow");
    if (typeof at === "number") return at;
  }
  return name.endsWith("/") && !is_dir(at.dentry.d_inode!) ? -ENOTDIR : at;
}

function check_name(name: string): number {
  if (name === "") return -ENOENT;
  return name.length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/** The place that a path names, with a reference; or an error. */
export function kern_path(k: Kernel, name: string): Path | number {
  return k.kern_path_follow(name, "follow");
}

/** The same; "nofollow" gives a symbolic link itself. */
export function kern_path_follow(k: Kernel, name: string, follow: "follow" | "nofollow"): Path | number {
  const error = check_name(name);
  if (error) return error;
  const path = walk_path(k, k.root_path(), name, { links: 0 }, follow);
  return typeof path === "number" ? path : k.path_get(path);
}

/** The same without a reference, for who looks and goes before the next step. */
export function path_lookup(k: Kernel, name: string): Path | number {
  const error = check_name(name);
  return error || walk_path(k, k.root_path(), name, { links: 0 }, "follow");
}

/** Splits a path into the directory and the name in it. */
export function filename_parentat(k: Kernel, name: string): Parent | number {
  const error = check_name(name);
  if (error) return error;
  const parts = components(name);
  const trailingSlash = name.endsWith("/");
  const last = parts.pop();
  if (last === undefined) return { parent: k.root_path(), last: "", type: "/", trailingSlash };
  const parent = walk_path(k, k.root_path(), parts.join("/"), { links: 0 }, "follow");
  if (typeof parent === "number") return parent;
  if (!is_dir(parent.dentry.d_inode!)) return -ENOTDIR;
  if (last.length > NAME_MAX) return -ENAMETOOLONG;
  const type = last === "." || last === ".." ? last : "norm";
  return { parent, last, type, trailingSlash };
}
