// /dev/kvm of x86-64 Linux (include/uapi/linux/kvm.h): the requests that make a guest and give it memory.
import { _IO, _IOW } from "./ioctl.ts";

const KVMIO = 0xae;

export const KVM_API_VERSION = 12;
export const KVM_GET_API_VERSION = _IO(KVMIO, 0x00);
export const KVM_CREATE_VM = _IO(KVMIO, 0x01);
/** The size is that of struct kvm_userspace_memory_region in bytes. */
export const KVM_SET_USER_MEMORY_REGION = _IOW(KVMIO, 0x46, 32);

// Flags of a memory region.
export const KVM_MEM_LOG_DIRTY_PAGES = 1;
export const KVM_MEM_READONLY = 2;
