// Completion in comments: the words that silence, and behind them the codes.
import { type CompletionItem, CompletionItemKind } from "vscode-languageserver";
import { severityOf } from "../../sim/scenario/codes.ts";
import { IGNORE, silenceable } from "../../sim/scenario/ignore.ts";
import type { Analysis } from "./analysis.ts";
import { commentAt } from "./token_at.ts";

interface IgnoreOffers {
  readonly items: readonly CompletionItem[];
  /** Where the word being typed begins. */
  readonly start: number;
}

const LIST = /^\/[/*]\s*mshare-ignore(?:-file)?[ \t:]+((?:[a-z0-9-]+[ \t]*,[ \t]*)*)([a-z0-9-]*)$/;
/** At least one letter: else every comment would begin with an offer. */
const WORD = /^\/[/*]\s*(m[a-z-]*)$/;

/** Undefined where the cursor stands in no such comment. */
export function ignoreOffers(analysis: Analysis, offset: number): IgnoreOffers | undefined {
  const comment = commentAt(analysis.file, offset);
  if (!comment) return undefined;
  const typed = analysis.text.slice(comment.start, offset);
  const list = LIST.exec(typed);
  if (list) return { items: codeOffers(analysis, list[1].split(/[\s,]+/)), start: offset - list[2].length };
  const word = WORD.exec(typed);
  return word ? { items: wordOffers(), start: offset - word[1].length } : undefined;
}

/** The codes that the file gives come first, with what they say there. */
function codeOffers(analysis: Analysis, named: readonly string[]): CompletionItem[] {
  return silenceable
    .filter((code) => !named.includes(code))
    .map((code) => {
      const given = analysis.scenario.diagnostics.find((one) => one.code === code && one.file === analysis.path);
      const documentation = given && `Line ${given.line}: ${given.message}`;
      const sortText = `${given ? 0 : 1}${code}`;
      return { label: code, kind: CompletionItemKind.Value, detail: severityOf(code), documentation, sortText };
    });
}

function wordOffers(): CompletionItem[] {
  const offer = (label: string, detail: string) => ({ label, kind: CompletionItemKind.Keyword, detail });
  return [
    offer(IGNORE, "silences a warning of this statement, or of the next line"),
    offer(`${IGNORE}-file`, "silences a warning in the whole file"),
  ];
}
