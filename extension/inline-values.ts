// Values beside the scenario's lines while the debugger is stopped: what each statement so far has put into its variables.
import * as vscode from "vscode";
import { variablesIn } from "./scenario-text.ts";

export function registerInlineValues(): vscode.Disposable {
  return vscode.languages.registerInlineValuesProvider("mshare", {
    provideInlineValues(document, viewPort, { stoppedLocation }) {
      const start = document.offsetAt(viewPort.start);
      const end = document.offsetAt(new vscode.Position(Math.min(viewPort.end.line, stoppedLocation.end.line) + 1, 0));
      return variablesIn(document.getText(), start, end).map(({ start, end, expression }) => {
        const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
        return new vscode.InlineValueEvaluatableExpression(range, expression);
      });
    },
  });
}
