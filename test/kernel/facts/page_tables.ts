// Page tables of one process of unpatched Linux, measured on 6.12.117 and 6.18.44 (facts D.*). One fact a block: its id
// and title, then what the process did, `=>` what was seen. Addresses count from 16 TiB; `top` is where the kernel chose.
// A probe gives VmPTE in kB since the beginning; `hw` and `min` are hardware faults and minor faults of the step; where
// 6.12 differs, its numbers follow the bar. "fork" to "child_exited" is what the child does.
// A memfd mapped at `top` is filled there.
// The facts of who makes and unmaps are here, of advice, fork and mremap in page_tables_changed.ts.
import { changed } from "./page_tables_changed.ts";

const made = `
D.d1 dense2MB
  mmap private_anon 0 2M
  probe => 0
  write 0 2M => hw 512 min 512
  probe => 12
  munmap 0 2M => ret 0
  probe => 0
D.d1r dense2MB-readfirst
  mmap private_anon 0 2M
  read 0 2M => hw 512 min 512
  probe => 12
  write 0 2M => hw 512 min 512
  probe => 12
D.d1s dense2MB-shared
  mmap shared_anon 0 2M
  probe => 0
  write 0 2M => hw 512 min 512
  probe => 12
  munmap 0 2M => ret 0
  probe => 0
D.d1sr dense2MB-shared-read
  mmap shared_anon 0 2M
  read 0 2M => hw 512 min 512
  probe => 12
  write 0 2M => hw 0 min 0
  probe => 12
D.d2 1per2MBx25
  mmap private_anon 0 64M
  write 0 50M step 2M => hw 25 min 25
  probe => 108
  munmap 0 64M => ret 0
  probe => 0
D.d3 1per1GBx25
  mmap private_anon 0 26G
  write 0 25G step 1G => hw 25 min 25
  probe => 204
  munmap 0 26G => ret 0
  probe => 0
D.d4 straddle2MB
  mmap private_anon 0 4M
  write 2044K 8K => hw 2 min 2
  probe => 16
D.d5 straddle1GB
  mmap private_anon 0 2G
  write 1048572K 8K => hw 2 min 2
  probe => 20
D.d6 straddle512GB
  mmap private_anon 0 1T
  write 536870908K 8K => hw 2 min 2
  probe => 24
D.d7 1per512GBx4
  mmap private_anon 0 2T
  write 0 2T step 512G => hw 4 min 4
  probe => 48
  munmap 0 2T => ret 0
  probe => 0
D.m1 munmap-half
  mmap private_anon 0 4M
  write 0 4M
  probe => 16
  munmap 0 2M => ret 0
  probe => 12
  munmap 2M 2M => ret 0
  probe => 0
D.m2 munmap-pagewise
  mmap private_anon 0 4M
  write 0 4M
  probe => 16
  munmap 0 4K => ret 0
  probe => 16
  munmap 4K 2040K => ret 0
  probe => 16
  munmap 2044K 4K => ret 0
  probe => 12
  munmap 2052K 2044K => ret 0
  probe => 12
  munmap 2M 4K => ret 0
  probe => 0
D.m3 munmap-[1,5)of6MB
  mmap private_anon 0 6M
  write 0 6M
  probe => 20
  munmap 1M 4M => ret 0
  probe => 16
  munmap 0 1M => ret 0
  probe => 12
  munmap 5M 1M => ret 0
  probe => 0
D.m4 2vmas-2MBeach
  mmap private_anon 0 2M
  mmap shared_anon 2M 2M
  write 0 4M
  probe => 16
  munmap 0 2M => ret 0
  probe => 12
  munmap 2M 2M => ret 0
  probe => 0
D.m5 2vmas-in-one-table
  mmap private_anon 0 1M
  mmap shared_anon 1M 1M
  write 0 2M
  probe => 12
  munmap 0 1M => ret 0
  probe => 12
  munmap 1M 1M => ret 0
  probe => 0
D.m6 sparse
  mmap private_anon 0 1G
  write 0 1
  write 10M 1
  probe => 16
  munmap 0 8M => ret 0
  probe => 12
  munmap 8M 1016M => ret 0
  probe => 0
D.m7 2GB
  mmap private_anon 0 2G
  write 0 1
  write 1G 1
  probe => 20
  munmap 0 1G => ret 0
  probe => 12
  munmap 1G 1G => ret 0
  probe => 0
D.m8 touch0-only
  mmap private_anon 0 2G
  write 0 1
  probe => 12
  munmap 0 2M => ret 0
  probe => 8
  munmap 2M 2046M => ret 0
  probe => 0
D.m9 ends-of-512GB
  mmap private_anon 0 4K
  mmap private_anon 536870908K 4K
  write 0 1
  write 536870908K 1
  probe => 20
  munmap 0 4K => ret 0
  probe => 12
  munmap 536870908K 4K => ret 0
  probe => 0
D.m10 ends-of-2MB
  mmap private_anon 0 4K
  mmap private_anon 2044K 4K
  write 0 1
  write 2044K 1
  probe => 12
  munmap 0 4K => ret 0
  probe => 12
  munmap 2044K 4K => ret 0
  probe => 0
D.m11 one-munmap-two-vmas
  mmap private_anon 0 4K
  mmap private_anon 2M 4K
  write 0 1
  write 2M 1
  probe => 16
  munmap 0 4M => ret 0
  probe => 0
D.m12 hole-middle
  mmap private_anon 0 6M
  write 0 6M
  probe => 20
  munmap 2M 2M => ret 0
  probe => 16
  mmap private_anon 2M 2M
  probe => 16
  write 2M 1
  probe => 20
D.m13 MAP_FIXED-over
  mmap private_anon 0 2M
  write 0 2M
  probe => 12
  mmap private_anon 0 2M fixed => ret 0
  probe => 0
  write 0 1
  probe => 12
  mmap private_anon 0 1M fixed => ret 0
  probe => 12
D.m14 mprotect-none
  mmap private_anon 0 2M
  write 0 2M
  probe => 12
  mprotect 0 2M 0 => ret 0
  probe => 12
  munmap 0 2M => ret 0
  probe => 0
`;

export const pageTableFacts = made + changed.trimStart();
