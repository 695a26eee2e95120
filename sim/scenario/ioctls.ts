// ioctl and userfaultfd. Each request of an ioctl has an entry of its own, so that its structure is known.
import type { CallSpec, Param } from "../kernel/syscall_table.ts";

const fd: Param = { name: "fd", kind: "fd" };
const u64 = (name: string): Param => ({ name, kind: "value" });
const output = (name: string): Param => ({ name, kind: "value", optional: true, output: true });
const range: Param = { name: "range", kind: "struct", fields: [u64("start"), { name: "len", kind: "size" }] };

const common = {
  EBADF: "`fd` is not open",
  ENOTTY: "the file does not know this request",
  EFAULT: "the argument is not an address that can be read or written",
};

function request(
  name: string,
  fields: readonly Param[],
  doc: string,
  errors: Readonly<Record<string, string>>,
): CallSpec {
  return {
    name: "ioctl",
    params: [
      fd,
      { name: "request", kind: "flags", constants: [name] },
      { name: "arg", kind: "struct", optional: true, fields },
    ],
    doc,
    returns: "0",
    errors: { ...common, ...errors },
  };
}

const modes = (prefix: string): Param => ({ name: "mode", kind: "flags", constants: [prefix], optional: true });
const copied = output("copy");

export const ioctlCalls: readonly CallSpec[] = [
  {
    name: "ioctl",
    params: [fd, { name: "request", kind: "flags", constants: [] }, { name: "arg", kind: "struct", optional: true }],
    doc: "A request to the file behind `fd`; the argument is a structure `{ field: value }` or an address.",
    returns: "0, or what the request says",
    errors: common,
  },
  request(
    "UFFDIO_API",
    [u64("api"), { name: "features", kind: "flags", constants: ["UFFD_FEATURE_"], optional: true }, output("ioctls")],
    "Agrees on the version (`api: UFFD_API`) and the features of a userfaultfd. It comes first.",
    { EINVAL: "another version, unknown features, or done before" },
  ),
  request(
    "UFFDIO_REGISTER",
    [range, { name: "mode", kind: "flags", constants: ["UFFDIO_REGISTER_MODE_"] }, output("ioctls")],
    "From now on faults in the range go to the userfaultfd.",
    { EINVAL: "not page-aligned, no mapping there, or unknown mode", EBUSY: "another userfaultfd has the range" },
  ),
  request("UFFDIO_UNREGISTER", [u64("start"), { name: "len", kind: "size" }], "Ends what UFFDIO_REGISTER began.", {
    EINVAL: "not page-aligned, or no mapping there",
  }),
  request("UFFDIO_WAKE", [u64("start"), { name: "len", kind: "size" }], "Lets faults of the range go on.", {
    EINVAL: "not page-aligned",
  }),
  request(
    "UFFDIO_COPY",
    [u64("dst"), u64("src"), { name: "len", kind: "size" }, modes("UFFDIO_COPY_MODE_"), copied],
    "Fills missing pages with a copy and wakes who waits.",
    { EEXIST: "a page is there already", ENOENT: "the range is not registered", EINVAL: "not page-aligned" },
  ),
  request(
    "UFFDIO_ZEROPAGE",
    [range, modes("UFFDIO_ZEROPAGE_MODE_"), output("zeropage")],
    "Fills missing pages with zeroes.",
    {
      EEXIST: "a page is there already",
      ENOENT: "the range is not registered",
      EINVAL: "not page-aligned",
    },
  ),
  request("UFFDIO_WRITEPROTECT", [range, modes("UFFDIO_WRITEPROTECT_MODE_")], "Sets or takes away write protection.", {
    ENOENT: "the range is not registered for write protection",
    EINVAL: "not page-aligned, or unknown mode",
  }),
  request(
    "UFFDIO_CONTINUE",
    [range, modes("UFFDIO_CONTINUE_MODE_"), output("mapped")],
    "Maps pages that the file already has.",
    {
      EEXIST: "mapped already",
      EFAULT: "the file has no page there",
      EINVAL: "not page-aligned",
    },
  ),
  request(
    "UFFDIO_MOVE",
    [u64("dst"), u64("src"), { name: "len", kind: "size" }, { ...u64("mode"), optional: true }, output("move")],
    "Moves pages to missing ones.",
    {
      EEXIST: "a page is there already",
      EBUSY: "a page is shared or in use",
      EINVAL: "not page-aligned",
    },
  ),
  request(
    "UFFDIO_POISON",
    [range, { ...u64("mode"), optional: true }, output("updated")],
    "Marks pages so that an access raises SIGBUS.",
    {
      EEXIST: "a page is there already",
      EINVAL: "not page-aligned",
    },
  ),
  {
    ...request("KVM_GET_API_VERSION", [], "The version of KVM's interface, of a descriptor of `/dev/kvm`.", {
      EINVAL: "an argument other than 0",
    }),
    returns: "12",
  },
  {
    ...request(
      "KVM_CREATE_VM",
      [],
      "Makes a virtual machine, of a descriptor of `/dev/kvm`: a guest with page tables of its own, which follow the caller's memory by an MMU notifier. `KVM_SET_USER_MEMORY_REGION` gives it memory, `kvm_load` and `kvm_store` are what it does.",
      { EINVAL: "an argument other than 0" },
    ),
    returns: "a file descriptor",
  },
  request(
    "KVM_SET_USER_MEMORY_REGION",
    [
      { name: "slot", kind: "int" },
      { name: "flags", kind: "flags", constants: ["KVM_MEM_"], optional: true },
      { name: "guest_phys_addr", kind: "address" },
      { name: "memory_size", kind: "size" },
      { name: "userspace_addr", kind: "address" },
    ],
    "Makes `memory_size` bytes of the process from `userspace_addr` on the guest's memory from `guest_phys_addr` on. Another call for the slot moves it; size 0 removes it.",
    {
      EINVAL: "not page-aligned, no user address, unknown flags, or a slot that is there with other memory or size",
      EEXIST: "another slot has a part of it",
      EIO: "the machine is another process's",
    },
  ),
  {
    name: "userfaultfd",
    params: [
      { name: "flags", kind: "flags", constants: ["O_CLOEXEC", "O_NONBLOCK", "UFFD_USER_MODE_ONLY"], optional: true },
    ],
    doc: "Makes a descriptor that handles page faults of the caller's memory.",
    returns: "a file descriptor",
    errors: { EINVAL: "unknown flags" },
  },
];
