// What a hover evaluates while the debugger is stopped; the adapter answers it.
import * as vscode from "vscode";
import { expressionAt } from "./scenario-text.ts";

export function registerHovers(): vscode.Disposable {
  return vscode.languages.registerEvaluatableExpressionProvider("mshare", {
    provideEvaluatableExpression(document, position) {
      const found = expressionAt(document.getText(), document.offsetAt(position));
      if (!found) return undefined;
      const range = new vscode.Range(document.positionAt(found.start), document.positionAt(found.end));
      return new vscode.EvaluatableExpression(range, found.expression);
    },
  });
}
