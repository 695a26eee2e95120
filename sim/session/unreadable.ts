// What is said of a file that cannot be read.
import type { Host } from "../debugging.ts";

export const unreadable = (host: Host, path: string): string =>
  `${path}: ${host.whyUnreadable?.(path) ?? "there is no such file, or it cannot be read"}.`;
