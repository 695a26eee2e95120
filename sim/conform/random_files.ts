// Random calls about files and descriptors.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";
import { GIB, inKib, MIB, newSize, PAGE, range } from "./random_places.ts";

const PATHS = ["/dev/shm/f", "/dev/shm/g", "/tmp/h", "/dev/shm/d/f", "/dev/shm/d"] as const;

export function fileCall(draw: Draw, actor: Actor): string {
  const fd = actor.descriptors.length > 0 && draw.chance(0.95) ? draw.one(actor.descriptors) : draw.between(3, 6);
  const none = actor.descriptors.length === 0;
  switch (
    draw.weighted({
      open: none ? 20 : 5,
      memfd_create: none ? 10 : 2,
      ftruncate: 9,
      fallocate: none ? 0.3 : 5,
      write: 3,
      read: 3,
      lseek: 2,
      dup: 0.7,
      fsync: 0.4,
      fcntl: none ? 0.1 : 1,
      close: 2,
      unlink: 1,
      link: 0.4,
      rename: 1,
      mkdir: 1,
      rmdir: 0.5,
    })
  ) {
    case "open":
      return openCall(draw, actor);
    case "memfd_create":
      opened(actor);
      return `memfd_create("m", ${draw.weighted({ "0": 5, MFD_CLOEXEC: 2, MFD_ALLOW_SEALING: 3, MFD_NOEXEC_SEAL: 0.5, "MFD_ALLOW_SEALING|MFD_EXEC": 0.5, "MFD_EXEC|MFD_NOEXEC_SEAL": 0.1, "0x20": 0.1 })})`;
    case "ftruncate":
      return `ftruncate(${fd}, ${draw.weighted({ size: 8, odd: 2 }) === "size" ? inKib(newSize(draw, actor)) : draw.between(0, 70000)})`;
    case "fallocate":
      return fallocateCall(draw, fd);
    case "write":
    case "read": {
      const { place, bytes } = range(draw, actor);
      const count = draw.chance(0.7) ? draw.between(1, 4) * PAGE : draw.between(0, 20000);
      // Not always from the beginning; now and then over the end of what is mapped, so that only a part can be done.
      const over = bytes > 2 * PAGE && draw.chance(0.15) ? ` + ${inKib(bytes - draw.between(1, 2) * PAGE)}` : "";
      const odd = draw.chance(0.2) ? ` + ${draw.between(1, 4095)}` : "";
      return `${draw.chance(0.5) ? "read" : "write"}(${fd}, ${place}${over}${odd}, ${count})`;
    }
    case "lseek": {
      const whence = draw.weighted({ SEEK_SET: 5, SEEK_CUR: 2, SEEK_END: 2, SEEK_DATA: 2, SEEK_HOLE: 2 });
      return `lseek(${fd}, ${draw.chance(0.8) ? draw.between(0, 8) * PAGE : draw.between(0, 9999)}, ${whence})`;
    }
    case "dup":
      opened(actor);
      return `dup(${fd})`;
    case "fsync":
      return `fsync(${fd})`;
    case "fcntl":
      return fcntlCall(draw, fd);
    case "close":
      actor.descriptors = actor.descriptors.filter((one) => one !== fd);
      return `close(${fd})`;
    case "rename":
      // Real files of one program lie in one file system; the simulated /tmp is another.
      return `rename("${draw.one(["/dev/shm/f", "/dev/shm/g", "/dev/shm/d"])}", "${draw.one(["/dev/shm/f", "/dev/shm/g", "/dev/shm/d/f"])}")`;
    case "link":
      return `link("${draw.one(["/dev/shm/f", "/dev/shm/g"])}", "${draw.one(["/dev/shm/f", "/dev/shm/g", "/dev/shm/d/f"])}")`;
    case "mkdir":
      return `mkdir("${draw.one(PATHS)}", 0755)`;
    case "rmdir":
      return `rmdir("${draw.one(PATHS)}")`;
    default:
      return `unlink("${draw.one(PATHS)}")`;
  }
}

function fcntlCall(draw: Draw, fd: number): string {
  if (draw.chance(0.2)) return `fcntl(${fd}, F_GET_SEALS)`;
  const seals = draw.weighted({
    F_SEAL_WRITE: 3,
    F_SEAL_FUTURE_WRITE: 3,
    F_SEAL_GROW: 2,
    F_SEAL_SHRINK: 2,
    "F_SEAL_SHRINK|F_SEAL_GROW": 1,
    F_SEAL_SEAL: 0.5,
    F_SEAL_EXEC: 0.5,
    "0x40": 0.1,
  });
  return `fcntl(${fd}, F_ADD_SEALS, ${seals})`;
}

/** Space is really taken, page by page, unless a hole is punched: little of it. */
function fallocateCall(draw: Draw, fd: number): string {
  const mode = draw.weighted({
    "0": 4,
    FALLOC_FL_KEEP_SIZE: 2,
    "FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE": 8,
    FALLOC_FL_PUNCH_HOLE: 0.5,
    FALLOC_FL_ZERO_RANGE: 0.5,
  });
  const offset = draw.weighted({ pages: 6, odd: 2, table: 2 });
  const from =
    offset === "pages"
      ? draw.between(0, 8) * PAGE
      : offset === "odd"
        ? draw.between(0, 50000)
        : draw.between(0, 2) * MIB;
  const hole = mode.includes("PUNCH");
  const bytes = draw.chance(0.7)
    ? draw.between(1, 16) * PAGE
    : hole && draw.chance(0.5)
      ? draw.one([2 * MIB, GIB])
      : draw.between(0, 70000);
  return `fallocate(${fd}, ${mode}, ${from}, ${bytes})`;
}

function openCall(draw: Draw, actor: Actor): string {
  opened(actor);
  const flags = draw.weighted({
    "O_CREAT|O_RDWR": 10,
    O_RDWR: 4,
    O_RDONLY: 2,
    "O_CREAT|O_RDWR|O_TRUNC": 1,
    "O_CREAT|O_EXCL|O_RDWR": 1,
    "O_CREAT|O_WRONLY": 1,
    "O_RDWR|O_TRUNC": 0.5,
    "O_CREAT|O_RDWR|O_APPEND": 0.7,
  });
  return `open("${draw.one(PATHS)}", ${flags}, 0600)`;
}

function opened(actor: Actor): void {
  for (let fd = 3; ; fd++) {
    if (actor.descriptors.includes(fd)) continue;
    actor.descriptors.push(fd);
    return;
  }
}
