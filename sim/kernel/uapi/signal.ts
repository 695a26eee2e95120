// Signals of x86-64 Linux that a memory access can raise or that end a process, and their codes.

export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGKILL = 9;
export const SIGSEGV = 11;
export const SIGCHLD = 17;

// si_code of SIGSEGV.
/** No mapping at the address. */
export const SEGV_MAPERR = 1;
/** A mapping, but not for this kind of access. */
export const SEGV_ACCERR = 2;
export const SEGV_PKUERR = 4;

// si_code of SIGBUS.
export const BUS_ADRALN = 1;
/** Beyond the end of the file, or no huge page for it. */
export const BUS_ADRERR = 2;
export const BUS_OBJERR = 3;
export const BUS_MCEERR_AR = 4;
export const BUS_MCEERR_AO = 5;

const names = new Map<number, string>([
  [SIGABRT, "SIGABRT"],
  [SIGBUS, "SIGBUS"],
  [SIGKILL, "SIGKILL"],
  [SIGSEGV, "SIGSEGV"],
  [SIGCHLD, "SIGCHLD"],
]);

/** The name of a signal number, such as `SIGSEGV` for 11; the number as text when it has no name here. */
export function signalName(signal: number): string {
  return names.get(signal) ?? String(signal);
}
