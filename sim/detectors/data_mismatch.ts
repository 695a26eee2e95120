// data-mismatch: a load returns the last value stored to that object and offset.
// Observes accesses: the frame must be a page of what the VMA maps (its own anonymous page, or the file's page of that
// index), and a word that was stored must read back until the frame is given away. Where a file is mapped by others, through
// whatever tables, they must find the same frame.

import type { BatchListener } from "../core/batch.ts";
import { places, Rows } from "../core/rows.ts";
import { idOf } from "../core/struct.ts";
import { entryPfn } from "../hardware/entry.ts";
import { VM_WRITE } from "../kernel/flags.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { AnonFaults } from "../kernel/mm/memory_batch.ts";
import { PAGE_TYPE } from "../kernel/mm/page_alloc.ts";
import { type AddressSpace, type Mm, PAGE_TYPES, type Page } from "../kernel/mm_types.ts";
import { type Access, knowsVma, NO_VMA, OTHER, PRIVATE_ANON, PRIVATE_FILE, SHARED_FILE } from "./accesses.ts";
import { alive, type Context, mmName } from "./context.ts";
import { hex, object, pageObject } from "./report.ts";
import { walk, walked } from "./tables.ts";
import { vmaAt } from "./vmas.ts";
import { frame_watch } from "./watch.ts";

export function dataMismatch(context: Context): (access: Access) => void {
  const { system } = context;
  const { memory } = system.straight;
  for (const k of [system.stepping, system.straight]) watchContents(context, k);

  return (access) => {
    const { verb, address, pfn, thread } = access;
    const page = context.page(pfn);
    const index = thread.vma_pgoff + Math.floor((address - thread.vma_from) / 4096);
    const wrong = foreign(page, pfn, thread.vma_kind, thread.vma_mapping, index);
    if (wrong) {
      mismatch(context, access, `foreign ${wrong}`, `which is ${wrong}, not the page that is mapped there`);
      return;
    }
    const word = Math.floor((address & 4095) / 8);
    const frame = context.frame(pfn);
    if (verb === "writes") {
      if (access.bytes !== 8) {
        frame.word = 0;
        return;
      }
      memory.readWord(pfn, word);
      frame.word = word + 1;
      frame.word_low = memory.low;
      frame.word_high = memory.high;
      return;
    }
    if (frame.word !== word + 1) return;
    memory.readWord(pfn, word);
    if (memory.low === frame.word_low && memory.high === frame.word_high) return;
    const stored = hex(frame.word_high * 2 ** 32 + frame.word_low);
    const found = hex(memory.high * 2 ** 32 + memory.low);
    mismatch(context, access, "value", `and it holds ${found}, but ${stored} was stored there last`);
  };
}

/** Words stored to pages that are mapped for it, in the VMA of the last access, which permits them. */
export function writesToNewPages(context: Context): BatchListener<AnonFaults> {
  const watches = context.machine.store.storage(frame_watch.name);
  return {
    fits({ mm, address }, count) {
      const thread = context.mine();
      const to = address + (count - 1) * 4096 + 1;
      const plain = thread.vma_kind === PRIVATE_ANON && (thread.vma_flags & VM_WRITE) !== 0;
      return plain && knowsVma(context, thread, mm, address, to) ? count : 0;
    },
    take({ pfns, address, low, high }, count) {
      const word = Math.floor((address & 4095) / 8) + 1;
      const rows = new Rows(watches);
      for (let i = 0; i < count; i++) {
        const at = rows.write(pfns[i]!);
        const { numbers } = rows;
        numbers[at + W.word] = word;
        numbers[at + W.word_low] = low;
        numbers[at + W.word_high] = high;
      }
    },
  };
}

const W = places(frame_watch, "word", "word_low", "word_high");

/** Why the page cannot be what is mapped there; "" where it can. */
function foreign(page: Page, pfn: number, kind: number, mapping: number, index: number): string {
  const { type } = page;
  if (kind === NO_VMA || kind === OTHER || type === PAGE_TYPE.zero) return "";
  if (type === PAGE_TYPE.hugetlb) return foreignHuge(page, page.index + pfn - page.slot, kind, mapping, index);
  const anon = type === PAGE_TYPE.anon;
  if (anon && kind !== SHARED_FILE) return page.index === index ? "" : "the anonymous page of another address";
  const file = type === PAGE_TYPE.shmem || type === PAGE_TYPE.file;
  if (!file || kind === PRIVATE_ANON) return `a frame in use as ${PAGE_TYPES[type as 0]}`;
  const own = page.mapping;
  // A page that is being truncated belongs to no file; tables that are shared may map other files than the one that names them.
  if (!own || idOf(own) !== mapping) return own && kind === PRIVATE_FILE ? "a page of another file" : "";
  return page.index === index ? "" : "another page of the file";
}

/** The same for a huge page; `at`: the index of the frame that was used. */
function foreignHuge(page: Page, at: number, kind: number, mapping: number, index: number): string {
  if (page.refcount === 0) return "a free huge page";
  const own = page.mapping;
  if (kind === SHARED_FILE && page.anon_vma) return "somebody's private huge page";
  if (own && idOf(own) !== mapping) return "a huge page of another file";
  return at === index ? "" : "another huge page";
}

/** A walk in the table of another mm: the first other mapping of the file that has a page there must have the same. */
export function sharedContents(context: Context, mm: Mm, address: number, pfn: number): void {
  const vma = vmaAt(mm, address);
  const mapping: AddressSpace | null = vma?.vm_file?.f_inode?.i_mapping ?? null;
  if (!vma || !mapping) return;
  const index = vma.vm_pgoff + Math.floor((address - vma.vm_start) / 4096);
  const other = mapping.i_mmap.at(0);
  if (!other || other === vma || !alive(other) || !other.vm_mm || !alive(other.vm_mm)) return;
  const there = other.vm_start + (index - other.vm_pgoff) * 4096;
  if (there < other.vm_start || there >= other.vm_end) return;
  walk(context, other.vm_mm.pgd, there);
  if (walked.entry === 0 || walked.level !== 1 || entryPfn(walked.entry) === pfn) return;
  context.raise({
    kind: "data-mismatch",
    key: `data-mismatch two frames ${mm.slot}#${mm.gen}`,
    message:
      `${mmName(mm)} finds pfn:${hex(pfn)} at ${hex(address)}, but ${mmName(other.vm_mm)} finds pfn:${hex(entryPfn(walked.entry))} ` +
      `at ${hex(there)}: both map page ${index} of the same file`,
    objects: [object(mm), object(other.vm_mm), pageObject(pfn)],
  });
}

function mismatch(context: Context, { verb, address, pfn, mm }: Access, key: string, what: string): void {
  context.raise({
    kind: "data-mismatch",
    key: `data-mismatch ${key} ${mm.slot}#${mm.gen}`,
    message: `${mmName(mm)} ${verb} ${hex(address)} in pfn:${hex(pfn)}, ${what}`,
    objects: [pageObject(pfn), object(mm)],
  });
}

/** The kernel's own ways to fill a frame are no steps: what was stored last is then what they left. */
function watchContents(context: Context, k: Kernel): void {
  const { copy_highpage, clear_highpage, write_frame } = k;
  const watched = {
    copy_highpage(to: Page, from: Page): void {
      copy_highpage(to, from);
      const source = context.frame(from.slot);
      const target = context.frame(to.slot);
      if (source.word === 0 && target.word === 0) return;
      target.word = source.word;
      target.word_low = source.word_low;
      target.word_high = source.word_high;
    },
    clear_highpage(page: Page): void {
      clear_highpage(page);
      forget(page.slot);
    },
    write_frame(pfn: number, offset: number, bytes: Uint8Array): void {
      write_frame(pfn, offset, bytes);
      forget(pfn);
    },
  };
  const forget = (pfn: number) => {
    const frame = context.frame(pfn);
    if (frame.word !== 0) frame.word = 0;
  };
  Object.assign(k, watched);
}
