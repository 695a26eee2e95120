// sysfs, as far as the memory manager shows something in it (fs/sysfs, mm/*.c): a tree that only the kernel changes.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Dentry, File, Inode, SuperBlock } from "../mm_types.ts";
import { S_IFDIR, S_IFREG } from "../uapi/fcntl.ts";

/** Files by path, with what they read. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  "kernel/mm/transparent_hugepage/enabled": "always madvise [never]\n",
  "kernel/mm/transparent_hugepage/shmem_enabled": "always within_size advise [never] deny force\n",
  "kernel/mm/transparent_hugepage/defrag": "always defer defer+madvise madvise [never]\n",
  "kernel/mm/transparent_hugepage/hpage_pmd_size": "2097152\n",
};
const DIRECTORIES = ["fs/cgroup", "kernel/mm/hugepages/hugepages-2048kB", "kernel/mm/transparent_hugepage"];

export function* sysfs_fill_super(k: Kernel, sb: SuperBlock): Steps<number> {
  const root = k.sysfs_inode(sb, S_IFDIR | 0o755, "");
  yield k.trace.inode_alloc(root);
  sb.s_root = k.d_alloc_anon(sb, root, "/");
  for (const path of DIRECTORIES) yield* k.sysfs_create_dir(sb.s_root, path);
  for (const path of Object.keys(ATTRIBUTES)) {
    const parts = path.split("/");
    const name = parts.pop()!;
    const dir = yield* k.sysfs_create_dir(sb.s_root, parts.join("/"));
    yield* k.sysfs_create(dir, name, S_IFREG | 0o644, path);
  }
  return 0;
}

/** An inode of sysfs; `attribute` says what a file reads. */
export function sysfs_inode(k: Kernel, sb: SuperBlock, mode: number, attribute: string): Inode {
  const inode = k.new_inode(sb, mode);
  const directory = (mode & S_IFDIR) !== 0;
  if (directory) inode.i_nlink++;
  else inode.i_size = 4096;
  inode.i_op = "sysfs_inode_operations";
  inode.i_fop = directory ? "kernfs_dir_fops" : "sysfs_file_operations";
  inode.name = attribute;
  return inode;
}

/** A directory below `root` and those above it; gives the innermost. Designs make their mount points so. */
export function* sysfs_create_dir(k: Kernel, root: Dentry, path: string): Steps<Dentry> {
  let at = root;
  for (const name of path.split("/").filter((part) => part !== "")) {
    const known = k.d_lookup(at, name);
    at = known ?? (yield* k.sysfs_create(at, name, S_IFDIR | 0o755, ""));
  }
  return at;
}

export function* sysfs_create(k: Kernel, parent: Dentry, name: string, mode: number, attribute: string): Steps<Dentry> {
  const inode = k.sysfs_inode(parent.d_sb!, mode, attribute);
  if (mode & S_IFDIR) parent.d_inode!.i_nlink++;
  const dentry = k.d_alloc(parent, name);
  yield k.trace.inode_alloc(inode);
  yield k.d_instantiate(dentry, inode);
  return dentry;
}

/** A directory in /sys/fs for a file system to be mounted on (sysfs_create_mount_point). */
export function* sysfs_create_mount_point(k: Kernel, name: string): Steps<void> {
  const path = k.kern_path("/sys");
  if (typeof path === "number") return;
  yield* k.sysfs_create_dir(path.dentry, `fs/${name}`);
  yield* k.path_put(path);
}

export function* sysfs_read(k: Kernel, file: File, address: number, count: number, pos: number): Steps<number> {
  return yield* k.simple_read_from_buffer(address, count, pos, ATTRIBUTES[file.f_inode!.name] ?? "");
}
