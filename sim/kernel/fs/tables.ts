// The operation tables of unpatched Linux: who does what for which file. A design adds its own at boot.
import { vm_ops } from "../mm/vm_ops.ts";
import type { OperationTables } from "./operations.ts";

const simple_dir = {
  llseek: "dcache_dir_lseek",
  read: "generic_read_dir",
  fsync: "noop_fsync",
};

export const operationTables: OperationTables = {
  vm_ops,
  file_operations: {
    simple_dir_operations: simple_dir,
    shmem_file_operations: {
      llseek: "shmem_file_llseek",
      read: "shmem_file_read_iter",
      write: "shmem_file_write_iter",
      mmap: "shmem_mmap",
      fsync: "noop_fsync",
      fallocate: "shmem_fallocate",
    },
    userfaultfd_fops: {
      llseek: "noop_llseek",
      read: "userfaultfd_read",
      unlocked_ioctl: "userfaultfd_ioctl",
      release: "userfaultfd_release",
    },
    kvm_chardev_ops: { llseek: "noop_llseek", unlocked_ioctl: "kvm_dev_ioctl" },
    kvm_vm_fops: { llseek: "noop_llseek", unlocked_ioctl: "kvm_vm_ioctl", release: "kvm_vm_release" },
    hugetlbfs_file_operations: {
      llseek: "generic_file_llseek",
      read: "hugetlbfs_read_iter",
      mmap: "hugetlbfs_file_mmap",
      fsync: "noop_fsync",
      fallocate: "hugetlbfs_fallocate",
    },
    cgroup_file_operations: { llseek: "noop_llseek", read: "cgroup_file_read", write: "cgroup_file_write" },
    sysfs_file_operations: { llseek: "generic_file_llseek", read: "sysfs_read" },
    kernfs_dir_fops: { ...simple_dir, llseek: "generic_file_llseek" },
    proc_dir_operations: { ...simple_dir, llseek: "generic_file_llseek", fsync: undefined },
    proc_text_operations: { llseek: "generic_file_llseek", read: "proc_text_read" },
    proc_oom_score_adj_operations: {
      llseek: "generic_file_llseek",
      read: "proc_text_read",
      write: "proc_oom_score_adj_write",
    },
    proc_pagemap_operations: { llseek: "generic_file_llseek", read: "pagemap_read" },
  },
  address_space_operations: { shmem_aops: { write_begin: "shmem_write_begin", write_end: "shmem_write_end" } },
  inode_operations: {
    shmem_inode_operations: { setattr: "shmem_setattr" },
    shmem_special_inode_operations: { setattr: "shmem_setattr" },
    shmem_dir_inode_operations: {
      create: "shmem_mknod",
      link: "simple_link",
      unlink: "simple_unlink",
      symlink: "shmem_symlink",
      mkdir: "shmem_mkdir",
      rmdir: "simple_rmdir",
      mknod: "shmem_mknod",
      rename: "simple_rename",
      tmpfile: "shmem_tmpfile",
      setattr: "shmem_setattr",
    },
    hugetlbfs_inode_operations: { setattr: "hugetlbfs_setattr" },
    hugetlbfs_dir_inode_operations: {
      create: "hugetlbfs_mknod",
      link: "simple_link",
      unlink: "simple_unlink",
      mkdir: "hugetlbfs_mkdir",
      rmdir: "simple_rmdir",
      mknod: "hugetlbfs_mknod",
      rename: "simple_rename",
      setattr: "hugetlbfs_setattr",
    },
    sysfs_inode_operations: {},
    cgroup_dir_inode_operations: { mkdir: "cgroup_mkdir", rmdir: "cgroup_rmdir" },
    proc_root_inode_operations: { lookup: "proc_root_lookup" },
    proc_tgid_base_inode_operations: { lookup: "proc_tgid_base_lookup" },
  },
  super_operations: {
    shmem_ops: { evict_inode: "shmem_evict_inode" },
    hugetlbfs_ops: { evict_inode: "hugetlbfs_evict_inode" },
  },
  file_system_types: {
    rootfs: { fill_super: "shmem_fill_super" },
    tmpfs: { fill_super: "shmem_fill_super" },
    devtmpfs: { fill_super: "shmem_fill_super" },
    hugetlbfs: { fill_super: "hugetlbfs_fill_super" },
    proc: { fill_super: "proc_fill_super" },
    cgroup2: { fill_super: "cgroup_fill_super" },
    sysfs: { fill_super: "sysfs_fill_super" },
  },
  mmu_notifier_ops: {
    kvm_mmu_notifier_ops: {
      invalidate_range_start: "kvm_mmu_notifier_invalidate_range_start",
      invalidate_range_end: "kvm_mmu_notifier_invalidate_range_end",
      clear_flush_young: "kvm_mmu_notifier_clear_flush_young",
      release: "kvm_mmu_notifier_release",
    },
  },
};
