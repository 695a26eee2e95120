// Error numbers of x86-64 Linux. A failing system call returns the negated number.

/** Operation not permitted. */
export const EPERM = 1;
/** No such file or directory. */
export const ENOENT = 2;
/** No such process. */
export const ESRCH = 3;
/** Interrupted by a signal. */
export const EINTR = 4;
/** Input/output error. */
export const EIO = 5;
/** No such device or address. */
export const ENXIO = 6;
/** Argument list too long. */
export const E2BIG = 7;
/** Not an executable format. */
export const ENOEXEC = 8;
/** Not an open file descriptor, or opened in the wrong mode. */
export const EBADF = 9;
/** No child to wait for. */
export const ECHILD = 10;
/** Try again. */
export const EAGAIN = 11;
/** No memory, or no address range that fits. */
export const ENOMEM = 12;
/** Permission denied. */
export const EACCES = 13;
/** A pointer argument leads outside the address space. */
export const EFAULT = 14;
/** A block device is needed. */
export const ENOTBLK = 15;
/** In use. */
export const EBUSY = 16;
/** Exists already. */
export const EEXIST = 17;
/** Link across file systems. */
export const EXDEV = 18;
/** The device or file does not support this. */
export const ENODEV = 19;
/** Not a directory. */
export const ENOTDIR = 20;
/** Is a directory. */
export const EISDIR = 21;
/** An argument is not valid. */
export const EINVAL = 22;
/** Too many open files in the system. */
export const ENFILE = 23;
/** Too many open files in the process. */
export const EMFILE = 24;
/** The file does not know this ioctl. */
export const ENOTTY = 25;
/** An executable is being run. */
export const ETXTBSY = 26;
/** File too large. */
export const EFBIG = 27;
/** No space left. */
export const ENOSPC = 28;
/** The file has no position to seek. */
export const ESPIPE = 29;
/** Read-only file system. */
export const EROFS = 30;
/** Too many links. */
export const EMLINK = 31;
/** Nobody reads the pipe. */
export const EPIPE = 32;
/** Argument outside the domain of the function. */
export const EDOM = 33;
/** Result too large. */
export const ERANGE = 34;
/** Would deadlock. */
export const EDEADLK = 35;
/** File name too long. */
export const ENAMETOOLONG = 36;
/** No lock available. */
export const ENOLCK = 37;
/** The kernel has no such system call. */
export const ENOSYS = 38;
/** Directory not empty. */
export const ENOTEMPTY = 39;
/** Too many symbolic links. */
export const ELOOP = 40;
/** No data. */
export const ENODATA = 61;
/** Value too large for its type. */
export const EOVERFLOW = 75;
/** Descriptor in a bad state. */
export const EBADFD = 77;
/** Operation not supported. */
export const EOPNOTSUPP = 95;
/** Timed out. */
export const ETIMEDOUT = 110;
/** Already in progress. */
export const EALREADY = 114;
/** Now in progress. */
export const EINPROGRESS = 115;
/** Stale file handle. */
export const ESTALE = 116;
/** Quota exceeded. */
export const EDQUOT = 122;
/** Cancelled. */
export const ECANCELED = 125;
/** The page has a hardware memory error. */
export const EHWPOISON = 133;

/** The same in the other direction: `errnoName(22)` is `EINVAL`. */
const names = new Map<number, string>([
  [EPERM, "EPERM"],
  [ENOENT, "ENOENT"],
  [ESRCH, "ESRCH"],
  [EINTR, "EINTR"],
  [EIO, "EIO"],
  [ENXIO, "ENXIO"],
  [E2BIG, "E2BIG"],
  [ENOEXEC, "ENOEXEC"],
  [EBADF, "EBADF"],
  [ECHILD, "ECHILD"],
  [EAGAIN, "EAGAIN"],
  [ENOMEM, "ENOMEM"],
  [EACCES, "EACCES"],
  [EFAULT, "EFAULT"],
  [ENOTBLK, "ENOTBLK"],
  [EBUSY, "EBUSY"],
  [EEXIST, "EEXIST"],
  [EXDEV, "EXDEV"],
  [ENODEV, "ENODEV"],
  [ENOTDIR, "ENOTDIR"],
  [EISDIR, "EISDIR"],
  [EINVAL, "EINVAL"],
  [ENFILE, "ENFILE"],
  [EMFILE, "EMFILE"],
  [ENOTTY, "ENOTTY"],
  [ETXTBSY, "ETXTBSY"],
  [EFBIG, "EFBIG"],
  [ENOSPC, "ENOSPC"],
  [ESPIPE, "ESPIPE"],
  [EROFS, "EROFS"],
  [EMLINK, "EMLINK"],
  [EPIPE, "EPIPE"],
  [EDOM, "EDOM"],
  [ERANGE, "ERANGE"],
  [EDEADLK, "EDEADLK"],
  [ENAMETOOLONG, "ENAMETOOLONG"],
  [ENOLCK, "ENOLCK"],
  [ENOSYS, "ENOSYS"],
  [ENOTEMPTY, "ENOTEMPTY"],
  [ELOOP, "ELOOP"],
  [ENODATA, "ENODATA"],
  [EOVERFLOW, "EOVERFLOW"],
  [EBADFD, "EBADFD"],
  [EOPNOTSUPP, "EOPNOTSUPP"],
  [ETIMEDOUT, "ETIMEDOUT"],
  [EALREADY, "EALREADY"],
  [EINPROGRESS, "EINPROGRESS"],
  [ESTALE, "ESTALE"],
  [EDQUOT, "EDQUOT"],
  [ECANCELED, "ECANCELED"],
  [EHWPOISON, "EHWPOISON"],
]);

/** The name of a positive error number, such as `EINVAL` for 22; the number as text when it has no name here. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? String(errno);
}
