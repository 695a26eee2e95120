// Writing mappings back (mm/msync.c). The files of this machine live in memory: only the checks are left, and fsync.
import type { Steps } from "../../core/thread.ts";
import { PAGE_ALIGN } from "../arch/x86/mm/pgtable.ts";
import { VM_LOCKED, VM_SHARED } from "../flags.ts";
import { file_op } from "../fs/operations.ts";
import type { Kernel } from "../kernel.ts";
import { EBUSY, EINVAL, ENOMEM } from "../uapi/errno.ts";
import { MS_ASYNC, MS_INVALIDATE, MS_SYNC } from "../uapi/mman.ts";

export function* sys_msync(k: Kernel, addr: number, len: number, flags: number): Steps<number> {
  if (flags > (MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr % 4096 !== 0) return -EINVAL;
  if (flags & MS_ASYNC && flags & MS_SYNC) return -EINVAL;
  const end = addr + (PAGE_ALIGN(len) % 2 ** 64);
  if (end >= 2 ** 64) return -ENOMEM;
  if (end === addr) return 0;
  const mm = k.current.mm!;
  let hole = 0;
  yield* k.mmap_read_lock(mm);
  for (let start = addr; start < end; ) {
    const vma = k.find_vma(mm, start);
    if (!vma || vma.vm_start >= end) {
      hole = -ENOMEM;
      break;
    }
    if (start < vma.vm_start) {
      hole = -ENOMEM;
      start = vma.vm_start;
      // Checking for holes is all that MS_ASYNC does.
      if (flags === MS_ASYNC) break;
    }
    if (flags & MS_INVALIDATE && vma.vm_flags & VM_LOCKED) {
      hole = -EBUSY;
      break;
    }
    const file = vma.vm_file;
    start = vma.vm_end;
    if (!(flags & MS_SYNC) || !file || !(vma.vm_flags & VM_SHARED)) continue;
    k.get_file(file);
    yield k.mmap_read_unlock(mm);
    const fsync = file_op(k, file, "fsync");
    const error = fsync ? yield* fsync(file) : -EINVAL;
    yield* k.fput(file);
    if (error || start >= end) return error || hole;
    yield* k.mmap_read_lock(mm);
  }
  yield k.mmap_read_unlock(mm);
  return hole;
}
