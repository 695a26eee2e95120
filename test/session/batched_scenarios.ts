// Random scenarios in which runs of like pages are touched, zapped and freed, on machines of all kinds.
import fc from "fast-check";

const MIB = 2 ** 20;
const spots = [0, 1, 2, 4];
const at = (slot: number, offset: number) => `${16 + slot}TiB + ${offset}`;

const offset = fc.tuple(fc.constantFrom(...spots), fc.nat(600)).map(([mib, page]) => mib * MIB + page * 4096);
const length = fc
  .oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 1100 }))
  .map((pages) => pages * 4096);
const slot = fc.nat(1);
const advice = fc.constantFrom(
  ...[
    "MADV_DONTNEED",
    "MADV_DONTNEED",
    "MADV_DONTNEED",
    "MADV_FREE",
    "MADV_PAGEOUT",
    "MADV_COLD",
    "MADV_POPULATE_WRITE",
  ],
);
const protection = fc.constantFrom("PROT_READ", "PROT_READ|PROT_WRITE", "PROT_NONE");
const kind = fc.constantFrom("MAP_PRIVATE", "MAP_PRIVATE", "MAP_PRIVATE", "MAP_SHARED", "MAP_PRIVATE|MAP_LOCKED");

const call: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(slot, kind)
      .map(([s, k]) => `mmap(${at(s, 0)}, 8MiB, PROT_READ|PROT_WRITE, ${k}|MAP_ANONYMOUS|MAP_FIXED, -1, 0)`),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(slot, offset, length, fc.constantFrom(", write", ", write", ""), fc.constantFrom(0, 0, 8, 4088))
      .map(([s, o, l, w, within]) => `touch(${at(s, o + within)}, ${l}${w})`),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(slot, offset, length, advice).map(([s, o, l, a]) => `madvise(${at(s, o)}, ${l}, ${a})`),
  },
  { weight: 3, arbitrary: fc.tuple(slot, offset, length).map(([s, o, l]) => `munmap(${at(s, o)}, ${l})`) },
  fc.tuple(slot, offset, length, protection).map(([s, o, l, p]) => `mprotect(${at(s, o)}, ${l}, ${p})`),
  fc.tuple(slot, offset).map(([s, o]) => `store(${at(s, o)}, 7)`),
  fc.tuple(slot, offset).map(([s, o]) => `load(${at(s, o)})`),
  fc
    .tuple(slot, offset, length)
    .map(([s, o, l]) => `mremap(${at(s, o)}, ${l}, ${l}, MREMAP_MAYMOVE|MREMAP_FIXED, ${at(s + 4, o)})`),
);

/** What a machine and a kernel may be like. `others`: a second thread of the first process, so that flushes go to two CPUs. */
const machine = fc.record({
  memory: fc.constantFrom("64MiB", "64MiB", "6MiB"),
  swap: fc.constantFrom("0", "16MiB"),
  pcid: fc.boolean(),
  version: fc.constantFrom("6.18", "6.12"),
  others: fc.boolean(),
  fork: fc.boolean(),
  guest: fc.boolean(),
  /** Pages that the control group of the first process may have; 0: it is in none. */
  group: fc.constantFrom(0, 0, 0, 300, 2000),
});

/** A guest of the first process, whose memory is the process's first mapping. */
const GUEST = [
  'kvm = open("/dev/kvm", O_RDWR)',
  "vm = ioctl(kvm, KVM_CREATE_VM)",
  `ioctl(vm, KVM_SET_USER_MEMORY_REGION, { slot: 0, guest_phys_addr: 0, memory_size: 8MiB, userspace_addr: ${at(0, 0)} })`,
  `kvm_store(vm, ${MIB}, 5)`,
  "kvm_load(vm, 8192)",
];

const group = (pages: number): readonly string[] => [
  // The limit is that of the group above; halfway to it there is a mark beyond which it has to reclaim.
  `mkdir("/sys/fs/cgroup/g")`,
  `control = open("/sys/fs/cgroup/g/cgroup.subtree_control", O_WRONLY)`,
  `write(control, "+memory", 7)`,
  `mkdir("/sys/fs/cgroup/g/h")`,
  `limit = open("/sys/fs/cgroup/g/memory.max", O_WRONLY)`,
  `write(limit, "${pages * 4}K", ${`${pages * 4}K`.length})`,
  `high = open("/sys/fs/cgroup/g/h/memory.high", O_WRONLY)`,
  `write(high, "${pages * 2}K", ${`${pages * 2}K`.length})`,
  `procs = open("/sys/fs/cgroup/g/h/cgroup.procs", O_WRONLY)`,
  `write(procs, "1", 1)`,
];

const statements = (calls: readonly string[], who: string): string => calls.map((text) => `${who}: ${text}`).join("\n");
const MAP = `mmap(${at(0, 0)}, 8MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)`;

export const batchedText: fc.Arbitrary<string> = fc
  .record({
    machine,
    first: fc.array(call, { minLength: 2, maxLength: 10 }),
    thread: fc.array(call, { maxLength: 4 }),
    child: fc.array(call, { maxLength: 5 }),
    last: fc.array(call, { maxLength: 5 }),
  })
  .map(({ machine: m, first, thread, child, last }) =>
    [
      `kernel linux { version: "${m.version}" }`,
      `machine { cpus: 2, memory: ${m.memory}, swap: ${m.swap}, pcid: ${m.pcid} }`,
      "process p on cpu 0",
      ...(m.others ? ["thread p.t on cpu 1"] : []),
      ...(m.fork ? ["process child on cpu 1"] : []),
      ...(m.group ? [statements(group(m.group), "p")] : []),
      statements([MAP, `touch(${at(0, 0)}, 3MiB, write)`], "p"),
      ...(m.others ? [`p.t: touch(${at(0, 0)}, 1MiB, write)`] : []),
      ...(m.guest ? [statements(GUEST, "p")] : []),
      statements(first, "p"),
      ...(m.others ? [statements(thread, "p.t")] : []),
      ...(m.fork ? ["p: fork(child)", statements(child, "child")] : []),
      statements(last, "p"),
    ].join("\n"),
  );
