// Virtual machines (virt/kvm/kvm_main.c): /dev/kvm, memory slots, and how a guest's memory follows that of its process. A
// guest has one virtual CPU, which runs in the thread that calls, and only while that calls: kvm_load and kvm_store stand for
// a KVM_RUN in which the guest does one access.
import type { Steps } from "../../../core/thread.ts";
import type { IoctlArg, Layout } from "../../fs/ioctl.ts";
import { access_ok } from "../../fs/read_write.ts";
import type { Kernel } from "../../kernel.ts";
import { type MmuNotifier, mmu_notifier } from "../../mm/mmu_notifier.ts";
import type { File, Inode } from "../../mm_types.ts";
import { EBADF, EEXIST, EINVAL, EIO, ENOTTY } from "../../uapi/errno.ts";
import { O_RDWR } from "../../uapi/fcntl.ts";
import {
  KVM_API_VERSION,
  KVM_CREATE_VM,
  KVM_GET_API_VERSION,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_READONLY,
  KVM_SET_USER_MEMORY_REGION,
} from "../../uapi/kvm.ts";
import { gfn_ranges, type Kvm, kvm, type MemorySlot } from "./kvm_host.ts";

const S_IFCHR = 0o020000;
const MMU_LOCK = "&kvm->mmu_lock";
const KVM_MEM_SLOTS_NUM = 32767;
const KVM_MEM_MAX_NR_PAGES = 2 ** 31 - 1;

/** At boot: /dev/kvm. */
export function* kvm_init(k: Kernel): Steps<void> {
  const dev = k.kern_path("/dev");
  if (typeof dev === "number") return;
  const inode = k.new_inode(dev.dentry.d_sb!, S_IFCHR | 0o660);
  inode.i_fop = "kvm_chardev_ops";
  yield k.trace.inode_alloc(inode);
  yield k.d_add_pinned(k.d_alloc(dev.dentry, "kvm"), inode);
  yield* k.path_put(dev);
}

export function* kvm_dev_ioctl(k: Kernel, _file: File, cmd: number, arg: IoctlArg): Steps<number> {
  const given = typeof arg === "object" ? 1 : Number(arg);
  if (cmd === KVM_GET_API_VERSION) return given === 0 ? KVM_API_VERSION : -EINVAL;
  if (cmd !== KVM_CREATE_VM) return -ENOTTY;
  return given === 0 ? yield* k.kvm_dev_ioctl_create_vm() : -EINVAL;
}

export function* kvm_dev_ioctl_create_vm(k: Kernel): Steps<number> {
  const vm = k.store.alloc(kvm) as Kvm;
  const mm = k.current.mm!;
  mm.mm_count++;
  vm.mm = mm;
  const mn = k.store.alloc(mmu_notifier) as MmuNotifier;
  mn.mn_ops = "kvm_mmu_notifier_ops";
  mn.mn_private = vm;
  vm.mmu_notifier = mn;
  yield* k.mmu_notifier_register(mn, mm);
  const fd = yield* k.anon_inode_getfd("kvm-vm", "kvm_vm_fops", vm, O_RDWR);
  if (fd < 0) yield* k.kvm_destroy_vm(vm);
  return fd;
}

/** The last descriptor of the machine is closed. */
export function* kvm_vm_release(k: Kernel, _inode: Inode, file: File): Steps<void> {
  yield* k.kvm_destroy_vm(file.private_data as Kvm);
}

export function* kvm_destroy_vm(k: Kernel, vm: Kvm): Steps<void> {
  const mn = vm.mmu_notifier!;
  const mm = vm.mm!;
  yield* k.mmu_notifier_unregister(mn);
  yield* k.kvm_arch_flush_shadow_all(vm);
  k.store.free(mn);
  k.store.free(vm);
  yield* k.mmdrop(mm);
}

const memory_region: Layout = [
  ["slot", 4],
  ["flags", 4],
  ["guest_phys_addr", 8],
  ["memory_size", 8],
  ["userspace_addr", 8],
];

/** Only the process that made a machine may use it. */
export function* kvm_vm_ioctl(k: Kernel, file: File, cmd: number, arg: IoctlArg): Steps<number> {
  const vm = file.private_data as Kvm;
  if (vm.mm !== k.current.mm) return -EIO;
  if (cmd !== KVM_SET_USER_MEMORY_REGION) return -ENOTTY;
  const fields = yield* k.copy_struct_from_user(arg, memory_region);
  if (typeof fields === "number") return fields;
  const field = (name: string) => Number(fields[name]);
  return yield* k.kvm_set_memory_region(vm, {
    id: field("slot"),
    base_gfn: field("guest_phys_addr") / 4096,
    npages: field("memory_size") / 4096,
    userspace_addr: field("userspace_addr"),
    flags: field("flags"),
  });
}

/** Makes, moves or (without pages) removes a slot. What the table had of the old one goes. */
export function* kvm_set_memory_region(k: Kernel, vm: Kvm, slot: MemorySlot): Steps<number> {
  const { id, base_gfn, npages, userspace_addr, flags } = slot;
  if (flags & ~(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)) return -EINVAL;
  if (![base_gfn, npages, userspace_addr / 4096].every(Number.isInteger)) return -EINVAL;
  if (!access_ok(k, userspace_addr, npages * 4096)) return -EINVAL;
  if (id >= KVM_MEM_SLOTS_NUM || npages > KVM_MEM_MAX_NR_PAGES || base_gfn + npages > 2 ** 52) return -EINVAL;
  const old = vm.memslots.find((other) => other.id === id);
  if (npages === 0 && !old) return -EINVAL;
  if (npages > 0 && old) {
    const fixed = ((flags ^ old.flags) & KVM_MEM_READONLY) === 0 && npages === old.npages;
    if (!fixed || userspace_addr !== old.userspace_addr) return -EINVAL;
    if (base_gfn === old.base_gfn && flags === old.flags) return 0;
  }
  const others = vm.memslots.filter((other) => other.id !== id);
  const overlaps = (other: MemorySlot) =>
    base_gfn < other.base_gfn + other.npages && other.base_gfn < base_gfn + npages;
  if (npages > 0 && others.some(overlaps)) return -EEXIST;
  // An invalidation that has begun must end with the slots with which it began.
  const idle = () => vm.mn_active_invalidate_count === 0;
  while (!idle()) yield k.wait(idle, "invalidations of guest memory");
  // Whoever has looked one up compares it with what is here later: a frozen one stays the same thing (core/frames.ts).
  vm.memslots = npages > 0 ? [...others, Object.freeze(slot)] : others;
  yield k.trace.kvm_set_memory_region(vm, id, base_gfn, npages, userspace_addr);
  if (old) yield* k.kvm_arch_flush_shadow_memslot(vm, old);
  return 0;
}

/** Before the process's tables change: the guest loses the range, and cannot have it again until the end. */
export function* kvm_mmu_notifier_invalidate_range_start(
  k: Kernel,
  mn: MmuNotifier,
  start: number,
  end: number,
): Steps<void> {
  const vm = mn.mn_private as Kvm;
  vm.mn_active_invalidate_count++;
  const ranges = gfn_ranges(vm, start, end);
  if (ranges.length === 0) return;
  yield* k.spin_lock(vm.mmu_lock, MMU_LOCK);
  k.kvm_mmu_invalidate_begin(vm, ranges);
  let flush = false;
  for (const [first, after] of ranges) if (yield* k.kvm_unmap_gfn_range(vm, first, after)) flush = true;
  if (flush) yield k.trace.kvm_flush_remote_tlbs(vm);
  yield k.spin_unlock(vm.mmu_lock, MMU_LOCK);
}

/** The ranges of invalidations that overlap in time count as one: from the lowest to the highest frame. */
export function kvm_mmu_invalidate_begin(_k: Kernel, vm: Kvm, ranges: readonly (readonly [number, number])[]): void {
  const alone = vm.mmu_invalidate_in_progress === 0;
  vm.mmu_invalidate_in_progress++;
  const first = Math.min(...ranges.map(([start]) => start));
  const after = Math.max(...ranges.map(([, end]) => end));
  vm.mmu_invalidate_range_start = alone ? first : Math.min(vm.mmu_invalidate_range_start, first);
  vm.mmu_invalidate_range_end = alone ? after : Math.max(vm.mmu_invalidate_range_end, after);
}

export function* kvm_mmu_notifier_invalidate_range_end(
  k: Kernel,
  mn: MmuNotifier,
  start: number,
  end: number,
): Steps<void> {
  const vm = mn.mn_private as Kvm;
  if (gfn_ranges(vm, start, end).length > 0) {
    yield* k.spin_lock(vm.mmu_lock, MMU_LOCK);
    // First the sequence: who sees nothing in progress must see that something was.
    vm.mmu_invalidate_seq++;
    vm.mmu_invalidate_in_progress--;
    yield k.spin_unlock(vm.mmu_lock, MMU_LOCK);
  }
  vm.mn_active_invalidate_count--;
  if (vm.mn_active_invalidate_count < 0 || vm.mmu_invalidate_in_progress < 0)
    yield k.trace.kernel_warning("kvm: more invalidations have ended than began");
}

export function* kvm_mmu_notifier_clear_flush_young(
  k: Kernel,
  mn: MmuNotifier,
  start: number,
  end: number,
): Steps<number> {
  const vm = mn.mn_private as Kvm;
  const ranges = gfn_ranges(vm, start, end);
  if (ranges.length === 0) return 0;
  yield* k.spin_lock(vm.mmu_lock, MMU_LOCK);
  let young = 0;
  for (const [first, after] of ranges) if (yield* k.kvm_age_gfn(vm, first, after)) young = 1;
  yield k.spin_unlock(vm.mmu_lock, MMU_LOCK);
  return young;
}

export function* kvm_mmu_notifier_release(k: Kernel, mn: MmuNotifier): Steps<void> {
  yield* k.kvm_arch_flush_shadow_all(mn.mn_private as Kvm);
}

/** Whether what was found out about a guest frame, when the sequence was `seq`, may have changed since. */
export function mmu_invalidate_retry_gfn(_k: Kernel, vm: Kvm, seq: number, gfn: number): boolean {
  const within = gfn >= vm.mmu_invalidate_range_start && gfn < vm.mmu_invalidate_range_end;
  return (vm.mmu_invalidate_in_progress > 0 && within) || vm.mmu_invalidate_seq !== seq;
}

/** The machine of a descriptor; or a negative errno for a program that may not run its guest. */
function vm_of(k: Kernel, fd: number): { file: File; vm: Kvm } | number {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const vm = file.private_data as Kvm;
  const error = file.f_op !== "kvm_vm_fops" ? -ENOTTY : vm.mm !== k.current.mm ? -EIO : 0;
  if (!error) return { file, vm };
  k.fdput(file);
  return error;
}

/** The guest reads 8 bytes at a guest physical address. Returns them or a negative errno. */
export function* sys_kvm_load(k: Kernel, fd: number, gpa: number): Steps<bigint | number> {
  const found = vm_of(k, fd);
  if (typeof found === "number") return found;
  const { file, vm } = found;
  const pfn = yield* k.guest_access(vm, gpa, "read");
  let result: bigint | number = pfn;
  if (pfn >= 0) {
    k.memory.readWord(pfn, Math.floor((gpa % 4096) / 8));
    result = (BigInt(k.memory.high) << 32n) | BigInt(k.memory.low);
    yield k.trace.guest_load(gpa, pfn, vm);
  }
  k.fdput(file);
  return result;
}

/** The guest writes 8 bytes. Returns 0 or a negative errno. */
export function* sys_kvm_store(k: Kernel, fd: number, gpa: number, data: bigint): Steps<number> {
  const found = vm_of(k, fd);
  if (typeof found === "number") return found;
  const { file, vm } = found;
  const pfn = yield* k.guest_access(vm, gpa, "write");
  if (pfn >= 0) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, data, true);
    k.write_frame(pfn, Math.floor((gpa % 4096) / 8) * 8, bytes);
    yield k.trace.guest_store(gpa, pfn, vm);
  }
  k.fdput(file);
  return Math.min(pfn, 0);
}
