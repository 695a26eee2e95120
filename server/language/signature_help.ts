// Signature help: the parameters of the call around the cursor.
import type { Position, SignatureHelp } from "vscode-languageserver";
import { familiesText } from "../../sim/scenario/flag_families.ts";
import { type Analysis, toOffset } from "./analysis.ts";
import { calledAt } from "./called.ts";
import { placeAt } from "./place.ts";

export function signatureHelp(analysis: Analysis, position: Position): SignatureHelp | null {
  const place = placeAt(analysis.file, toOffset(analysis.file, position));
  const opener = place?.openers.find((one) => one.bracket === "(");
  const called = place && opener && calledAt(analysis, place, opener);
  if (!called) return null;
  const names = called.params.map((param) => (param.optional ? `${param.name}?` : param.name));
  const label = `${called.name}(${names.join(", ")})`;
  let at = called.name.length + 1;
  const parameters = called.params.map((param, index) => {
    const from = at;
    at += names[index].length + 2;
    const families = param.constants?.length ? `: ${familiesText(param.constants)}` : "";
    return { label: [from, from + names[index].length] as [number, number], documentation: `${param.kind}${families}` };
  });
  const activeParameter = called.params.length === 0 ? 0 : Math.min(opener.commas, called.params.length - 1);
  return {
    signatures: [{ label, documentation: { kind: "markdown", value: called.doc }, parameters }],
    activeSignature: 0,
    activeParameter,
  };
}
