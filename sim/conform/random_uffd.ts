// Random calls about userfaultfd. Nobody waits for anybody: a fault that a userfaultfd would be told of is a SIGBUS.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";
import { inKib, PAGE, placeText, range, sizeText } from "./random_places.ts";

/** Where the mappings lie that may be registered for write protection: those of files cannot here. */
const HOME = "5TiB";

export function userfaultfdCall(draw: Draw, actor: Actor): string {
  const { userfaultfds: made } = actor;
  if (made.length === 0 || draw.chance(0.05)) {
    const name = `u${actor.variables++}`;
    made.push(name);
    actor.next.push(`ioctl(${name}, UFFDIO_API, { api: UFFD_API, features: ${features(draw)} })`);
    return `${name} = userfaultfd(${draw.weighted({ O_NONBLOCK: 3, "O_CLOEXEC|O_NONBLOCK": 1, "O_NONBLOCK|UFFD_USER_MODE_ONLY": 1 })})`;
  }
  const fd = draw.one(made);
  const { place, bytes } = range(draw, actor);
  const size = draw.between(1, 6) * PAGE;
  const whole = `range: { start: ${placeText(draw, place)}, len: ${sizeText(draw, draw.chance(0.3) ? bytes : size)} }`;
  switch (
    draw.weighted({ own: 3, register: 6, unregister: 2, copy: 6, zeropage: 4, protect: 5, continue: 3, wake: 0.3 })
  ) {
    case "own":
      return ownMapping(draw, actor, fd);
    case "register": {
      const mode = draw.weighted({ MISSING: 6, MINOR: 2, "MISSING|UFFDIO_REGISTER_MODE_MINOR": 2 });
      return `ioctl(${fd}, UFFDIO_REGISTER, { ${whole}, mode: UFFDIO_REGISTER_MODE_${mode} })`;
    }
    case "unregister":
      return `ioctl(${fd}, UFFDIO_UNREGISTER, { start: ${placeText(draw, place)}, len: ${sizeText(draw, bytes)} })`;
    case "copy": {
      const mode = draw.weighted({ "0": 8, UFFDIO_COPY_MODE_WP: 1, UFFDIO_COPY_MODE_DONTWAKE: 0.5, "8": 0.2 });
      return `ioctl(${fd}, UFFDIO_COPY, { dst: ${place}, src: ${range(draw, actor).place}, len: ${inKib(size)}, mode: ${mode} })`;
    }
    case "zeropage":
      return `ioctl(${fd}, UFFDIO_ZEROPAGE, { ${whole} })`;
    case "protect": {
      const mode = draw.weighted({ UFFDIO_WRITEPROTECT_MODE_WP: 6, "0": 5, UFFDIO_WRITEPROTECT_MODE_DONTWAKE: 0.5 });
      return `ioctl(${fd}, UFFDIO_WRITEPROTECT, { ${whole}, mode: ${mode} })`;
    }
    case "continue":
      return `ioctl(${fd}, UFFDIO_CONTINUE, { ${whole} })`;
    default:
      return `ioctl(${fd}, UFFDIO_WAKE, { start: ${place}, len: ${inKib(bytes)} })`;
  }
}

const features = (draw: Draw): string =>
  draw.weighted({
    UFFD_FEATURE_SIGBUS: 6,
    "UFFD_FEATURE_SIGBUS|UFFD_FEATURE_MINOR_SHMEM": 3,
    "UFFD_FEATURE_SIGBUS|UFFD_FEATURE_MISSING_SHMEM": 2,
  });

/** A mapping of private memory that is registered at once. */
function ownMapping(draw: Draw, actor: Actor, fd: string): string {
  const bytes = draw.between(1, 12) * PAGE;
  const place = draw.one([HOME, `${HOME} - 8KiB`, `${HOME} + 2MiB`, `${HOME} + 1GiB - 12KiB`]);
  actor.mappings.push({ place, bytes });
  const mode = draw.weighted({ WP: 4, MISSING: 2, "WP|UFFDIO_REGISTER_MODE_MISSING": 4 });
  actor.next.push(
    `ioctl(${fd}, UFFDIO_REGISTER, { range: { start: ${place}, len: ${inKib(bytes)} }, mode: UFFDIO_REGISTER_MODE_${mode} })`,
  );
  return `mmap(${place}, ${inKib(bytes)}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)`;
}
