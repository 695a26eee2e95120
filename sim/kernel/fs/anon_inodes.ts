// Files that are no files: descriptors of kernel objects (fs/anon_inodes.c).
import type { Handle } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import { alloc_file } from "./file.ts";

/**
 * A descriptor whose operations are `fops` and whose file keeps `priv`; `name` shows as "anon_inode:NAME" in Linux.
 * @returns the descriptor or a negative errno
 */
export function* anon_inode_getfd(k: Kernel, name: string, fops: string, priv: Handle, flags: number): Steps<number> {
  const fd = k.get_unused_fd();
  if (fd < 0) return fd;
  const mnt = k.shm_mnt();
  const inode = k.new_inode(mnt.mnt_sb!, 0o600);
  inode.i_nlink = 0;
  inode.i_fop = fops;
  inode.name = name;
  yield k.trace.inode_alloc(inode);
  const dentry = k.d_alloc_anon(mnt.mnt_sb!, inode, name);
  mnt.mnt_count++;
  const file = alloc_file(k, { mnt, dentry }, flags);
  file.private_data = priv;
  yield k.fd_install(fd, file);
  return fd;
}
