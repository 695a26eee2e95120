// The example of the contract, word for word.
export const contractExample = `// Two processes share page tables through msharefs; nobody flushes the other CPU's TLB.
kernel  mshare-v3 { tlb_flush: none }
machine { cpus: 2, memory: 1GiB, swap: 256MiB }

process writer on cpu 0
process reader on cpu 1

writer: fd = open("/sys/fs/mshare/db", O_CREAT|O_EXCL|O_RDWR, 0600)
writer: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })
writer: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: 2MiB, offset: 0,
            prot: PROT_READ|PROT_WRITE, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1 })
writer: p = mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
writer: store(p, 42)

reader: fd = open("/sys/fs/mshare/db", O_RDWR)
reader: p = mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
reader: load(p) == 42
expect pgd(writer, 2TiB).pfn == pgd(reader, 2TiB).pfn      // one shared sub-tree

parallel {
  kernel: swap_out(writer, writer.p, 4KiB)
  reader: load(p) == 42
}
expect bug missing-tlb-flush
allow bugs                            // the series as posted has others too
`;

/** Every other form that the contract names, once. */
export const everyForm = `kernel mshare-v3 { tlb_flush: all, fixes: [unlink-on-munmap, flush-all-cpus] }
machine { cpus: 4, memory: 1GiB, levels: 4, swap: 0, hugepages: 0, thp: never, pcid: false }
process A on cpu 0
process B
process kids[8]
thread A.t on cpu 1
schedule [A*12, B until tlb_flush, A.t, kids[3]*2, kernel]
let SIZE = 4 * 2MiB
let MASK = (SIZE - 1) & ~0xfff /* a comment */
include "other.mshare"

A: x = mmap(0, SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) != -1
A: load(x) == 0
A: load(x) <= 1
A.t: touch(x, 2 * 4096)
A: touch(x, SIZE, write)
A: munmap(x + 1, 4096) fails EINVAL
A: load(0x10) faults SIGSEGV
kids[0]: load(0x10) faults SIGBUS
kids[0]: load(0x10) faults OOM
A { store(x, 1) y = load(x) == 1 }
A {
  store(x, 0600)
  repeat 3 { load(x) }
}
label before
kids[*]: fd = memfd_create("m", MFD_CLOEXEC)
kids[2]: ftruncate(fd, 1M)
parallel {
  A: store(x, 5)
  A.t { load(x) load(x) }
  repeat 10 as i { kids[i % 8]: touch(0, 4K) }
  kernel: reclaim(32)
}
repeat 2 as i { A: store(x, i) }
kernel: compact()
kernel: split_huge_pages()
kernel: oom_kill(kids[7])
kernel: migrate(A, A.x)
kernel: exit_idle(1)
cpu 1: switch_to(A.t)
cpu 1: idle()
A: fork(B)
B: exit()
A: wait()
expect !(status(A).VmPTE == 8192) || meminfo().PageTables > 0 && true
expect vma(A, A.x) != null ? walk(A, A.x).pte.present : false
expect count(tlb_flush) >= 0 && count(pud_populate, mm == mm(A)) == 0
expect tlb(1).lookup(A, A.x) == null
expect page(pte(A, A.x).pfn).refcount == 1
expect host_mm("/sys/fs/mshare/db") == null || pagemap(A, A.x).swap
expect smaps(A, A.x).Rss == stat(A).minflt * 4096
expect bug missing-tlb-flush at before unless fixed flush-all-cpus
allow bug use-after-free, double-free
allow bugs
expect no bug
`;
