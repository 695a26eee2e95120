// Files have two names: the engine's (scenarios as opened, kernel sources as `sim/…`) and the client's (always a full path).
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Environment } from "./environment.ts";
import { RequestError } from "./errors.ts";
import { type Arguments, optionalText } from "./read.ts";

const slashes = (path: string) => path.replaceAll("\\", "/");
const isKernelFile = (file: string) => file.startsWith("sim/");

export function sourceOut(environment: Environment, file: string): DebugProtocol.Source {
  const kernel = isKernelFile(file);
  return {
    name: slashes(file).split("/").at(-1),
    path: kernel ? `${environment.productRoot}/${file}` : file,
    ...(kernel && { origin: "simulated kernel" }),
  };
}

/** `files`: those of the run. The same file may be known to client and engine by different paths, where there are links. */
export function fileIn(environment: Environment, source: Arguments, files: readonly string[]): string {
  const path = optionalText(source, "path");
  if (!path) throw new RequestError("badArguments", "`source.path` must be the path of a file");
  const root = `${slashes(environment.productRoot)}/`;
  const whole = environment.absolute(path);
  const below = slashes(whole).startsWith(root) ? slashes(whole).slice(root.length) : undefined;
  if (below && isKernelFile(below)) return below;
  const { canonical } = environment;
  if (!canonical || files.includes(whole)) return whole;
  return files.find((file) => !isKernelFile(file) && canonical(file) === canonical(whole)) ?? whole;
}
