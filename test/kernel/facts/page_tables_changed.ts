// The second half of the facts D.* (page_tables.ts says how to read them): what advice, fork and mremap do to page tables.
// MADV_COLD in D.z6 gave -1 on both, which the facts call not comparable (a rerun on 6.18.44 gave 0).
export const changed = `
D.z1 DONTNEED-private
  mmap private_anon 0 4M
  write 0 4M
  probe => 16
  madvise 0 4K DONTNEED => ret 0
  probe => 16
  madvise 0 2044K DONTNEED => ret 0
  probe => 16
  madvise 0 2M DONTNEED => ret 0
  probe => 12 | 6.12: 16
  madvise 3M 1M DONTNEED => ret 0
  probe => 12 | 6.12: 16
  madvise 2M 1M DONTNEED => ret 0
  probe => 12 | 6.12: 16
  madvise 2M 2M DONTNEED => ret 0
  probe => 8 | 6.12: 16
  write 0 1
  probe => 12 | 6.12: 16
  munmap 0 4M => ret 0
  probe => 0
D.z2 DONTNEED-[1,5)
  mmap private_anon 0 6M
  write 0 6M
  probe => 20
  madvise 1M 4M DONTNEED => ret 0
  probe => 16 | 6.12: 20
  madvise 0 6M DONTNEED => ret 0
  probe => 8 | 6.12: 20
D.z3 DONTNEED-sparse
  mmap private_anon 0 4M
  write 0 4K
  write 2M 4K
  probe => 16
  madvise 0 4K DONTNEED => ret 0
  probe => 16
  madvise 1M 2M DONTNEED => ret 0
  probe => 16
D.z4 DONTNEED-shared
  mmap shared_anon 0 4M
  write 0 4M
  probe => 16
  madvise 0 2M DONTNEED => ret 0
  probe => 12 | 6.12: 16
  read 0 2M => hw 32 min 32
  probe => 16
  madvise 0 4M REMOVE => ret 0
  probe => 16
D.z5 DONTNEED-1GB
  mmap private_anon 0 1026M
  write 0 1G step 2M
  probe => 2056
  madvise 0 1G DONTNEED => ret 0
  probe => 8 | 6.12: 2056
D.z6 FREE-COLD
  mmap private_anon 0 4M
  write 0 4M
  probe => 16
  madvise 0 4M FREE => ret 0
  probe => 16
  madvise 0 4M COLD
  probe => 16
D.f1 fork-private
  mmap private_anon 0 2M
  write 0 2M
  probe => 12
  fork
  in_child
  probe => 12
  read 0 2M => hw 0 min 0
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
  child_exited
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
D.f2 fork-shared
  mmap shared_anon 0 2M
  write 0 2M
  probe => 12
  fork
  in_child
  probe => 0
  read 0 2M => hw 32 min 32
  probe => 12
  write 0 2M => hw 0 min 0
  probe => 12
  child_exited
  probe => 12
  write 0 2M => hw 0 min 0
  probe => 12
D.f3 fork-privfile-ro
  mmap shared_memfd top 2M => ret top
  munmap top 2M => ret 0
  mmap private_memfd 0 2M => ret 0
  read 0 2M => hw 32 min 32
  probe => 12
  fork
  in_child
  probe => 0
  read 0 2M => hw 32 min 32
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
  child_exited
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
D.f4 fork-privfile-cow
  mmap private_memfd 0 2M => ret 0
  read 0 2M => hw 512 min 512
  probe => 12
  write 0 4K => hw 1 min 1
  probe => 12
  fork
  in_child
  probe => 12
  read 0 2M => hw 0 min 0
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
  child_exited
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
D.f5 fork-zeropages
  mmap private_anon 0 2M
  read 0 2M => hw 512 min 512
  probe => 12
  fork
  in_child
  probe => 0
  read 0 2M => hw 512 min 512
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
  child_exited
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
D.f6 fork-sparse
  mmap private_anon 0 64M
  write 0 64M step 2M
  probe => 136
  fork
  in_child
  probe => 136
  read 0 2M => hw 511 min 511
  probe => 136
  write 0 2M => hw 512 min 512
  probe => 136
  child_exited
  probe => 136
  write 0 2M => hw 512 min 512
  probe => 136
D.g1 memfd-faultaround
  mmap shared_memfd top 4M => ret top
  munmap top 4M => ret 0
  mmap shared_memfd 0 4M => ret 0
  read 1M 1 => hw 1 min 1
  probe => 12
  read 0 2M => hw 31 min 31
  probe => 12
  write 0 2M => hw 0 min 0
  probe => 12
  write 2M 2M => hw 512 min 512
  probe => 16
D.r1 mremap-pmd
  mmap private_anon 0 2M
  write 0 2M
  probe => 12
  mremap 0 2M 2M flags 3 to 4T => ret 4T
  probe => 12
  read 4T 2M => hw 0 min 0
  probe => 12
  munmap 4T 2M => ret 0
  probe => 0
D.r2 mremap-unaligned
  mmap private_anon 0 2M
  write 0 2M
  probe => 12
  mremap 0 2M 2M flags 3 to 4294967300K => ret 4294967300K
  probe => 16
  read 4294967300K 2M => hw 0 min 0
  probe => 16
  munmap 4294967300K 2M => ret 0
  probe => 0
D.r3 mremap-pud
  mmap private_anon 0 1G
  write 0 1G step 2M
  probe => 2056
  mremap 0 1G 1G flags 3 to 4T => ret 4T
  probe => 2056
  read 4T 1G step 2M => hw 0 min 0
  probe => 2056
  munmap 4T 1G => ret 0
  probe => 0
D.r4 mremap-shrink-grow
  mmap private_anon 0 4M
  write 0 4M
  probe => 16
  mremap 0 4M 2M flags 0 => ret 0
  probe => 12
  mremap 0 2M 8M flags 0 => ret 0
  probe => 12
  write 0 8M
  probe => 24
D.r5 mremap-part
  mmap private_anon 0 4M
  write 0 4M
  probe => 16
  mremap 2M 2M 2M flags 3 to 8M => ret 8M
  probe => 16
D.r6 mremap-dontunmap
  mmap private_anon 0 4M
  write 0 4M
  probe => 16
  mremap 0 2M 2M flags 7 to 16M => ret 16M
  probe => 16
`;
