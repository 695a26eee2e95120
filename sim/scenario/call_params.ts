// Parameters that many calls have.
import type { Param } from "../kernel/syscall_table.ts";

export const fd: Param = { name: "fd", kind: "fd" };
export const path: Param = { name: "path", kind: "path" };
export const addr: Param = { name: "addr", kind: "address" };
export const length: Param = { name: "length", kind: "size" };
export const prot: Param = { name: "prot", kind: "flags", constants: ["PROT_"] };
export const mode: Param = { name: "mode", kind: "int", constants: ["S_I"] };
