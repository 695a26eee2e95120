// userfaultfd(2) of x86-64 Linux: its flags, its ioctl requests, their modes and features.
import { _IOR, _IOWR } from "./ioctl.ts";

/** The version that UFFDIO_API expects. */
export const UFFD_API = 0xaa;
export const UFFD_USER_MODE_ONLY = 1;

// Requests; the sizes are those of their argument structures in bytes.
export const UFFDIO_API = _IOWR(0xaa, 0x3f, 24);
export const UFFDIO_REGISTER = _IOWR(0xaa, 0x00, 32);
export const UFFDIO_UNREGISTER = _IOR(0xaa, 0x01, 16);
export const UFFDIO_WAKE = _IOR(0xaa, 0x02, 16);
export const UFFDIO_COPY = _IOWR(0xaa, 0x03, 40);
export const UFFDIO_ZEROPAGE = _IOWR(0xaa, 0x04, 32);
export const UFFDIO_MOVE = _IOWR(0xaa, 0x05, 40);
export const UFFDIO_WRITEPROTECT = _IOWR(0xaa, 0x06, 24);
export const UFFDIO_CONTINUE = _IOWR(0xaa, 0x07, 32);
export const UFFDIO_POISON = _IOWR(0xaa, 0x08, 32);

// Modes of UFFDIO_REGISTER.
export const UFFDIO_REGISTER_MODE_MISSING = 1;
export const UFFDIO_REGISTER_MODE_WP = 2;
export const UFFDIO_REGISTER_MODE_MINOR = 4;

// Modes of the other requests.
export const UFFDIO_COPY_MODE_DONTWAKE = 1;
export const UFFDIO_COPY_MODE_WP = 2;
export const UFFDIO_ZEROPAGE_MODE_DONTWAKE = 1;
export const UFFDIO_WRITEPROTECT_MODE_WP = 1;
export const UFFDIO_WRITEPROTECT_MODE_DONTWAKE = 2;
export const UFFDIO_CONTINUE_MODE_DONTWAKE = 1;
export const UFFDIO_CONTINUE_MODE_WP = 2;

// Events that read() delivers.
export const UFFD_EVENT_PAGEFAULT = 0x12;
export const UFFD_EVENT_FORK = 0x13;
export const UFFD_EVENT_REMAP = 0x14;
export const UFFD_EVENT_REMOVE = 0x15;
export const UFFD_EVENT_UNMAP = 0x16;

// Features of UFFDIO_API.
export const UFFD_FEATURE_PAGEFAULT_FLAG_WP = 1 << 0;
export const UFFD_FEATURE_EVENT_FORK = 1 << 1;
export const UFFD_FEATURE_EVENT_REMAP = 1 << 2;
export const UFFD_FEATURE_EVENT_REMOVE = 1 << 3;
export const UFFD_FEATURE_MISSING_HUGETLBFS = 1 << 4;
export const UFFD_FEATURE_MISSING_SHMEM = 1 << 5;
export const UFFD_FEATURE_EVENT_UNMAP = 1 << 6;
export const UFFD_FEATURE_SIGBUS = 1 << 7;
export const UFFD_FEATURE_THREAD_ID = 1 << 8;
export const UFFD_FEATURE_MINOR_HUGETLBFS = 1 << 9;
export const UFFD_FEATURE_MINOR_SHMEM = 1 << 10;
export const UFFD_FEATURE_EXACT_ADDRESS = 1 << 11;
export const UFFD_FEATURE_WP_HUGETLBFS_SHMEM = 1 << 12;
export const UFFD_FEATURE_WP_UNPOPULATED = 1 << 13;
export const UFFD_FEATURE_POISON = 1 << 14;
export const UFFD_FEATURE_WP_ASYNC = 1 << 15;
export const UFFD_FEATURE_MOVE = 1 << 16;
