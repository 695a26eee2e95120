// Semantic tokens as changes: after a keystroke only the part that differs from what the client has goes over the wire.
import type { SemanticTokens, SemanticTokensDelta } from "vscode-languageserver";

interface Result {
  readonly id: string;
  readonly data: readonly number[];
}

export function tokenResults() {
  const last = new Map<string, Result>();
  let count = 0;
  const keep = (uri: string, data: number[]): string => {
    const id = String(++count);
    last.set(uri, { id, data });
    return id;
  };
  return {
    full: (uri: string, data: number[]): SemanticTokens => ({ resultId: keep(uri, data), data }),
    /** All tokens where the client has others than we remember. */
    delta(uri: string, previousId: string, data: number[]): SemanticTokens | SemanticTokensDelta {
      const before = last.get(uri);
      const resultId = keep(uri, data);
      if (before?.id !== previousId) return { resultId, data };
      return { resultId, edits: difference(before.data, data) };
    },
    forget: (uri: string): void => void last.delete(uri),
  };
}

/** One replacement of what lies between the common beginning and the common end. */
function difference(before: readonly number[], after: readonly number[]): SemanticTokensDelta["edits"] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const deleteCount = before.length - start - end;
  const data = after.slice(start, after.length - end);
  return deleteCount === 0 && data.length === 0 ? [] : [{ start, deleteCount, data }];
}
