// A scenario's text as words, each with the actor whose statement it stands in. Enough to know what a hover points at;
// what the words mean is the language server's and the debug adapter's business.

export interface Token {
  kind: "name" | "number" | "mark";
  text: string;
  start: number;
  end: number;
  /** Who acts here: `writer`, `guest[0]`, `kernel`; undefined in declarations and expectations. */
  actor: string | undefined;
  /** Inside `{ key: value }`, where a name before a colon is a key. */
  inStruct: boolean;
}

// Comments and strings match to be left out; what no other alternative takes is a character by itself.
const words = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:\\.|[^"\\\n])*"?|[A-Za-z_]\w*|\d\w*|[=!<>]=|&&|\|\||[^\s\w]/g;

const declarations = "allow cpu expect include kernel label let machine parallel process repeat schedule thread";
const statementWords = new Set(declarations.split(" "));

export function isStatementWord(text: string): boolean {
  return statementWords.has(text);
}

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const { 0: word, index } of text.matchAll(words)) {
    if (/^(\/\/|\/\*|")/.test(word)) continue;
    const kind = /^[A-Za-z_]/.test(word) ? "name" : /^\d/.test(word) ? "number" : "mark";
    tokens.push({ kind, text: word, start: index, end: index + word.length, actor: undefined, inStruct: false });
  }
  addActors(tokens);
  return tokens;
}

/** Walks the braces: a block belongs to the actor before it, a statement to the actor before its colon. */
function addActors(tokens: Token[]): void {
  const file = { owner: undefined as string | undefined, struct: false };
  const braces = [file];
  const innermost = () => braces.at(-1) ?? file;
  let parentheses = 0;
  let actor: string | undefined;
  tokens.forEach((token, index) => {
    const { owner, struct } = innermost();
    const atStatement = parentheses === 0 && !struct;
    token.inStruct = struct;
    if (token.text === "(") parentheses++;
    if (token.text === ")") parentheses = Math.max(0, parentheses - 1);
    if (token.text === "{") {
      const isBlock = atStatement && !opensOptions(tokens, index);
      if (isBlock) actor = actorBefore(tokens, index) ?? owner;
      braces.push({ owner: actor, struct: !isBlock });
    }
    if (token.text === "}") {
      braces.pop();
      if (!struct) actor = innermost().owner;
    }
    if (token.text === ":" && atStatement) actor = actorBefore(tokens, index);
    if (atStatement && isStatementWord(token.text)) actor = owner;
    token.actor = actor;
  });
}

/** `machine { … }` and `kernel mshare-v3 { … }`: options, not statements. */
function opensOptions(tokens: Token[], brace: number): boolean {
  let at = brace - 1;
  while (tokens[at - 1]?.end === tokens[at]?.start) at--; // to the start of a name with hyphens
  return tokens[at]?.text === "machine" || tokens[at - 1]?.text === "kernel";
}

/** The actor whose name ends just before this `:` or `{`: `writer`, `guest[0]`, `guest.helper`. */
function actorBefore(tokens: Token[], index: number): string | undefined {
  let at = index - 1;
  if (tokens[at]?.text === "]") at = lastIndex(tokens, at, "[") - 1;
  if (tokens[at - 1]?.text === ".") at -= 2;
  const first = tokens[at];
  if (first?.kind !== "name" || ["repeat", "as"].includes(tokens[at - 1]?.text)) return undefined;
  if (isStatementWord(first.text) && first.text !== "kernel") return undefined;
  const words = tokens.slice(at, index);
  return words.map(({ text }) => text).join("");
}

/** The nearest token with this text before `from`, or -1. */
export function lastIndex(tokens: Token[], from: number, text: string): number {
  let at = from;
  while (at >= 0 && tokens[at].text !== text) at--;
  return at;
}
