// Random lines about control groups: processes move between them, one group is small and full now and then. What is near a limit
// is left alone, for Linux charges in batches and charges structures of its own too: a group has room, or far too little.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";
import { endOf } from "./random_processes.ts";

const ROOT = "/sys/fs/cgroup";
/** The group with a limit, and what is touched in it when it is to be full: four times as much. */
const SMALL = "small";
const [LIMIT, MUCH] = ["32M", "128MiB"];
const GROUPS = ["a", "b/c", "b/d", SMALL] as const;

/** Opened, written and closed again: descriptors are as they were. */
function put({ name, variables }: Actor, file: string, text: string): string[] {
  return [
    `${name}: g${variables} = open("${ROOT}/${file}", O_WRONLY)`,
    `${name}: write(g${variables}, "${text}", ${text.length})`,
    `${name}: close(g${variables})`,
  ];
}

/** Groups, made before anything else. */
export const groupsToBegin = (actor: Actor): string[] => [
  ...["a", "b", SMALL].map((group) => `${actor.name}: mkdir("${ROOT}/${group}", 0755)`),
  ...put(actor, `${SMALL}/memory.max`, LIMIT),
  ...put(actor, `${SMALL}/memory.swap.max`, "0"),
  ...put(actor, "b/cgroup.subtree_control", "+memory"),
  ...["b/c", "b/d"].map((group) => `${actor.name}: mkdir("${ROOT}/${group}", 0755)`),
];

/** One to three complete lines. */
export function groupLines(draw: Draw, actor: Actor, actors: readonly Actor[]): string[] {
  const { name } = actor;
  switch (draw.weighted({ move: 8, make: 1, remove: 1.5, limit: 1, fill: actor.group === SMALL ? 6 : 0 })) {
    case "make":
      return [`${name}: mkdir("${ROOT}/${draw.one(["e", "a/e", "b/e", "b/c/e", "none/e"])}", 0755)`];
    case "remove":
      return [`${name}: rmdir("${ROOT}/${draw.one(["a", "b", "b/c", "b/d", "e", "a/e"])}")`];
    case "limit":
      return put(actor, `${draw.one(["a", "b", "b/c"])}/memory.max`, draw.one(["max", "1G", "2048M"]));
    case "fill": {
      const shared = draw.chance(0.3) ? "MAP_SHARED" : "MAP_PRIVATE";
      endOf(actor, actors);
      return [
        `${name}: mmap(9TiB, ${MUCH}, PROT_READ|PROT_WRITE, ${shared}|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)`,
        `${name}: touch(9TiB, ${MUCH}, write)`,
      ];
    }
    default: {
      const group = draw.one(GROUPS);
      actor.group = group;
      return put(actor, `${group}/cgroup.procs`, "0");
    }
  }
}
