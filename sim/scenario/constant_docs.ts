// One line on each constant, for hovers and completion: "NAME doc".

export const mappingDocs = `
PROT_NONE No access.
PROT_READ May be read.
PROT_WRITE May be written.
PROT_EXEC May be executed.
PROT_SEM Good for atomic operations; has no effect on x86.
PROT_GROWSDOWN mprotect goes down to the start of a mapping that grows down.
PROT_GROWSUP mprotect goes up to the end of a mapping that grows up.
MAP_SHARED Writes are seen by everybody who maps the file.
MAP_PRIVATE Writes are the process's own: copy on write.
MAP_SHARED_VALIDATE Like MAP_SHARED, but unknown flags are refused.
MAP_DROPPABLE Memory that the kernel may drop under pressure; it then reads 0.
MAP_TYPE The bits that hold the kind of mapping.
MAP_FIXED Exactly at this address; what is there is unmapped.
MAP_ANONYMOUS Memory without a file.
MAP_ANON The same as MAP_ANONYMOUS.
MAP_FILE No meaning; a file is the default.
MAP_32BIT In the first 2 GiB.
MAP_ABOVE4G Above 4 GiB.
MAP_GROWSDOWN Grows down on faults below it, as stacks do.
MAP_DENYWRITE Ignored.
MAP_EXECUTABLE Ignored.
MAP_LOCKED Locked in memory.
MAP_NORESERVE Reserves no swap space.
MAP_POPULATE Faults all pages in at once.
MAP_NONBLOCK With MAP_POPULATE: does nothing more.
MAP_STACK Meant as a stack; no effect.
MAP_HUGETLB Huge pages of hugetlb.
MAP_SYNC Synchronous faults of DAX files.
MAP_FIXED_NOREPLACE Exactly at this address; fails where something is there.
MAP_UNINITIALIZED Not cleared; only without an MMU.
MAP_HUGE_SHIFT Where the size of a huge page stands in the flags.
MAP_HUGE_MASK The bits of that size, before shifting.
MAP_HUGE_2MB Huge pages of 2 MiB.
MAP_HUGE_1GB Huge pages of 1 GiB.
MADV_NORMAL No special treatment.
MADV_RANDOM Accesses in no order.
MADV_SEQUENTIAL Accesses in order.
MADV_WILLNEED Will be used soon.
MADV_DONTNEED Drops the pages now; private memory then reads 0.
MADV_FREE The kernel may drop the pages until they are written again.
MADV_REMOVE Drops the pages and what the file holds there.
MADV_DONTFORK A child does not get it.
MADV_DOFORK A child gets it.
MADV_MERGEABLE KSM may merge equal pages.
MADV_UNMERGEABLE KSM may not.
MADV_HUGEPAGE Transparent huge pages wanted.
MADV_NOHUGEPAGE No transparent huge pages.
MADV_DONTDUMP Not in core dumps.
MADV_DODUMP In core dumps.
MADV_WIPEONFORK Reads 0 in a child.
MADV_KEEPONFORK Copied to a child.
MADV_COLD First to be reclaimed.
MADV_PAGEOUT Reclaims the pages now.
MADV_POPULATE_READ Faults all pages in for reading.
MADV_POPULATE_WRITE Faults all pages in for writing.
MADV_DONTNEED_LOCKED MADV_DONTNEED, also of locked memory.
MADV_COLLAPSE Makes huge pages now.
MADV_HWPOISON Simulates a memory error.
MADV_SOFT_OFFLINE Takes the frames out of use.
MADV_GUARD_INSTALL Makes the pages guards: an access raises SIGSEGV.
MADV_GUARD_REMOVE Removes guards.
MREMAP_MAYMOVE The mapping may move.
MREMAP_FIXED To exactly the new address; what is there is unmapped.
MREMAP_DONTUNMAP The old range stays mapped, empty.
MCL_CURRENT Locks what is mapped now.
MCL_FUTURE Locks what will be mapped.
MCL_ONFAULT Locks pages when they are faulted in.
MLOCK_ONFAULT Locks pages when they are faulted in.
MS_ASYNC Starts writing back.
MS_INVALIDATE Asks other mappings to be refreshed.
MS_SYNC Waits for writing back.
MFD_CLOEXEC Closed by exec.
MFD_ALLOW_SEALING Seals may be set.
MFD_HUGETLB A file of huge pages.
MFD_NOEXEC_SEAL Cannot be executed.
MFD_EXEC Can be executed.
MFD_HUGE_2MB Huge pages of 2 MiB.
MFD_HUGE_1GB Huge pages of 1 GiB.
`;

export const fileDocs = `
O_RDONLY Opens for reading.
O_WRONLY Opens for writing.
O_RDWR Opens for both.
O_ACCMODE The bits that say reading or writing.
O_CREAT Makes the file where there is none.
O_EXCL With O_CREAT: fails where there is one.
O_NOCTTY Not as a terminal.
O_TRUNC Empties the file.
O_APPEND Writes at the end.
O_NONBLOCK Does not wait.
O_DSYNC Data is on disk when a write returns.
O_DIRECT Past the page cache.
O_LARGEFILE Large files; always so on 64 bits.
O_DIRECTORY Fails where it is no directory.
O_NOFOLLOW Fails where it is a symbolic link.
O_NOATIME Leaves the time of access.
O_CLOEXEC Closed by exec.
O_SYNC Everything is on disk when a write returns.
O_PATH Only a place in the tree.
O_TMPFILE A nameless file in this directory.
AT_FDCWD Relative to the working directory.
AT_SYMLINK_NOFOLLOW The symbolic link itself.
AT_REMOVEDIR unlinkat removes a directory.
AT_SYMLINK_FOLLOW Follows symbolic links.
AT_EMPTY_PATH The descriptor itself.
FALLOC_FL_KEEP_SIZE Leaves the file's size.
FALLOC_FL_PUNCH_HOLE Frees a range; it then reads 0.
FALLOC_FL_COLLAPSE_RANGE Removes a range; what follows moves down.
FALLOC_FL_ZERO_RANGE Zeroes a range.
FALLOC_FL_INSERT_RANGE Makes room; what follows moves up.
FALLOC_FL_UNSHARE_RANGE Own copies of shared blocks.
SEEK_SET From the start.
SEEK_CUR From here.
SEEK_END From the end.
SEEK_DATA To the next data.
SEEK_HOLE To the next hole.
F_ADD_SEALS fcntl: adds seals.
F_GET_SEALS fcntl: the seals.
F_SEAL_SEAL No more seals.
F_SEAL_SHRINK May not shrink.
F_SEAL_GROW May not grow.
F_SEAL_WRITE May not be written.
F_SEAL_FUTURE_WRITE May not be written, except through mappings that exist.
F_SEAL_EXEC May not change whether it is executable.
S_IFMT The bits of a file's type.
S_IFDIR A directory.
S_IFREG A regular file.
S_IFLNK A symbolic link.
S_IFIFO A named pipe.
S_IRUSR The owner may read.
S_IWUSR The owner may write.
S_IXUSR The owner may execute.
S_IRWXU The owner may do all.
S_IRGRP The group may read.
S_IWGRP The group may write.
S_IXGRP The group may execute.
S_IROTH Others may read.
S_IWOTH Others may write.
S_IXOTH Others may execute.
WNOHANG Does not wait.
WUNTRACED Also stopped children.
WEXITED Children that exited.
`;

export const signalDocs = `
SIGABRT The process gave up.
SIGBUS A mapping, but no page behind it.
SIGKILL Killed.
SIGSEGV No mapping, or not for this kind of access.
SIGCHLD A child ended.
SEGV_MAPERR SIGSEGV: no mapping there.
SEGV_ACCERR SIGSEGV: a mapping, but not for this kind of access.
SEGV_PKUERR SIGSEGV: a protection key forbids it.
BUS_ADRALN SIGBUS: not aligned.
BUS_ADRERR SIGBUS: beyond the end of the file, or no huge page.
BUS_OBJERR SIGBUS: the object failed.
BUS_MCEERR_AR SIGBUS: a memory error, met now.
BUS_MCEERR_AO SIGBUS: a memory error, found elsewhere.
`;

export const userfaultfdDocs = `
UFFD_API The version that UFFDIO_API expects.
UFFD_USER_MODE_ONLY Handles only faults of user code.
UFFDIO_API ioctl: agrees on version and features.
UFFDIO_REGISTER ioctl: handles a range.
UFFDIO_UNREGISTER ioctl: no longer handles it.
UFFDIO_WAKE ioctl: lets faults go on.
UFFDIO_COPY ioctl: fills missing pages with a copy.
UFFDIO_ZEROPAGE ioctl: fills missing pages with zeroes.
UFFDIO_MOVE ioctl: moves pages to missing ones.
UFFDIO_WRITEPROTECT ioctl: sets or takes away write protection.
UFFDIO_CONTINUE ioctl: maps pages that the file has.
UFFDIO_POISON ioctl: marks pages so that an access raises SIGBUS.
UFFDIO_REGISTER_MODE_MISSING Handles pages that are missing.
UFFDIO_REGISTER_MODE_WP Handles writes to protected pages.
UFFDIO_REGISTER_MODE_MINOR Handles pages that the file has and the table has not.
UFFDIO_COPY_MODE_DONTWAKE Wakes nobody.
UFFDIO_COPY_MODE_WP Write-protected.
UFFDIO_ZEROPAGE_MODE_DONTWAKE Wakes nobody.
UFFDIO_WRITEPROTECT_MODE_WP Sets protection; without it takes it away.
UFFDIO_WRITEPROTECT_MODE_DONTWAKE Wakes nobody.
UFFDIO_CONTINUE_MODE_DONTWAKE Wakes nobody.
UFFDIO_CONTINUE_MODE_WP Write-protected.
UFFD_EVENT_PAGEFAULT Message: a fault waits.
UFFD_EVENT_FORK Message: the process forked.
UFFD_EVENT_REMAP Message: a range moved.
UFFD_EVENT_REMOVE Message: pages were dropped.
UFFD_EVENT_UNMAP Message: a range was unmapped.
UFFD_FEATURE_PAGEFAULT_FLAG_WP Messages tell write-protection faults.
UFFD_FEATURE_EVENT_FORK Messages on fork.
UFFD_FEATURE_EVENT_REMAP Messages on mremap.
UFFD_FEATURE_EVENT_REMOVE Messages on dropped pages.
UFFD_FEATURE_MISSING_HUGETLBFS Missing pages of hugetlb.
UFFD_FEATURE_MISSING_SHMEM Missing pages of shared memory.
UFFD_FEATURE_EVENT_UNMAP Messages on munmap.
UFFD_FEATURE_SIGBUS SIGBUS instead of messages.
UFFD_FEATURE_THREAD_ID Messages name the thread.
UFFD_FEATURE_MINOR_HUGETLBFS Minor faults of hugetlb.
UFFD_FEATURE_MINOR_SHMEM Minor faults of shared memory.
UFFD_FEATURE_EXACT_ADDRESS Messages have the exact address.
UFFD_FEATURE_WP_HUGETLBFS_SHMEM Write protection of hugetlb and shared memory.
UFFD_FEATURE_WP_UNPOPULATED Write protection of pages that are not there yet.
UFFD_FEATURE_POISON Pages can be marked as bad.
UFFD_FEATURE_WP_ASYNC Write protection ends by itself at a write.
UFFD_FEATURE_MOVE Pages can be moved.
`;

export const kvmDocs = `
KVM_API_VERSION What KVM_GET_API_VERSION gives.
KVM_GET_API_VERSION ioctl of /dev/kvm: the version of the interface.
KVM_CREATE_VM ioctl of /dev/kvm: makes a virtual machine; gives its descriptor.
KVM_SET_USER_MEMORY_REGION ioctl of a virtual machine: makes memory of the process the guest's memory.
KVM_MEM_LOG_DIRTY_PAGES Notes which pages the guest writes.
KVM_MEM_READONLY The guest may only read.
`;
