// What is true of a kernel whenever nobody is in the middle of a call: counters equal what they count.
import assert from "node:assert/strict";
import {
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  entryPfn,
  isPresent,
  swapOffset,
  swapType,
} from "../../sim/hardware/entry.ts";
import { tlbContents } from "../../sim/hardware/tlb.ts";
import { PG_lru, PG_mlocked, VM_ACCOUNT, VM_LOCKED, VM_NORESERVE } from "../../sim/kernel/flags.ts";
import type { Kernel } from "../../sim/kernel/kernel.ts";
import { FIRST_FRAME, PAGE_TYPE } from "../../sim/kernel/mm/page_alloc.ts";
import { address_space, inode, type Mm, mm_struct, type Page, vm_area_struct } from "../../sim/kernel/mm_types.ts";

const SHIFTS = [0, 12, 21, 30, 39, 48];

/** What a walk of all page tables and page caches found. */
class Census {
  readonly k: Kernel;
  /** By frame: PTEs that map it, and places that hold a reference. */
  readonly mapped = new Map<number, number>();
  readonly held = new Map<number, number>();
  /** By slot of the swap device: references to it. */
  readonly slots = new Map<number, number>();
  tables = 0;

  constructor(k: Kernel) {
    this.k = k;
    for (const mm of k.store.all(mm_struct) as IterableIterator<Mm>) this.addressSpace(mm);
    for (const mapping of k.store.all(address_space))
      for (const [, entry] of mapping.i_pages.entries()) {
        if (entry > 0) add(this.held, entry - 1);
        else add(this.slots, swapOffset(-entry));
      }
    for (const [, frame] of k.swap_info.swap_cache.entries()) add(this.held, frame - 1);
  }

  addressSpace(mm: Mm): void {
    const found = { tables: 0, p4ds: 0, anon: 0, file: 0, shmem: 0, swap: 0 };
    const { levels, version } = this.k.config;
    this.table(mm, mm.pgd, levels, 0, found);
    this.tables += found.tables + 1 - (version === "6.12" ? found.p4ds : 0);
    if (mm === this.k.init_mm) return;
    assert.equal(mm.pgtables_bytes, (found.tables - found.p4ds) * 4096, `${mm.name}: pgtables_bytes`);
    assert.deepEqual(
      { anon: mm.rss_anon, file: mm.rss_file, shmem: mm.rss_shmem, swap: mm.rss_swap },
      { anon: found.anon, file: found.file, shmem: found.shmem, swap: found.swap },
      `${mm.name}: rss`,
    );
    this.vmas(mm);
  }

  table(mm: Mm, pfn: number, level: number, base: number, found: Found): void {
    add(this.held, pfn);
    const names = ["", "pte", "pmd", "pud", "p4d"] as const;
    const type = PAGE_TYPE[level === this.k.config.levels ? "pgd" : (names[level] as "pte")];
    assert.equal(this.k.page(pfn).type, type, `${mm.name}: frame ${pfn} is a table of level ${level}`);
    for (let i = 0; i < 512; i++) {
      const entry = this.k.read_entry(pfn * 512 + i);
      const address = base + i * 2 ** SHIFTS[level]!;
      if (entry === 0) continue;
      if (level === 1) this.leaf(mm, entry, address, found);
      else {
        assert.ok(entry & _PAGE_PRESENT, "an upper entry that is not present");
        found.tables++;
        if (level === 5) found.p4ds++;
        this.table(mm, entryPfn(entry), level - 1, address, found);
      }
    }
  }

  leaf(mm: Mm, pte: number, address: number, found: Found): void {
    assert.ok(this.k.vma_lookup(mm, address), `${mm.name}: no VMA at 0x${address.toString(16)}`);
    if (!isPresent(pte)) {
      if (swapType(pte) !== 0) return;
      found.swap++;
      add(this.slots, swapOffset(pte));
      return;
    }
    const pfn = entryPfn(pte);
    if (pfn === this.k.zero_pfn) return;
    add(this.mapped, pfn);
    add(this.held, pfn);
    const { type } = this.k.page(pfn);
    if (type === PAGE_TYPE.anon) found.anon++;
    else if (type === PAGE_TYPE.shmem) found.shmem++;
    else found.file++;
  }

  vmas(mm: Mm): void {
    const vmas = [...mm.mm_mt];
    const pages = vmas.map((vma) => (vma.vm_end - vma.vm_start) / 4096);
    const sum = (flag: number) =>
      vmas.reduce((n, vma, i) => n + (flag === 0 || vma.vm_flags & flag ? pages[i]! : 0), 0);
    assert.equal(mm.total_vm, sum(0), `${mm.name}: total_vm`);
    // Since 6.17 MREMAP_DONTUNMAP of a locked mapping counts its pages twice, for good.
    const counted = this.k.config.version === "6.12" ? mm.locked_vm : Math.min(mm.locked_vm, sum(VM_LOCKED));
    assert.equal(counted, sum(VM_LOCKED), `${mm.name}: locked_vm`);
    assert.equal(mm.map_count, vmas.length, `${mm.name}: map_count`);
    vmas.forEach((vma, i) => {
      assert.ok(vma.vm_start < vma.vm_end && (i === 0 || vmas[i - 1]!.vm_end <= vma.vm_start), "VMAs in order");
      const chain = [...vma.anon_vma_chain];
      assert.ok(!vma.anon_vma || chain.includes(vma.anon_vma), "anon_vma is in the chain");
      for (const av of chain) assert.ok([...av.rb_root].includes(vma), "the reverse map leads back");
      const mapping = vma.vm_file?.f_inode?.i_mapping;
      if (mapping) assert.equal([...mapping.i_mmap].filter((one) => one === vma).length, 1, "i_mmap");
    });
  }
}

interface Found {
  /** Of the tables, those that no mm counts. */
  p4ds: number;
  tables: number;
  anon: number;
  file: number;
  shmem: number;
  swap: number;
}

function add(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Throws where a counter is wrong. */
export function checkInvariants(k: Kernel): void {
  const census = new Census(k);
  frames(k, census);
  swap(k, census);
  promised(k);
  translations(k);
  // 6.12 does not count top-level tables; the kernel's own one, made before all, counts nowhere.
  assert.equal(k.vmstat.nr_pagetable, census.tables - (k.config.version === "6.12" ? pgds(k) : 1), "nr_pagetable");
}

const pgds = (k: Kernel): number => [...k.store.all(mm_struct)].length;

function frames(k: Kernel, { mapped, held }: Census): void {
  const count = { used: 0, anon: 0, file: 0, shmem: 0, lru: 0, mlocked: 0 };
  for (let pfn = FIRST_FRAME; pfn < k.zone.fresh; pfn++) {
    const page = k.page(pfn);
    if (page.type === PAGE_TYPE.free) {
      assert.equal(page.refcount, 0, `free frame ${pfn}: refcount`);
      assert.ok(!held.has(pfn), `free frame ${pfn} is in use`);
      continue;
    }
    count.used++;
    if (page.flags & PG_lru) count.lru++;
    if (page.flags & PG_mlocked) count.mlocked++;
    if (page.type === PAGE_TYPE.zero) continue;
    if (page.mapcount > 0) {
      if (page.type === PAGE_TYPE.anon) count.anon++;
      else count.file++;
    }
    assert.equal(page.mapcount, mapped.get(pfn) ?? 0, `frame ${pfn}: mapcount`);
    assert.equal(page.refcount, held.get(pfn) ?? 0, `frame ${pfn} (type ${page.type}): refcount`);
    if (page.type === PAGE_TYPE.shmem && page.mapping) count.shmem++;
  }
  assert.equal(k.zone.nr_free + count.used, k.zone.managed_pages, "free frames");
  assert.equal(k.vmstat.nr_anon_mapped, count.anon, "nr_anon_mapped");
  assert.equal(k.vmstat.nr_file_mapped, count.file, "nr_file_mapped");
  assert.equal(k.vmstat.nr_shmem, count.shmem, "nr_shmem");
  assert.equal(k.vmstat.nr_mlock, count.mlocked, "nr_mlock");
  assert.equal(listed(k), count.lru, "LRU lists");
  assert.equal(k.lruvec.nr_isolated, 0, "nr_isolated");
}

/** Pages on all LRU lists, each of which must be sound in both directions. */
function listed(k: Kernel): number {
  let total = 0;
  for (let list = 0; list < 5; list++) {
    let before = 0;
    let length = 0;
    for (let at = k.lruvec.lru_first(list); at !== 0; length++) {
      const page: Page = k.page(at - 1);
      assert.equal(page.lru_prev, before);
      assert.equal(k.folio_lru_list(page), list, `frame ${at - 1} is on list ${list}`);
      before = at;
      at = page.lru_next;
    }
    assert.equal(k.lruvec.lru_last(list), before);
    assert.equal(k.lruvec.lru_size(list), length);
    total += length;
  }
  return total;
}

function swap(k: Kernel, { slots }: Census): void {
  const { swap_map, swap_cache, inuse_pages } = k.swap_info;
  assert.equal([...swap_map.entries()].length, inuse_pages);
  assert.equal(k.vmstat.total_swap_pages - k.vmstat.nr_swap_pages, inuse_pages);
  for (const [slot, count] of swap_map.entries()) {
    assert.equal(count & 0x3f, slots.get(slot) ?? 0, `slot ${slot}: count`);
    assert.equal(count >= 0x40, swap_cache.get(slot) !== undefined, `slot ${slot}: in the swap cache`);
  }
  for (const slot of slots.keys()) assert.ok(swap_map.get(slot) !== undefined, `slot ${slot} is in use, but free`);
}

/** Committed_AS: what accounted VMAs and shared memory files may need. */
function promised(k: Kernel): void {
  let pages = 0;
  for (const vma of k.store.all(vm_area_struct))
    if (vma.vm_flags & VM_ACCOUNT) pages += (vma.vm_end - vma.vm_start) / 4096;
  for (const file of k.store.all(inode)) {
    if (!file.i_mapping || (file.i_mode & 0o170000) !== 0o100000 || file.i_op !== "shmem_inode_operations") continue;
    pages += file.shmem_flags & VM_NORESERVE ? file.alloced : Math.ceil(file.i_size / 4096);
  }
  // mremap of 6.18 that shrinks and moves charges what it cut off, for good.
  const promised = k.config.version === "6.12" ? k.vmstat.vm_committed_as : Math.min(k.vmstat.vm_committed_as, pages);
  assert.equal(promised, pages, "vm_committed_as");
}

/** No CPU that is up to date keeps a translation that the tables do not have any more. */
function translations(k: Kernel): void {
  for (let id = 0; id < k.config.cpus; id++) {
    const cpu = k.cpuOf(id);
    const mm = cpu.loaded_mm;
    if (!mm || mm === k.init_mm || cpu.ctxs_tlb_gen(cpu.loaded_mm_asid) !== mm.tlb_gen) continue;
    for (const { address, level, pcid, entry } of tlbContents(k.tlbOf(id))) {
      if (pcid !== cpu.loaded_mm_asid) continue;
      const now: number = k.walk_entries(mm, address)[level === 5 ? 4 : 4 - level]!;
      const where: string = `CPU ${id}, ${mm.name}, level ${level}, 0x${address.toString(16)}`;
      assert.ok(now & _PAGE_PRESENT, `${where}: gone from the tables`);
      assert.equal(entryPfn(entry), entryPfn(now), `${where}: another frame`);
      if (level === 1 || now & _PAGE_PSE) assert.ok(!(entry & _PAGE_RW & ~now), `${where}: more rights`);
    }
  }
}

/** Nothing is left of any process. */
export function checkNothingLeft(k: Kernel): void {
  checkInvariants(k);
  assert.deepEqual(
    [...k.store.all(mm_struct)].map((mm) => mm.name),
    ["init_mm"],
  );
  assert.equal([...k.store.all(vm_area_struct)].length, 0, "VMAs left");
  assert.equal(k.store.storage("anon_vma").live, 0, "anon_vmas left");
  assert.equal(k.store.storage("file").live, 0, "open files left");
  assert.equal(k.vmstat.nr_anon_mapped + k.vmstat.nr_shmem + k.swap_info.inuse_pages, 0);
  // What stays: the zero page, and the kernel's own top-level table.
  assert.equal(k.zone.managed_pages - k.zone.nr_free, 2, "frames in use");
}
