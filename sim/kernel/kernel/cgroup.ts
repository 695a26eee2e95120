// The file system of control groups, version 2 (kernel/cgroup/cgroup.c), with the files of the memory controller. It is
// mounted on /sys/fs/cgroup, where systemd has it, with the controller given to the root's groups. Groups do not nest:
// cgroup.max.depth is 1.
import type { Steps } from "../../core/thread.ts";
import type { UserBuffer } from "../fs/read_write.ts";
import type { Kernel } from "../kernel.ts";
import { type MemCgroup, PAGE_COUNTER_MAX } from "../mm/memcontrol.ts";
import type { Dentry, File, Inode, SuperBlock, Task } from "../mm_types.ts";
import { EAGAIN, EBUSY, EINVAL, ENODEV, ESRCH } from "../uapi/errno.ts";
import { S_IFDIR, S_IFREG } from "../uapi/fcntl.ts";

const MAX_RECLAIM_RETRIES = 16;

type Read = (k: Kernel, memcg: MemCgroup) => string;

interface CgroupFile {
  readonly read?: Read;
  /** The kernel function that takes what is written. */
  readonly write?: string;
  /** The root has it too. */
  readonly root?: true;
}

const bytes = (pages: number): string => (pages >= PAGE_COUNTER_MAX ? "max\n" : `${pages * 4096}\n`);
const lines = (values: object): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");

const FILES: Readonly<Record<string, CgroupFile>> = {
  "cgroup.procs": {
    read: (k, memcg) =>
      procs_of(k, memcg)
        .map(({ pid }) => `${pid}\n`)
        .join(""),
    write: "cgroup_procs_write",
    root: true,
  },
  "cgroup.controllers": { read: () => "memory\n", root: true },
  "cgroup.subtree_control": { read: (_k, { parent }) => (parent ? "\n" : "memory\n"), root: true },
  "cgroup.max.depth": { read: (_k, { parent }) => (parent ? "max\n" : "1\n"), root: true },
  "cgroup.events": { read: (k, memcg) => `populated ${procs_of(k, memcg).length > 0 ? 1 : 0}\nfrozen 0\n` },
  "memory.current": { read: (_k, { memory }) => bytes(memory) },
  "memory.peak": { read: (_k, { memory_peak }) => bytes(memory_peak) },
  "memory.max": { read: (_k, { memory_max }) => bytes(memory_max), write: "memory_max_write" },
  "memory.reclaim": { write: "memory_reclaim" },
  "memory.stat": { read: (k, memcg) => lines(k.memory_stat(memcg)) },
  "memory.events": { read: (k, memcg) => lines(k.memory_events(memcg)) },
  "memory.swap.current": { read: (_k, { swap }) => bytes(swap) },
  "memory.swap.max": { read: (_k, { swap_max }) => bytes(swap_max), write: "swap_max_write" },
};

export function* cgroup_fill_super(k: Kernel, sb: SuperBlock): Steps<number> {
  const root = k.cgroup_inode(sb, S_IFDIR | 0o755, "", k.root_mem_cgroup);
  yield k.trace.inode_alloc(root);
  sb.s_root = k.d_alloc_anon(sb, root, "/");
  yield* k.css_populate_dir(sb.s_root, k.root_mem_cgroup);
  return 0;
}

export function cgroup_inode(k: Kernel, sb: SuperBlock, mode: number, name: string, memcg: MemCgroup): Inode {
  const inode = k.new_inode(sb, mode);
  const directory = (mode & S_IFDIR) !== 0;
  if (directory) inode.i_nlink++;
  inode.i_op = directory ? "cgroup_dir_inode_operations" : "sysfs_inode_operations";
  inode.i_fop = directory ? "kernfs_dir_fops" : "cgroup_file_operations";
  inode.name = name;
  inode.i_private = memcg;
  return inode;
}

/** The files of a group's directory. */
export function* css_populate_dir(k: Kernel, dir: Dentry, memcg: MemCgroup): Steps<void> {
  for (const [name, { read, write, root }] of Object.entries(FILES)) {
    if (!memcg.parent && !root) continue;
    const mode = S_IFREG | (read ? 0o444 : 0) | (write ? 0o200 : 0);
    const inode = k.cgroup_inode(dir.d_sb!, mode, name, memcg);
    yield k.trace.inode_alloc(inode);
    yield k.d_add_pinned(k.d_alloc(dir, name), inode);
  }
}

export function* cgroup_mkdir(k: Kernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const above = dir.i_private as MemCgroup;
  if (above.parent) return -EAGAIN;
  if (dentry.d_name.includes("\n")) return -EINVAL;
  const memcg = k.mem_cgroup_css_alloc(dentry.d_name);
  const inode = k.cgroup_inode(dir.i_sb!, S_IFDIR | mode, "", memcg);
  yield k.trace.inode_alloc(inode);
  yield k.d_add_pinned(dentry, inode);
  dir.i_nlink++;
  yield* k.css_populate_dir(dentry, memcg);
  yield k.trace.cgroup_mkdir(memcg);
  return 0;
}

/** A group can be removed that has no process. What is charged to it stays charged. */
export function* cgroup_rmdir(k: Kernel, dir: Inode, dentry: Dentry): Steps<number> {
  const inode = dentry.d_inode!;
  const memcg = inode.i_private as MemCgroup;
  if (procs_of(k, memcg).length > 0) return -EBUSY;
  for (const child of [...dentry.d_children]) {
    k.d_drop(child);
    yield* k.dput(child);
  }
  inode.i_nlink--;
  dir.i_nlink--;
  memcg.online = 0;
  yield k.trace.cgroup_rmdir(memcg);
  // Tasks that have ended, and not been waited for, are of no group any more.
  for (const task of k.tasks()) if (task.memcg === memcg) task.memcg = null;
  yield* k.simple_unlink(dir, dentry);
  k.css_put(memcg);
  return 0;
}

/** Processes of a group that have not ended, in order of their pids. The root's are those of no other group. */
function procs_of(k: Kernel, memcg: MemCgroup): Task[] {
  const group = memcg.parent ? memcg : null;
  return k
    .tasks()
    .filter((task) => !task.kthread && task.started && task.exit_state === 0 && task.pid === task.tgid)
    .filter((task) => task.memcg === group);
}

/** The group of an open file; null when its directory is gone. */
function group_of(file: File): MemCgroup | null {
  return file.f_dentry!.d_unhashed ? null : (file.f_inode!.i_private as MemCgroup);
}

export function* cgroup_file_read(k: Kernel, file: File, address: number, count: number, pos: number): Steps<number> {
  const memcg = group_of(file);
  if (!memcg) return -ENODEV;
  const { read } = FILES[file.f_inode!.name]!;
  return read ? yield* k.simple_read_from_buffer(address, count, pos, read(k, memcg)) : -EINVAL;
}

export function* cgroup_file_write(k: Kernel, file: File, address: UserBuffer, count: number): Steps<number> {
  const memcg = group_of(file);
  if (!memcg) return -ENODEV;
  const { write } = FILES[file.f_inode!.name]!;
  if (!write) return -EINVAL;
  const text = yield* k.strim_from_user(address, count);
  if (typeof text === "number") return text;
  const error = yield* (k as unknown as Readonly<Record<string, (memcg: MemCgroup, text: string) => Steps<number>>>)[
    write
  ]!(memcg, text);
  return error || count;
}

/** Moves a process with all its threads. What it has used so far stays charged where it is. */
export function* cgroup_procs_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  if (!/^\d+$/.test(text)) return -EINVAL;
  const pid = Number(text) || k.current.tgid;
  const leader = k.tasks().find((task) => task.tgid === pid && task.started && task.exit_state === 0);
  if (!leader) return -ESRCH;
  if (leader.kthread) return -EINVAL;
  for (const task of k.tasks()) if (task.tgid === pid) task.memcg = memcg.parent ? memcg : null;
  yield k.trace.cgroup_attach_task(leader, memcg);
  return 0;
}

/** A size as it is written to memory.max: bytes with K, M, G or T, or "max". In pages; a negative errno. */
function page_counter_memparse(text: string): number {
  if (text === "max") return PAGE_COUNTER_MAX;
  const found = /^(\d+|0x[\da-f]+)([kmgt]?)$/i.exec(text);
  if (!found) return -EINVAL;
  const unit = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }[found[2]!.toLowerCase()]!;
  return Math.min(PAGE_COUNTER_MAX, Math.floor((Number(found[1]) * unit) / 4096));
}

/** A new limit. A group that is above it is reclaimed; where that is not enough, its processes are killed. */
export function* memory_max_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const max = page_counter_memparse(text);
  if (max < 0) return max;
  memcg.memory_max = max;
  yield k.trace.memory_max_write(memcg, max);
  for (let retries = MAX_RECLAIM_RETRIES; memcg.memory > max; ) {
    if (retries > 0) {
      if ((yield* k.try_to_free_mem_cgroup_pages(memcg, memcg.memory - max)) === 0) retries--;
      continue;
    }
    memcg.event_oom++;
    yield k.trace.mem_cgroup_oom(memcg, memcg.memory);
    if ((yield* k.out_of_memory(memcg)) !== "killed") break;
  }
  return 0;
}

export function* swap_max_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const max = page_counter_memparse(text);
  if (max < 0) return max;
  memcg.swap_max = max;
  yield k.trace.memory_max_write(memcg, max);
  return 0;
}

/** memory.reclaim: so much is to be freed. -EAGAIN if it was less. */
export function* memory_reclaim(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const wanted = page_counter_memparse(text);
  if (wanted < 0) return wanted;
  for (let freed = 0, retries = MAX_RECLAIM_RETRIES; freed < wanted; ) {
    const now = yield* k.try_to_free_mem_cgroup_pages(memcg, wanted - freed);
    if (now === 0 && retries-- === 0) return -EAGAIN;
    freed += now;
  }
  return 0;
}

/** The group of a directory; null: none. For views. Makes no step. */
export function memcg_of_path(k: Kernel, pathname: string): MemCgroup | null {
  const path = k.path_lookup(pathname);
  if (typeof path === "number") return null;
  const inode = path.dentry.d_inode!;
  return inode.i_op === "cgroup_dir_inode_operations" ? (inode.i_private as MemCgroup) : null;
}
