// One line on each errno, for hovers and completion.

/** Lines of "NAME doc". */
export const errnoDocs = `
EPERM Operation not permitted.
ENOENT No such file or directory.
ESRCH No such process.
EINTR Interrupted by a signal.
EIO Input/output error.
ENXIO No such device or address.
E2BIG Argument list too long.
ENOEXEC Not an executable format.
EBADF Not an open file descriptor, or opened in the wrong mode.
ECHILD No child to wait for.
EAGAIN Try again.
ENOMEM No memory, or no address range that fits.
EACCES Permission denied.
EFAULT A pointer argument leads outside the address space.
ENOTBLK A block device is needed.
EBUSY In use.
EEXIST Exists already.
EXDEV Link across file systems.
ENODEV The device or file does not support this.
ENOTDIR Not a directory.
EISDIR Is a directory.
EINVAL An argument is not valid.
ENFILE Too many open files in the system.
EMFILE Too many open files in the process.
ENOTTY The file does not know this ioctl.
ETXTBSY An executable is being run.
EFBIG File too large.
ENOSPC No space left.
ESPIPE The file has no position to seek.
EROFS Read-only file system.
EMLINK Too many links.
EPIPE Nobody reads the pipe.
EDOM Argument outside the domain of the function.
ERANGE Result too large.
EDEADLK Would deadlock.
ENAMETOOLONG File name too long.
ENOLCK No lock available.
ENOSYS The kernel has no such system call.
ENOTEMPTY Directory not empty.
ELOOP Too many symbolic links.
ENODATA No data.
EOVERFLOW Value too large for its type.
EBADFD Descriptor in a bad state.
EOPNOTSUPP Operation not supported.
ETIMEDOUT Timed out.
EALREADY Already in progress.
EINPROGRESS Now in progress.
ESTALE Stale file handle.
EDQUOT Quota exceeded.
ECANCELED Cancelled.
EHWPOISON The page has a hardware memory error.
`;
