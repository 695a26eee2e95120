// memfd_create and seals (mm/memfd.c).
import type { Steps } from "../../core/thread.ts";
import { FMODE_WRITE, VM_MAYWRITE, VM_NORESERVE, VM_SHARED, VM_WRITE, withoutVmFlags } from "../flags.ts";
import { is_file_hugepages } from "../fs/hugetlbfs/inode.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, File, Vma } from "../mm_types.ts";
import { EBUSY, EFAULT, EINVAL, EPERM } from "../uapi/errno.ts";
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
} from "../uapi/fcntl.ts";
import {
  MAP_HUGE_MASK,
  MAP_HUGE_SHIFT,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_HUGETLB,
  MFD_NOEXEC_SEAL,
} from "../uapi/mman.ts";

/** A name with its "memfd:" fits into 255 bytes. */
const MFD_NAME_MAX_LEN = 249;
const MFD_ALL_FLAGS = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC;
const MFD_HUGE_BITS = 0x3f * 2 ** 26;
const F_ALL_SEALS = F_SEAL_SEAL | F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

/** The system call; `name` 0n for NULL. Returns a descriptor or a negative errno. */
export function* sys_memfd_create(k: Kernel, name: string | bigint, flags = 0): Steps<number> {
  const allowed = flags & MFD_HUGETLB ? MFD_ALL_FLAGS + MFD_HUGE_BITS : MFD_ALL_FLAGS;
  if (flags & ~allowed) return -EINVAL;
  if (flags & MFD_EXEC && flags & MFD_NOEXEC_SEAL) return -EINVAL;
  if (typeof name !== "string") return -EFAULT;
  if (name.length > MFD_NAME_MAX_LEN) return -EINVAL;
  const fd = k.get_unused_fd();
  if (fd < 0) return fd;
  const file =
    flags & MFD_HUGETLB
      ? yield* k.hugetlb_file_setup(`memfd:${name}`, 0, VM_NORESERVE, (flags >>> MAP_HUGE_SHIFT) & MAP_HUGE_MASK)
      : yield* k.shmem_file_setup(`memfd:${name}`, 0, VM_NORESERVE);
  if (typeof file === "number") return file;
  const inode = file.f_inode!;
  if (flags & MFD_NOEXEC_SEAL) {
    inode.i_mode &= ~0o111;
    inode.seals = F_SEAL_EXEC;
  } else if (flags & MFD_ALLOW_SEALING) inode.seals &= ~F_SEAL_SEAL;
  yield k.fd_install(fd, file);
  return fd;
}

const has_seals = (file: File): boolean => file.f_op === "shmem_file_operations" || is_file_hugepages(file);

/** fcntl(F_ADD_SEALS) */
export function* memfd_add_seals(k: Kernel, file: File, asked: number): Steps<number> {
  if (!(file.f_mode & FMODE_WRITE)) return -EPERM;
  if (asked & ~F_ALL_SEALS) return -EINVAL;
  const inode = file.f_inode!;
  yield* k.inode_lock(inode);
  const error = has_seals(file) ? add_seals(k, file, asked) : -EINVAL;
  yield k.inode_unlock(inode);
  return error;
}

function add_seals(k: Kernel, file: File, asked: number): number {
  const inode = file.f_inode!;
  if (inode.seals & F_SEAL_SEAL) return -EPERM;
  let seals = asked;
  // Not executable from now on means not changed either, where it was executable.
  if (seals & F_SEAL_EXEC && inode.i_mode & 0o111)
    seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
  if (seals & F_SEAL_WRITE && !(inode.seals & F_SEAL_WRITE)) {
    const error = k.mapping_deny_writable(inode.i_mapping!);
    if (error) return error;
  }
  inode.seals |= seals;
  return 0;
}

/** fcntl(F_GET_SEALS) */
export function memfd_get_seals(_k: Kernel, file: File): number {
  return has_seals(file) ? file.f_inode!.seals : -EINVAL;
}

/** No shared mapping may be writable from now on: `i_mmap_writable` goes below 0, unless there is one: -EBUSY. */
export function mapping_deny_writable(_k: Kernel, mapping: AddressSpace): number {
  if (mapping.i_mmap_writable > 0) return -EBUSY;
  mapping.i_mmap_writable--;
  return 0;
}

/** What seals leave of a new mapping's flags, or -EPERM. A shared mapping for reading may not become writable later. */
export function memfd_check_seals_mmap(_k: Kernel, file: File, vm_flags: number): number {
  if (!(file.f_inode!.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) || !(vm_flags & VM_SHARED)) return vm_flags;
  return vm_flags & VM_WRITE ? -EPERM : withoutVmFlags(vm_flags, VM_MAYWRITE);
}

/** Until 6.13 the file system looked, after what was mapped at the place had gone. Returns 0 or -EPERM. */
export function seal_check_write(k: Kernel, file: File, vma: Vma): number {
  if (k.config.version !== "6.12") return 0;
  const vm_flags = k.memfd_check_seals_mmap(file, vma.vm_flags);
  if (vm_flags < 0) return vm_flags;
  vma.vm_flags = vm_flags;
  return 0;
}
