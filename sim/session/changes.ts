// Marks what has changed since the last stop, among what was looked at then.
import type { ValueNode } from "../debugging.ts";

export interface Changes {
  newStop(): void;
  mark(path: string, node: ValueNode): ValueNode;
}

export function markChanges(): Changes {
  let before = new Map<string, string>();
  let now = new Map<string, string>();
  const mark = (path: string, node: ValueNode): ValueNode => {
    const key = node.dataId ?? path;
    now.set(key, node.value);
    const changed = before.has(key) && before.get(key) !== node.value;
    const { children } = node;
    if (!children) return changed ? { ...node, changed } : node;
    return {
      ...node,
      ...(changed ? { changed } : {}),
      children: (start, count) => children(start, count).map((child) => mark(`${path}/${child.name}`, child)),
    };
  };
  return {
    newStop() {
      before = new Map([...before, ...now]);
      now = new Map();
    },
    mark,
  };
}
