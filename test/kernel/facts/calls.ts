// Calls and what they gave on a bare Linux 6.18.44 (PT_RECLAIM, THP only on request), one process that is root. A block
// begins with nothing mapped. B is 16 TiB, P a page of 4096 bytes; `map` is an anonymous mapping at a fixed address, RW and
// R and NONE its protection; `touch` writes to each page. FIXED and DONTUNMAP include what they need of mremap's flags.
export const errnoFacts = `
madvise
  map B 1024P RW PRIVATE
  touch B 1024P
  madvise B 1024P MADV_FREE => 0
  madvise B 1024P MADV_COLD => 0
  madvise B 1024P MADV_PAGEOUT => 0
  madvise B P MADV_MERGEABLE => 0
  madvise B P MADV_UNMERGEABLE => 0
  madvise B P MADV_HUGEPAGE => 0
  madvise B P MADV_NOHUGEPAGE => 0
  madvise B P MADV_COLLAPSE => EINVAL
  madvise B P 102 => 0
  madvise B P 103 => 0
  madvise B P 120 => EINVAL
  madvise B 0 MADV_DONTNEED => 0
  madvise B 0 999 => EINVAL
  madvise B+1 P MADV_DONTNEED => EINVAL
  madvise B -P MADV_DONTNEED => EINVAL
  madvise B -1 MADV_DONTNEED => EINVAL
  madvise -P P MADV_DONTNEED => EINVAL
  madvise B -2P MADV_DONTNEED => EINVAL
  madvise 0 2^60 MADV_NORMAL => ENOMEM
  madvise B P MADV_REMOVE => EINVAL
  madvise B P MADV_WILLNEED => 0
  madvise B P MADV_POPULATE_READ => 0
  munmap B+10P P => 0
  madvise B 20P MADV_DONTNEED => ENOMEM
  madvise B 20P MADV_POPULATE_WRITE => ENOMEM
  madvise B 20P MADV_DONTFORK => ENOMEM
  madvise B 20P MADV_PAGEOUT => ENOMEM
  mprotect B 20P R => ENOMEM
  madvise B P MADV_POPULATE_WRITE => EINVAL
  map B 64P NONE PRIVATE
  madvise B P MADV_POPULATE_READ => EINVAL
  madvise B P MADV_POPULATE_WRITE => EINVAL
  mlock B P => ENOMEM
  munlock B P => 0
  map B 64P RW PRIVATE
  mlock B 4P => 0
  madvise B P MADV_DONTNEED => EINVAL
  madvise B P MADV_FREE => EINVAL
  madvise B P MADV_COLD => EINVAL
  madvise B P MADV_DONTNEED_LOCKED => 0
  madvise B P MADV_REMOVE => EINVAL
  madvise B P MADV_POPULATE_READ => 0
  mremap B 2P 2P DONTUNMAP B+100P => B+100P
  map B 64P RW SHARED
  touch B 64P
  madvise B P MADV_FREE => EINVAL
  madvise B P MADV_REMOVE => 0
  madvise B P MADV_WIPEONFORK => EINVAL
  madvise B P MADV_KEEPONFORK => 0
  madvise B P MADV_HUGEPAGE => 0
  madvise B P MADV_COLD => 0
  madvise B P MADV_PAGEOUT => 0
  madvise B P MADV_WILLNEED => 0
  mprotect B P NONE => 0
  madvise B P MADV_REMOVE => 0
  madvise B P MADV_POPULATE_READ => EINVAL
  madvise B P MADV_DONTNEED => 0
mprotect
  map B 16P RW PRIVATE
  munmap B+16P 100P => 0
  mprotect B+1 P R => EINVAL
  mprotect B 0 R => 0
  mprotect B 0 0x100 => 0
  mprotect B P 0x10 => EINVAL
  mprotect B P 8 => 0
  mprotect B 17P R => ENOMEM
  mprotect B-P 2P R => ENOMEM
  mprotect B -P R => ENOMEM
  mprotect B -1 R => ENOMEM
  mprotect B P 0x03000000 => EINVAL
  mprotect B P 0x01000001 => EINVAL
  mprotect B P 0x02000001 => EINVAL
  mprotect B+P 0 R => 0
  mprotect B 2^62 R => ENOMEM
  mprotect 2^63 P R => ENOMEM
mincore
  map B 16P RW PRIVATE
  munmap B+16P 100P => 0
  mincore B+1 P vec => EINVAL
  mincore B 0 vec => 0
  mincore B 17P vec => ENOMEM
  mincore B -P vec => ENOMEM
  mincore 2^60 P vec => ENOMEM
  mincore B 16P vec => 0
  mincore B+17P 0 vec => 0
  mincore B+17P P vec => ENOMEM
msync
  map B 16P RW PRIVATE
  munmap B+16P 100P => 0
  msync B P MS_SYNC => 0
  msync B+1 P MS_SYNC => EINVAL
  msync B P 5 => EINVAL
  msync B 17P MS_ASYNC => ENOMEM
  msync B P 8 => EINVAL
  msync B 0 MS_SYNC => 0
  msync B P 0 => 0
  msync B -1 4 => 0
  msync B -P 4 => ENOMEM
  mlock B P => 0
  msync B P 6 => EBUSY
  munlock B P => 0
mlock
  map B 16P RW PRIVATE
  munmap B+16P 100P => 0
  mlock B 17P => ENOMEM
  munlock B 17P => ENOMEM
  mlock B+5 1 => 0
  mlock B 0 => 0
  mlock2 B P 2 => EINVAL
  mlock2 B P 1 => 0
  mlock B -1 => 0
  mlock B -P => EINVAL
  mlock B-P 2P => ENOMEM
  munlock B 16P => 0
  mlockall 0 => EINVAL
  mlockall 4 => EINVAL
  mlockall 8 => EINVAL
  munlockall => 0
mremap
  map B 16P RW PRIVATE
  munmap B+16P 2000P => 0
  mremap B+1 P P 0 0 => EINVAL
  mremap B P 0 0 0 => EINVAL
  mremap B P P 8 0 => EINVAL
  mremap B P P 2 B+100P => EINVAL
  mremap B P 2P DONTUNMAP_ANYWHERE 0 => EINVAL
  mremap B P P 4 0 => EINVAL
  mremap B 17P 17P 0 0 => B
  mremap B 17P 16P 0 0 => B
  mremap B 17P 18P MAYMOVE 0 => EFAULT
  mremap B+100P P P 0 0 => EFAULT
  mremap B+100P P 2P MAYMOVE 0 => EFAULT
  mremap B 0 P MAYMOVE 0 => EINVAL
  mremap B 0 P 0 0 => EINVAL
  mremap B 2P 2P FIXED B+P => EINVAL
  mremap B P P FIXED B+1 => EINVAL
  mremap B P P FIXED B => EINVAL
  mremap B P 2P 0 0 => ENOMEM
  mremap B 2P P 0 0 => B
  mremap B P 4P MAYMOVE 0 => elsewhere
  mremap B+2P P P FIXED 2^50 => EINVAL
  mremap B+2P P 2^50 MAYMOVE 0 => EINVAL
  mremap B+2P P -P MAYMOVE 0 => EINVAL
  mremap B+2P P -1 MAYMOVE 0 => EINVAL
  mremap 2^60 P P MAYMOVE 0 => EFAULT
  mremap B+2P P P DONTUNMAP B+2P => EINVAL
  mremap B+2P P P DONTUNMAP_ANYWHERE 0 => elsewhere
  map B 16P RW SHARED
  mremap B 0 P MAYMOVE 0 => elsewhere
  mremap B 0 P 0 0 => ENOMEM
  mremap B 0 8P FIXED B+100P => B+100P
  mremap B P P DONTUNMAP B+200P => B+200P
  mremap B 16P 32P 0 0 => B
mremap of several VMAs
  map B 16P RW PRIVATE
  mprotect B+4P 4P R => 0
  mremap B 16P 16P FIXED B+1000P => B+1000P
  mremap B+1000P 16P 17P FIXED B+2000P => EFAULT
  mremap B+1000P 16P 16P 0 0 => B+1000P
  mremap B+1000P 16P 15P 0 0 => B+1000P
  mremap B+1000P 15P 16P 0 0 => EFAULT
  munmap B+1002P P => 0
  mremap B+1000P 15P 15P FIXED B+3000P => B+3000P
  mremap B+2002P 13P 13P FIXED B+5000P => EFAULT
  mremap B+3000P 14P 14P 0 0 => B+3000P
  mremap B+3000P 14P 14P DONTUNMAP B+4000P => B+4000P
  mremap B+3000P 15P 14P FIXED B+6000P => EFAULT
  mremap B+3000P 15P 15P FIXED B+3005P => EINVAL
  mremap B+3000P 15P 15P MAYMOVE 0 => B+3000P
guard pages
  map B 16P RW PRIVATE
  touch B 16P
  madvise B+4P 4P 102 => 0
  madvise B 16P MADV_POPULATE_READ => EFAULT
  madvise B+5P 2P 103 => 0
  madvise B+5P 2P MADV_POPULATE_WRITE => 0
  madvise B 16P MADV_DONTNEED => 0
  madvise B+4P P MADV_POPULATE_READ => EFAULT
  madvise B 17P 102 => ENOMEM
  mlock B+12P P => ENOMEM
  madvise B+12P P 102 => EINVAL
  madvise B 16P 103 => 0
shared memory file, then mprotect and mremap across its parts
  map B 16P RW SHARED
  touch B 16P
  mprotect B+4P 4P NONE => 0
  madvise B 16P MADV_POPULATE_READ => EINVAL
  madvise B 4P MADV_POPULATE_WRITE => 0
  mremap B 8P 16P MAYMOVE 0 => EFAULT
  mremap B 4P 8P 0 0 => ENOMEM
  mremap B 8P 4P 0 0 => B
  mremap B 4P 8P FIXED B+64P => B+64P
  mremap B+64P 8P 4P FIXED B+128P => B+128P
  mprotect B+64P 8P R => ENOMEM
  munmap B+1 P => EINVAL
  munmap B 0 => EINVAL
  munmap B -P => EINVAL
  munmap B 2^50 => EINVAL
  munmap 2^60 P => EINVAL
  munmap B+500P P => 0
`;

/** The same, with /proc/PID/maps: first page + length in pages, protection, and "s" for shared mappings. */
export const layoutFacts = `
mprotect and back
  map B 16P RW PRIVATE
  maps => 0+16rw
  mprotect B+4P 4P R => 0
  maps => 0+4rw 4+4r 8+8rw
  mprotect B+4P 4P RW => 0
  maps => 0+16rw
the same, touched
  map B 16P RW PRIVATE
  touch B 16P
  mprotect B+4P 4P R => 0
  maps => 0+4rw 4+4r 8+8rw
  mprotect B+4P 4P RW => 0
  maps => 0+16rw
first half touched, other half becomes like it
  map B 16P RW PRIVATE
  mprotect B+8P 8P R => 0
  touch B 8P
  maps => 0+8rw 8+8r
  mprotect B+8P 8P RW => 0
  maps => 0+16rw
piece by piece
  map B 16P RW PRIVATE
  mprotect B+8P 8P R => 0
  touch B 8P
  mprotect B+8P 4P RW => 0
  maps => 0+12rw 12+4r
  mprotect B+12P 4P RW => 0
  maps => 0+16rw
new mappings beside touched ones
  map B 8P RW PRIVATE
  touch B 8P
  map B+8P 8P RW PRIVATE
  maps => 0+16rw
  map B+24P 8P RW PRIVATE
  touch B+24P 8P
  map B+16P 8P RW PRIVATE
  maps => 0+24rw 24+8rw
more than memory over a part that is mapped: that stays, in two
  map B 4P RW PRIVATE
  map B+P 2^43 RW PRIVATE => ENOMEM
  maps => 0+1rw 1+3rw
untouched becomes like touched
  map B 8P RW PRIVATE
  touch B 8P
  map B+8P 8P R PRIVATE
  mprotect B+8P 8P RW => 0
  maps => 0+16rw
part becomes like its neighbour
  map B 8P R PRIVATE
  map B+8P 8P RW PRIVATE
  touch B+8P 8P
  mprotect B+8P 4P R => 0
  maps => 0+8r 8+4r 12+4rw
  mprotect B+12P 4P R => 0
  maps => 0+8r 8+8r
madvise
  map B 16P RW PRIVATE
  madvise B+4P 4P MADV_DONTFORK => 0
  maps => 0+4rw 4+4rw 8+8rw
  madvise B 16P MADV_DONTFORK => 0
  maps => 0+16rw
  madvise B+2P 4P MADV_DOFORK => 0
  maps => 0+2rw 2+4rw 6+10rw
mremap away and back
  map B 16P RW PRIVATE
  mremap B+4P 4P 4P FIXED B+100P => B+100P
  maps => 0+4rw 8+8rw 100+4rw
  mremap B+100P 4P 4P FIXED B+4P => B+4P
  maps => 0+16rw
the same, touched
  map B 16P RW PRIVATE
  touch B 16P
  mremap B+4P 4P 4P FIXED B+100P => B+100P
  maps => 0+4rw 8+8rw 100+4rw
  mremap B+100P 4P 4P FIXED B+4P => B+4P
  maps => 0+16rw
mremap to other sizes; DONTUNMAP
  map B 16P RW PRIVATE
  touch B 16P
  mremap B+4P 4P 8P FIXED B+100P => B+100P
  maps => 0+4rw 8+8rw 100+8rw
  map B+108P 4P RW PRIVATE
  maps => 0+4rw 8+8rw 100+8rw 108+4rw
  mremap B 4P 4P DONTUNMAP B+200P => B+200P
  maps => 0+4rw 8+8rw 100+8rw 108+4rw 200+4rw
  mremap B+8P 8P 8P DONTUNMAP B+300P => B+300P
  maps => 0+4rw 8+8rw 100+8rw 108+4rw 200+4rw 300+8rw
  map B+16P 4P RW PRIVATE
  maps => 0+4rw 8+12rw 100+8rw 108+4rw 200+4rw 300+8rw
DONTUNMAP beside itself; growing
  map B 16P RW PRIVATE
  mremap B 16P 16P DONTUNMAP B+16P => B+16P
  maps => 0+32rw
  mremap B 16P 32P 0 0 => ENOMEM
  maps => 0+32rw
  munmap B+16P 16P => 0
  mremap B 16P 32P 0 0 => B
  maps => 0+32rw
shared
  map B 16P RW SHARED
  mprotect B+4P 4P R => 0
  maps => 0+4rws 4+4rs 8+8rws
  mprotect B+4P 4P RW => 0
  maps => 0+16rws
  mremap B+4P 4P 4P FIXED B+100P => B+100P
  maps => 0+4rws 8+8rws 100+4rws
  map B+104P 4P RW SHARED
  maps => 0+4rws 8+8rws 100+4rws 104+4rws
  mremap B+100P 4P 4P FIXED B+4P => B+4P
  maps => 0+16rws 104+4rws
moved beside another touched one
  map B 8P RW PRIVATE
  map B+16P 8P RW PRIVATE
  touch B 8P
  touch B+16P 8P
  mremap B+16P 8P 8P FIXED B+8P => B+8P
  maps => 0+8rw 8+8rw
between touched ones; mlock
  map B 8P RW PRIVATE
  map B+8P 8P R PRIVATE
  map B+16P 8P RW PRIVATE
  touch B 8P
  touch B+16P 8P
  mprotect B+8P 8P RW => 0
  maps => 0+16rw 16+8rw
  mlock B+2P 4P => 0
  maps => 0+2rw 2+4rw 6+10rw 16+8rw
  munlock B 24P => 0
  maps => 0+16rw 16+8rw
many at once
  map B 24P RW PRIVATE
  touch B+P P
  mlock B+8P 8P => 0
  maps => 0+8rw 8+8rw 16+8rw
  mprotect B 24P R => 0
  maps => 0+8r 8+8r 16+8r
  munlock B+8P 8P => 0
  maps => 0+24r
  mprotect B+4P 12P RW => 0
  maps => 0+4r 4+12rw 16+8r
  munmap B+6P 2P => 0
  maps => 0+4r 4+2rw 8+8rw 16+8r
  map B+6P 2P RW PRIVATE
  maps => 0+4r 4+12rw 16+8r
  mremap B+4P 8P 4P 0 0 => B+4P
  maps => 0+4r 4+4rw 12+4rw 16+8r
  mremap B+4P 4P 8P 0 0 => B+4P
  maps => 0+4r 4+12rw 16+8r
`;
