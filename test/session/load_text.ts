// Loads a scenario given as text.

import type { LaunchOptions } from "../../sim/debugging.ts";
import { type Loaded, load } from "../../sim/session/load.ts";

export function loadText(text: string, options: Partial<LaunchOptions> = {}): Loaded {
  const loaded = load(
    { read: (path) => (path === "test.mshare" ? text : undefined) },
    { program: "test.mshare", ...options },
  );
  if ("refused" in loaded) throw new Error(`${loaded.message}\n${text}`);
  return loaded;
}
