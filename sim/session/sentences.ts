// What each event of the kernel says, in plain words. Events that only a design has bring their own (`EventSpec.says`).
import { errnoName } from "../kernel/uapi/errno.ts";
import { ownerText } from "./locks.ts";
import { hex, showBytes } from "./show.ts";

/** Arguments of the event by their names: as text, or as they are. */
export interface Told {
  (name: string): string;
  raw(name: string): unknown;
}
export type Sentence = (told: Told) => string;

/** `{NAME}` in the text is that argument. */
export const inserted =
  (text: string): Sentence =>
  (told) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => told(name));

const SIGNALS: Readonly<Record<number, string>> = { 4: "SIGILL", 7: "SIGBUS", 9: "SIGKILL", 11: "SIGSEGV" };

const lockMode = (told: Told): string => (told.raw("mode") === "exclusive" ? "" : ` for ${told("mode")}`);
const promised = (told: Told): string => (told.raw("reserved") === 1 ? ", which was promised" : "");
const tables = (below: string): Sentence => inserted(`a ${below} table, frame {table}, for {address}`);
const access = (did: string): Sentence => inserted(`{mm} has ${did} {address}, frame {pfn}`);

export const sentences: Readonly<Record<string, Sentence>> = {
  statement: inserted("{task} begins line {line}"),
  hung_task: inserted("nobody can go on: {reasons}"),
  sys_enter: inserted("{task} calls {call}"),
  sys_exit: (told) => `${told("call")} of ${told("task")} returns ${result(told.raw("result"))}`,
  load: access("read"),
  store: (told) => `${access("written")(told)}${bytesStored(told.raw("bytes"))}`,
  exec: access("executed"),
  page_fault: (told) => `${told("task")} ${faultText(told.raw("error") as number)} ${told("address")}`,
  signal: (told) =>
    `${told("task")} gets ${SIGNALS[told.raw("signal") as number] ?? `signal ${told("signal")}`} at ${told("address")}`,
  livelock: inserted("{task} faults at {address} again and again without progress"),

  tlb_fill: inserted("CPU {cpu} keeps {address} of {mm} → frame {pfn}"),
  tlb_flush: (told) =>
    `CPU ${told("cpu")} drops ${flushed(told)} of ${told("mm")}${told.raw("reason") ? ` (${told("reason")})` : ""}`,
  ipi: inserted("CPU {from} interrupts CPU {to}"),
  ipi_done: inserted("CPU {cpu} has done what was asked"),
  gup_fast: inserted("{mm}'s {level} entry for {address} is read without a lock, in the table of frame {table}"),
  tlb_remove_table_smp_sync: inserted("CPU {cpu} answers that it walks no page table without a lock"),
  switch_mm: inserted("CPU {cpu} loads the address space of {mm}"),
  sched_switch: inserted("CPU {cpu} runs {task}"),

  pgd_populate: tables("P4D"),
  p4d_populate: tables("PUD"),
  pud_populate: tables("PMD"),
  pmd_populate: tables("PTE"),
  pmd_share: (told) => `${told("mm")} is about to link the PMD table in frame ${told("table")}: ${shares(told)}`,
  pmd_unshare: (told) => `${told("mm")} has given up the PMD table in frame ${told("table")}: ${shares(told)}`,

  handle_userfault: inserted("{task} waits at {address} for a userfaultfd ({reason})"),
  userfaultfd_wake: (told) =>
    `faults of ${told("mm")} in ${showBytes(Number(told.raw("len")))} from ${told("start")} may go on`,
  mm_vmscan_wakeup_kswapd: (told) => `${told("task")} wakes kswapd: ${pagesText(told.raw("free"))} free`,
  mm_vmscan_kswapd_wake: (told) => `kswapd begins to reclaim: ${pagesText(told.raw("free"))} free`,
  mm_vmscan_kswapd_sleep: (told) => `kswapd sleeps again: ${pagesText(told.raw("free"))} free`,
  mm_vmscan_direct_reclaim_begin: (told) => `${told("task")} has to reclaim ${pagesText(told.raw("nr_to_reclaim"))}`,
  mm_vmscan_direct_reclaim_end: (told) => `${told("task")} has reclaimed ${pagesText(told.raw("nr_reclaimed"))}`,
  mm_vmscan_memcg_reclaim_begin: (told) =>
    `control group ${told("memcg")} has to give up ${pagesText(told.raw("nr_to_reclaim"))}`,
  mm_vmscan_memcg_reclaim_end: (told) =>
    `control group ${told("memcg")} has given up ${pagesText(told.raw("nr_reclaimed"))}`,
  mm_vmscan_lru_shrink_inactive: (told) =>
    `of ${pagesText(told.raw("nr_scanned"))} of the inactive ${told("list")} list ${told("nr_reclaimed")} are free now`,
  mm_vmscan_lru_shrink_active: (told) =>
    `${pagesText(told.raw("nr_taken"))} of the active ${told("list")} list are inactive now`,
  mm_vmscan_reclaim_pages: (told) =>
    `of ${pagesText(told.raw("nr_scanned"))} to page out ${told("nr_reclaimed")} are free now`,

  alloc_page: (told) => `${frames(told)} taken from the free list`,
  free_page: (told) => `${frames(told)} back on the free list`,
  alloc_table: inserted("frame {pfn} is a {level} table of {mm}"),
  free_table: inserted("the {level} table in frame {pfn} of {mm} is freed"),
  alloc_hugetlb_folio: (told) => `the huge page in frame ${told("pfn")} leaves the pool${promised(told)}`,
  free_huge_folio: (told) =>
    `the huge page in frame ${told("pfn")} goes back to the pool${told.raw("reserved") === 1 ? " and stays promised" : ""}`,
  get_page: (told) => `frame ${told("pfn")} has ${references(told.raw("refcount"))} now`,
  put_page: (told) => `frame ${told("pfn")} has ${references(told.raw("refcount"))} left`,

  add_to_swap_cache: inserted("frame {pfn} gets slot {slot} of the swap device"),
  delete_from_swap_cache: inserted("frame {pfn} has slot {slot} no more"),
  swap_duplicate: (told) => `slot ${told("slot")} has ${references(told.raw("count"))} now`,
  swap_free: (told) => `slot ${told("slot")} has ${references(told.raw("count"))} left`,
  swap_writepage: inserted("frame {pfn} is written to slot {slot}"),
  swap_read_folio: inserted("frame {pfn} is read from slot {slot}"),

  cgroup_mkdir: inserted("control group {cgrp} is made"),
  cgroup_rmdir: inserted("control group {cgrp} is removed"),
  cgroup_attach_task: inserted("{task} moves to control group {cgrp}"),
  cgroup_subtree_control: (told) =>
    `the groups below control group ${told("cgrp")} ${told.raw("memory") === 0 ? "lose" : "get"} the memory controller`,
  memory_limit_write: (told) =>
    `${told("file")} of control group ${told("memcg")} is ${settingText(told("file"), told.raw("pages"))} from now on`,
  memory_max_write: (told) => `control group ${told("memcg")} may hold ${pagesText(told.raw("pages"))} from now on`,
  mem_cgroup_charge: (told) =>
    `frame ${told("pfn")} is charged to control group ${told("memcg")}, which holds ${pagesText(told.raw("pages"))} now`,
  mem_cgroup_oom: inserted("control group {memcg} is full, and reclaim frees nothing"),
  mark_victim: inserted("the OOM killer chooses {task}, badness {points}"),

  mmu_notifier_register: inserted("{ops} will be told before page tables of {mm} change"),
  mmu_notifier_unregister: inserted("{ops} is told no more of {mm}"),
  mmu_notifier_invalidate_range_start: inserted("entries of {mm} for {start}-{end} are about to change ({event})"),
  mmu_notifier_invalidate_range_end: inserted("entries of {mm} for {start}-{end} have changed"),
  set_spte: (told) => `${told("kvm")}: guest frame ${told("gfn")} ${stage2(told.raw("entry"), told)}`,
  ept_violation: inserted("{kvm}: its stage-2 table does not let it {access} {gpa}"),
  guest_load: inserted("{kvm} has read {gpa}, frame {pfn}"),
  guest_store: inserted("{kvm} has written {gpa}, frame {pfn}"),
  kvm_flush_remote_tlbs: inserted("CPUs of {kvm} forget what its stage-2 table has given them"),
  kvm_set_memory_region: (told) =>
    `slot ${told("slot")} of ${told("kvm")} is ${slotText(told.raw("npages"), told("userspace_addr"))}`,

  mm_alloc: inserted("{mm} is a new address space"),
  mm_free: inserted("the mm_struct of {mm} is freed"),
  vma_link: inserted("{vma} joins {mm}"),
  vma_unlink: inserted("{start}-{end} leaves {mm}"),
  vma_change: inserted("a VMA of {mm} is {vma} now"),
  inode_alloc: inserted("{inode} comes into being"),
  inode_evict: inserted("{inode} is gone"),
  page_cache_add: inserted("frame {pfn} is page {index} of {inode} now"),
  page_cache_delete: inserted("frame {pfn} is page {index} of {inode} no more"),

  d_instantiate: inserted("{dentry} is the name of {inode}"),
  d_delete: inserted("the name {dentry} is removed"),
  d_move: inserted("{dentry} is called {name} now"),
  fd_install: inserted("{task} has {file} open as descriptor {fd}"),
  filp_close: inserted("{task} closes descriptor {fd}, {file}"),
  fput: (told) => `the open file ${told("file")} has ${references(told.raw("f_count"))} left`,
  i_size_write: (told) => `the size of ${told("inode")} is ${showBytes(Number(told.raw("size")))} now`,
  attach_mnt: inserted("{mount} is mounted at {dentry}"),
  umount: inserted("{mount} is unmounted"),

  lock: (told) => `${told("name")}${ownerText(told.raw("lock"))} is taken${lockMode(told)}`,
  unlock: (told) => `${told("name")}${ownerText(told.raw("lock"))} is released`,
  contend: (told) => `waits for ${told("name")}${ownerText(told.raw("lock"))}${lockMode(told)}`,
  rcu_callback: (told) => `${told("func")} will be called after a grace period, ${waiting(told.raw("qlen"))}`,
  rcu_grace_period: (told) =>
    told.raw("gpevent") === "start"
      ? "a grace period of RCU begins: readers who are there are waited for"
      : "the grace period of RCU is over: all readers who were there when it began have left",
  rcu_invoke_callback: inserted("a grace period has passed: RCU calls {func}"),

  fork: inserted("{parent} makes {child}"),
  exit: inserted("{task} ends"),
  kernel_warning: inserted("{text}"),
};

const references = (count: unknown): string => `${count} reference${count === 1 ? "" : "s"}`;

const waiting = (callbacks: unknown): string =>
  callbacks === 1 ? "the only one that waits for it" : `one of ${callbacks} that wait for it`;

function shares(told: Told): string {
  const others = told.raw("sharers") as number;
  return others === 0 ? "nobody else shares it" : `${others} share${others === 1 ? "s" : ""} it besides the first`;
}

const frames = (told: Told): string => {
  const order = (told.raw("order") as number | undefined) ?? 0;
  return order === 0 ? `frame ${told("pfn")}` : `${2 ** order} frames from ${told("pfn")}`;
};

const pagesText = (pages: unknown): string =>
  (pages as number) >= 2 ** 51
    ? "any number of pages"
    : `${pages} page${pages === 1 ? "" : "s"} (${showBytes((pages as number) * 4096)})`;

/** A switch is 0 or 1; everything else is pages. */
const settingText = (file: string, value: unknown): string =>
  file.endsWith(".group") ? String(value) : pagesText(value);

const bytesStored = (bytes: unknown): string => (typeof bytes === "number" && bytes > 0 ? `, ${showBytes(bytes)}` : "");

const stage2 = (entry: unknown, told: Told): string =>
  entry === 0 ? "maps nothing any more" : `→ frame ${told("pfn")}`;

const slotText = (pages: unknown, address: string): string =>
  pages === 0 ? "removed" : `${pagesText(pages)} at ${address}`;

function result(value: unknown): string {
  if (typeof value === "number" && value < 0 && value > -4096) return `-${errnoName(-value)}`;
  if (typeof value !== "number" && typeof value !== "bigint") return value === undefined ? "nothing" : String(value);
  return value > 65535 ? hex(value) : String(value);
}

/** Error codes of page faults (Intel SDM vol. 3, 4.7): present, write, user, instruction fetch. */
function faultText(error: number): string {
  const did = error & 16 ? "executes" : error & 2 ? "writes" : "reads";
  if (error & 1) return `is not allowed to ${did === "executes" ? "execute" : did === "writes" ? "write" : "read"}`;
  return `${did} and finds nothing present at`;
}

function flushed(told: Told): string {
  const pages = told.raw("pages");
  if (pages === -1 || pages === undefined) return "all translations";
  const from = !told.raw("start") ? "" : ` from ${told("start")}`;
  return `${pages} page${pages === 1 ? "" : "s"}${from}`;
}
