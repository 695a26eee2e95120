// Whose control group pays for what lies in a region: option `owner`, with the memory controller. Posted: mm_alloc makes the
// creator the owner of the host mm (Anthony Yznaga to Kirill Shutemov, 2024-10-07). Tables are charged to who asks for them
// whatever the option says, as in Linux (__GFP_ACCOUNT).
import { passes } from "../../scenario/run/running.ts";

const GROUP = "/sys/fs/cgroup";
const PAGES = 6;

/** The creator in group a, two others in b; they touch two and four pages of the region. */
const scenario = (owner: string, expected: Readonly<Record<"a" | "b", number>>): string => `
  kernel mshare-v3 { fixes: all, owner: ${owner} }
  machine { memory: 64MiB }
  process creator
  process first
  process second
  process shell
  shell: mkdir("${GROUP}/a")
  shell: mkdir("${GROUP}/b")
  shell: a = open("${GROUP}/a/cgroup.procs", O_WRONLY)
  shell: write(a, "1", 1)
  shell: b = open("${GROUP}/b/cgroup.procs", O_WRONLY)
  shell: write(b, "2", 1)
  shell: write(b, "3", 1)
  creator: fd = open("/sys/fs/mshare/r", O_CREAT|O_EXCL|O_RDWR, 0600)
  creator: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })
  creator: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: 2MiB, offset: 0,
      prot: PROT_READ|PROT_WRITE, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1 })
  creator: mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  first: fd = open("/sys/fs/mshare/r", O_RDWR)
  first: mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  second: fd = open("/sys/fs/mshare/r", O_RDWR)
  second: mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  parallel {
    first: touch(2TiB, 8KiB, write) == 2
    second: touch(2TiB + 8KiB, 16KiB, write) == 4
  }
  creator: touch(2TiB, ${PAGES * 4}KiB) == ${PAGES}
  expect memcg("${GROUP}/a").shmem == ${expected.a * 4}KiB
  expect memcg("${GROUP}/b").shmem == ${expected.b * 4}KiB
  expect memcg("${GROUP}/b").pagetables > 0`;

describe("mshare-v3: who pays for a region", () => {
  for (const schedule of ["sequential", "random 3", "random 8"])
    it(`owner: toucher charges the group of whoever touches a page first (${schedule})`, () => {
      passes(scenario("toucher", { a: 0, b: PAGES }), schedule);
    });

  it("owner: nobody charges no group", () => {
    passes(scenario("nobody", { a: 0, b: 0 }), "sequential");
  });

  it("owner: creator, as posted, charges the creator's, whoever touches", () => {
    const posted = scenario("creator", { a: PAGES, b: 0 }).replace("fixes: all, ", "");
    passes(`${posted}\nallow bugs`, "sequential");
  });
});
