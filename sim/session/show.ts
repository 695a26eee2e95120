// How values look to people: addresses and flags in hex with names, sizes with units.

import type { NumberKind } from "../core/fields.ts";
import type { Handle } from "../core/struct.ts";
import { entryNx, flagNames } from "../hardware/entry.ts";
import type { Cgroup } from "../kernel/kernel/cgroup.ts";
import type { MemCgroup } from "../kernel/mm/memcontrol.ts";
import {
  type AddressSpace,
  type Dentry,
  type File,
  type Inode,
  type Mm,
  type Mount,
  PAGE_TYPES,
  type Page,
  type Task,
  type Vma,
} from "../kernel/mm_types.ts";
import type { Kvm } from "../kernel/virt/kvm/kvm_host.ts";

export const hex = (n: number | bigint): string => `0x${n.toString(16)}`;

/** 4096 → "4 KiB (4096)"; what is no whole number of KiB stays a number of bytes. */
export function showBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && size % 1024 === 0 && unit < 4) {
    size /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${size} ${units[unit]}`;
}

export function showNumber(n: number, kind: NumberKind): string {
  switch (kind.format) {
    case "bytes":
      return showBytes(n);
    case "pages":
      return n === 0 ? "0" : `${n} (${showBytes(n * 4096)})`;
    case "address":
    case "hex":
    case "pfn":
      return hex(n);
    case "pgprot":
      return `${hex(BigInt(n & 0xfff) | (entryNx(n) ? 1n << 63n : 0n))} ${flagNames(n, 1).join("|")}`.trimEnd();
    case "bool":
      return n === 0 ? "false" : "true";
    case "enum":
      return kind.names?.[n] ?? String(n);
    case "flags":
      return showFlags(n, kind.names ?? {});
    default:
      return String(n);
  }
}

export function showFlags(n: number, names: Readonly<Record<number, string>>): string {
  const set = Object.entries(names).filter(([bit]) => Math.floor(n / Number(bit)) % 2 === 1);
  return n === 0 ? "0" : `${hex(n)} ${set.map(([, name]) => name).join("|")}`;
}

/** One line that says which object this is. */
export function summary(handle: Handle): string {
  if (!handle.$.isAlive(handle) && handle.gen !== 0) return `${handle.layout.name} (freed)`;
  switch (handle.layout.name) {
    case "mm_struct":
      return mmName(handle as Mm);
    case "vm_area_struct":
      return vmaText(handle as Vma);
    case "page":
      return pageText(handle as Page);
    case "task_struct": {
      const task = handle as Task;
      return `${task.comm} (pid ${task.pid})`;
    }
    case "inode": {
      const inode = handle as Inode;
      return `${inode.name || "inode"} #${inode.i_ino}`;
    }
    case "file":
      return fileName(handle as File);
    case "address_space": {
      const { host } = handle as AddressSpace;
      return `pages of ${host ? summary(host) : "no inode"}`;
    }
    case "dentry":
      return (handle as Dentry).d_name || "/";
    case "mount":
      return (handle as Mount).mnt_sb?.s_type || "mount";
    case "cgroup":
      return (handle as Cgroup).name || "/";
    case "mem_cgroup":
      return (handle as MemCgroup).name || "/";
    case "kvm":
      return `the guest of ${(handle as Kvm).mm?.name ?? "nobody"}`;
    default:
      return `${handle.layout.name} ${handle.slot}`;
  }
}

export const mmName = (mm: Mm): string => `mm of ${mm.name}`;
/** As /proc/PID/maps shows it. */
const fileName = (file: File): string => file.path || file.f_inode?.name || "file";

export function vmaText(vma: Vma): string {
  const bit = (flag: number, letter: string) => (vma.vm_flags & flag ? letter : "-");
  const rights = bit(1, "r") + bit(2, "w") + bit(4, "x") + (vma.vm_flags & 8 ? "s" : "p");
  const what = vma.vm_file ? ` ${fileName(vma.vm_file)}` : "";
  return `${hex(vma.vm_start)}-${hex(vma.vm_end)} ${rights} ${showBytes(vma.vm_end - vma.vm_start)}${what}`;
}

export function pageText(page: Page): string {
  const type = PAGE_TYPES[page.type as keyof typeof PAGE_TYPES] ?? page.type;
  return `frame ${hex(page.slot)} ${type}, refcount ${page.refcount}, mapcount ${page.mapcount}`;
}

/** `2a 00 00 00`, as hex viewers show bytes. */
export const bytesText = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "nothing" : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
