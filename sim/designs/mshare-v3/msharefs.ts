// RFC PATCH v3 01 to 04/10: the file system. A file of it is a region: it has an address space of its own, the host mm,
// and nothing to read or write. `mshare_info` says what regions are aligned to.
// Left as posted:
// - mm_alloc makes the creating task the owner of the host mm for good ("host-owner", see owner.ts);
// - "info-file": mshare_info is known by its name, so that a second name for it can be made and taken away.
import type { Steps } from "../../core/thread.ts";
import { pgdir_size } from "../../kernel/arch/x86/mm/pgtable.ts";
import { type Dentry, type File, type Inode, type Mm, mount, type SuperBlock } from "../../kernel/mm_types.ts";
import { EINVAL, ENOMEM, EPERM } from "../../kernel/uapi/errno.ts";
import { S_IFDIR, S_IFMT, S_IFREG } from "../../kernel/uapi/fcntl.ts";
import { type MshareData, type MsharefsInfo, type MshareKernel, mshare_data, msharefs_info } from "./structures.ts";

export const MSHAREFS = "/sys/fs/mshare";

/** At boot: the mount point, and msharefs on it as the series' documentation mounts it. */
export function* mshare_init(k: MshareKernel): Steps<void> {
  yield* k.sysfs_create_mount_point("mshare");
  yield* k.sys_mount("msharefs", MSHAREFS, "msharefs");
}

export function* msharefs_fill_super(k: MshareKernel, sb: SuperBlock): Steps<number> {
  sb.s_op = "mshare_s_ops";
  const info = k.store.alloc(msharefs_info);
  sb.s_fs_info = info;
  const inode = k.new_inode(sb, S_IFDIR | 0o777);
  inode.i_op = "msharefs_dir_inode_ops";
  inode.i_fop = "simple_dir_operations";
  inode.i_nlink = 2;
  yield k.trace.inode_alloc(inode);
  sb.s_root = k.d_alloc_anon(sb, inode, "/");
  return yield* k.msharefs_create_mshare_info(sb, info);
}

/** Inode 2: the file that tells alignment and size of regions. */
export function* msharefs_create_mshare_info(k: MshareKernel, sb: SuperBlock, info: MsharefsInfo): Steps<number> {
  const inode = k.new_inode(sb, S_IFREG | 0o444);
  inode.i_fop = "mshare_info_ops";
  yield k.trace.inode_alloc(inode);
  const dentry = k.d_alloc(sb.s_root!, "mshare_info");
  info.info_dentry = dentry;
  yield k.d_instantiate(dentry, inode);
  return 0;
}

export function* msharefs_kill_super(k: MshareKernel, sb: SuperBlock): Steps<void> {
  k.store.free(sb.s_fs_info!);
  yield* k.kill_litter_super(sb);
}

export function* mshare_info_read(
  k: MshareKernel,
  _file: File,
  address: number,
  count: number,
  pos: number,
): Steps<number> {
  return yield* k.simple_read_from_buffer(address, count, pos, `${pgdir_size(k)}\n`);
}

/** A region's file or a directory. Returns the inode or a negative errno. */
export function* msharefs_get_inode(
  k: MshareKernel,
  sb: SuperBlock,
  mode: number,
  name: string,
): Steps<Inode | number> {
  const inode = k.new_inode(sb, mode);
  let error = 0;
  switch (mode & S_IFMT) {
    case S_IFREG:
      inode.i_op = "msharefs_file_inode_ops";
      inode.i_fop = "msharefs_file_operations";
      error = yield* k.msharefs_fill_mm(inode, name);
      break;
    case S_IFDIR:
      inode.i_op = "msharefs_dir_inode_ops";
      inode.i_fop = "simple_dir_operations";
      inode.i_nlink++;
      break;
    default:
      error = -EINVAL;
  }
  yield k.trace.inode_alloc(inode);
  if (!error) return inode;
  yield* k.iput(inode);
  return error;
}

/** The host mm of a new region. Nothing can be mapped in it before its size is set. */
export function* msharefs_fill_mm(k: MshareKernel, inode: Inode, name: string): Steps<number> {
  const mm = yield* k.mm_alloc(name);
  if (!mm) return -ENOMEM;
  mm.mmap_base = 0;
  mm.task_size = 0;
  mm.owner = k.host_owner();
  const m_data = k.store.alloc(mshare_data);
  m_data.mm = mm;
  m_data.host_inode = inode;
  m_data.maker = k.current;
  m_data.host_notifier = yield* k.host_notifier_register(mm);
  inode.i_private = m_data;
  return 0;
}

export function* msharefs_delmm(k: MshareKernel, m_data: MshareData): Steps<void> {
  yield* k.host_notifier_unregister(m_data.host_notifier);
  yield* k.mmput(m_data.mm!);
  k.store.free(m_data);
}

export function* msharefs_mknod(k: MshareKernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const inode = yield* k.msharefs_get_inode(dir.i_sb!, mode, region_path(k, dentry));
  if (typeof inode === "number") return inode;
  yield k.d_add_pinned(dentry, inode);
  return 0;
}

/** What people call a region: the path of its file when it was made. */
function region_path(k: MshareKernel, dentry: Dentry): string {
  let path = "";
  for (let at: Dentry | null = dentry; at && at !== at.d_sb!.s_root; at = at.d_parent) path = `/${at.d_name}${path}`;
  const mnt = [...k.store.all(mount)].find((one) => one.mnt_sb === dentry.d_sb);
  return mnt ? `${k.d_path({ mnt, dentry: mnt.mnt_root! })}${path}` : path;
}

export function* msharefs_create(k: MshareKernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  return yield* k.msharefs_mknod(dir, dentry, (mode & ~S_IFMT) | S_IFREG);
}

export function* msharefs_mkdir(k: MshareKernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const error = yield* k.msharefs_mknod(dir, dentry, (mode & ~S_IFMT) | S_IFDIR);
  if (!error) dir.i_nlink++;
  return error;
}

const is_msharefs_info_file = (dentry: Dentry): boolean =>
  (dentry.d_sb!.s_fs_info as MsharefsInfo).info_dentry === dentry;

export function* msharefs_link(k: MshareKernel, old: Dentry, dir: Inode, dentry: Dentry): Steps<number> {
  if (k.fixed("info-file") && is_msharefs_info_file(old)) return -EPERM;
  return yield* k.simple_link(old, dir, dentry);
}

export function* msharefs_rename(
  k: MshareKernel,
  oldDir: Inode,
  old: Dentry,
  newDir: Inode,
  dentry: Dentry,
  flags: number,
): Steps<number> {
  if (is_msharefs_info_file(old) || is_msharefs_info_file(dentry)) return -EPERM;
  return yield* k.simple_rename(oldDir, old, newDir, dentry, flags);
}

export function* msharefs_unlink(k: MshareKernel, dir: Inode, dentry: Dentry): Steps<number> {
  if (is_msharefs_info_file(dentry)) return -EPERM;
  return yield* k.simple_unlink(dir, dentry);
}

/** The last user of a region's file is gone: so are the region, its tables and its memory. */
export function* mshare_evict_inode(k: MshareKernel, inode: Inode): Steps<void> {
  const m_data = inode.i_private as MshareData | null;
  if (m_data) yield* k.msharefs_delmm(m_data);
}

/** The host mm behind a region's file, for those who look at it. */
export function host_mm(k: MshareKernel, pathname: string): Mm | null {
  const path = k.path_lookup(pathname);
  if (typeof path === "number" || path.dentry.d_sb!.s_type !== "msharefs") return null;
  return (path.dentry.d_inode!.i_private as MshareData | null)?.mm ?? null;
}
