// The tree of /proc (fs/proc/root.c, base.c, generic.c). Its names are made when they are looked up.
import type { Steps } from "../../../core/thread.ts";
import { task_size_max } from "../../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../../kernel.ts";
import type { Dentry, File, Inode, SuperBlock, Task } from "../../mm_types.ts";
import { EINVAL, ESRCH } from "../../uapi/errno.ts";
import { S_IFDIR, S_IFREG } from "../../uapi/fcntl.ts";
import { OOM_SCORE_ADJ_MAX, OOM_SCORE_ADJ_MIN } from "../../uapi/oom.ts";
import type { UserBuffer } from "../read_write.ts";
import { type Smaps, vm_flags_letters } from "./task_mmu.ts";

/** Files of the whole system, and of one process, with what they read. */
const ROOT_FILES: Readonly<Record<string, (k: Kernel) => string>> = {
  meminfo: (k) => k.meminfo_text(),
  vmstat: (k) => k.vmstat_text(),
  zoneinfo: (k) => k.zoneinfo_text(),
};
const TASK_FILES: Readonly<Record<string, (k: Kernel, task: Task) => string>> = {
  status: (k, task) => k.status_text(task),
  stat: (k, task) => k.stat_text(task),
  maps: (k, task) => k.proc_maps(task),
  smaps: (k, task) => k.smaps_text(task),
  oom_score_adj: (_k, task) => `${task.oom_score_adj}\n`,
  oom_score: (k, task) => `${k.oom_score(task)}\n`,
  cgroup: (_k, task) => `0::${task.cgroup?.name ?? "/"}\n`,
};

/** Files that are not only read as text. */
const OWN_OPERATIONS: Readonly<Record<string, string>> = {
  pagemap: "proc_pagemap_operations",
  oom_score_adj: "proc_oom_score_adj_operations",
};

export function* proc_fill_super(k: Kernel, sb: SuperBlock): Steps<number> {
  const inode = k.proc_inode(sb, S_IFDIR | 0o555, "/", null);
  inode.i_op = "proc_root_inode_operations";
  yield k.trace.inode_alloc(inode);
  sb.s_root = k.d_alloc_anon(sb, inode, "/");
  return 0;
}

export function proc_inode(k: Kernel, sb: SuperBlock, mode: number, name: string, task: Task | null): Inode {
  const inode = k.new_inode(sb, mode);
  if (mode & S_IFDIR) {
    inode.i_nlink++;
    inode.i_op = "proc_tgid_base_inode_operations";
    inode.i_fop = "proc_dir_operations";
  } else {
    inode.i_op = "sysfs_inode_operations";
    inode.i_fop = OWN_OPERATIONS[name] ?? "proc_text_operations";
  }
  inode.name = name;
  inode.i_private = task;
  return inode;
}

/** A name that stays in the cache from now on. */
function proc_dentry(k: Kernel, parent: Dentry, name: string, mode: number, task: Task | null): Dentry {
  const known = k.d_lookup(parent, name);
  if (known) return known;
  const dentry = k.d_alloc(parent, name);
  dentry.d_inode = k.proc_inode(parent.d_sb!, mode, name, task);
  dentry.d_unhashed = 0;
  dentry.d_count = 0;
  parent.d_children = parent.d_children.add(dentry);
  return dentry;
}

/** /proc: files of the system, and a directory for each process that has not been waited for. */
export function proc_root_lookup(k: Kernel, _dir: Inode, parent: Dentry, name: string): Dentry | null {
  if (Object.hasOwn(ROOT_FILES, name)) return proc_dentry(k, parent, name, S_IFREG | 0o444, null);
  const pid = name === "self" ? k.current.tgid : Number(name);
  const task = k.tasks().find((other) => other.pid === pid && other.exit_state !== 2);
  return task && /^(self|\d+)$/.test(name) ? proc_dentry(k, parent, String(pid), S_IFDIR | 0o555, task) : null;
}

export function proc_tgid_base_lookup(k: Kernel, dir: Inode, parent: Dentry, name: string): Dentry | null {
  const task = dir.i_private as Task;
  if (task.exit_state === 2) return null;
  if (name !== "pagemap" && !Object.hasOwn(TASK_FILES, name)) return null;
  return proc_dentry(k, parent, name, S_IFREG | (name === "oom_score_adj" ? 0o644 : 0o444), task);
}

/** Writes to the only file of a process that takes it: oom_score_adj, of the whole process. */
export function* proc_oom_score_adj_write(k: Kernel, file: File, address: UserBuffer, count: number): Steps<number> {
  const task = file.f_inode!.i_private as Task;
  if (count > 12) return -EINVAL;
  const text = yield* k.strim_from_user(address, count);
  if (typeof text === "number") return text;
  const adj = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(adj >= OOM_SCORE_ADJ_MIN && adj <= OOM_SCORE_ADJ_MAX)) return -EINVAL;
  if (task.exit_state !== 0) return -ESRCH;
  for (const other of k.tasks()) if (other.tgid === task.tgid) other.oom_score_adj = adj;
  return count;
}

/** Reads a file whose text is made now. */
export function* proc_text_read(k: Kernel, file: File, address: number, count: number, pos: number): Steps<number> {
  const { name, i_private } = file.f_inode!;
  const text = i_private ? TASK_FILES[name]!(k, i_private as Task) : ROOT_FILES[name]!(k);
  return yield* k.simple_read_from_buffer(address, count, pos, text);
}

/** Eight bytes a page, at eight times the page's number. */
export function* pagemap_read(k: Kernel, file: File, address: number, count: number, pos: number): Steps<number> {
  if (pos % 8 !== 0 || count % 8 !== 0) return -EINVAL;
  const { mm } = file.f_inode!.i_private as Task;
  if (!mm) return 0;
  const first = pos / 8;
  const entries = Math.max(0, Math.min(count / 8, task_size_max(k) / 4096 - first));
  for (let done = 0; done < entries; done += 512) {
    const part = new BigUint64Array(Math.min(512, entries - done));
    for (let i = 0; i < part.length; i++) part[i] = k.pagemap_entry(mm, (first + done + i) * 4096);
    const error = yield* k.copy_to_user(address + done * 8, new Uint8Array(part.buffer));
    if (error) return error;
  }
  return entries * 8;
}

/** The text of /proc/PID/smaps. */
export function smaps_text(k: Kernel, task: Task): string {
  if (!task.mm) return "";
  const line = (name: string, bytes: number) => `${`${name}:`.padEnd(16)}${String(bytes / 1024).padStart(8)} kB\n`;
  return [...task.mm.mm_mt]
    .map((vma) => {
      const sums: Smaps = k.smaps_of(vma);
      const lines = Object.entries(sums).map(([name, bytes]) => line(name, bytes as number));
      return `${k.show_map_vma(vma)}\n${lines.join("")}THPeligible:           0\nVmFlags: ${vm_flags_letters(vma.vm_flags)} \n`;
    })
    .join("");
}

/** The call `pagemap`: a process reads the entry of an address in /proc/self/pagemap. */
export function* sys_pagemap(k: Kernel, address: number): Steps<bigint> {
  const mm = k.current.mm!;
  yield* k.mmap_read_lock(mm);
  const entry = k.pagemap_entry(mm, address);
  yield k.mmap_read_unlock(mm);
  return entry;
}

/** The call `smaps`: a process reads a line of /proc/self/smaps, in bytes; "Rss" where none is named. */
export function* sys_smaps(k: Kernel, address: number, field: string): Steps<number> {
  const mm = k.current.mm!;
  yield* k.mmap_read_lock(mm);
  const lines: Smaps = k.smaps(k.current, address);
  yield k.mmap_read_unlock(mm);
  return own_line(lines, field || "Rss");
}

/** The call `status`: a process reads a line of /proc/self/status, in bytes; "VmPTE" where none is named. */
// biome-ignore lint/correctness/useYield: no other CPU sees that somebody reads counters
export function* sys_status(k: Kernel, field: string): Steps<number> {
  return own_line(k.proc_status(k.current), field || "VmPTE");
}

const own_line = (lines: object, field: string): number =>
  Object.hasOwn(lines, field) ? (lines as Readonly<Record<string, number>>)[field]! : -EINVAL;
