// In the past, the line where the debugger stands says so.
import * as vscode from "vscode";
import { uriOf } from "./scenario-uri.ts";
import { onTime, type Time } from "./session.ts";
import { count } from "./time-status.ts";

interface Place {
  readonly uri: string;
  /** From 0. */
  readonly line: number;
}

export function registerPastBanner(): vscode.Disposable {
  const banner = vscode.window.createTextEditorDecorationType({
    after: {
      margin: "0 0 0 3em",
      color: new vscode.ThemeColor("statusBarItem.warningForeground"),
      backgroundColor: new vscode.ThemeColor("statusBarItem.warningBackground"),
    },
    isWholeLine: true,
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  let time: Time | undefined;
  let place: Place | undefined;

  const show = () => {
    for (const editor of vscode.window.visibleTextEditors) {
      const here = time?.past && place?.uri === editor.document.uri.toString();
      editor.setDecorations(banner, here ? [decoration(place!, time!)] : []);
    }
  };
  const look = async (item: vscode.DebugThread | vscode.DebugStackFrame | undefined) => {
    place = item && "frameId" in item && item.session.type === "mshare" ? await placeOf(item) : undefined;
    show();
  };
  return vscode.Disposable.from(
    banner,
    onTime((now) => {
      time = now;
      show();
    }),
    vscode.debug.onDidChangeActiveStackItem(look),
    vscode.window.onDidChangeVisibleTextEditors(show),
  );
}

function decoration({ line }: Place, { step, last }: Time): vscode.DecorationOptions {
  const contentText = ` ⟲ in the past: step ${count(step)} of ${count(last)} `;
  return { range: new vscode.Range(line, 0, line, 0), renderOptions: { after: { contentText } } };
}

/** Of a frame the editor tells only the number. */
async function placeOf({ session, threadId, frameId }: vscode.DebugStackFrame): Promise<Place | undefined> {
  try {
    const { stackFrames } = await session.customRequest("stackTrace", { threadId });
    const frame = stackFrames.find(({ id }: { id: number }) => id === frameId) ?? stackFrames[0];
    return frame && { uri: uriOf(frame.source.path).toString(), line: frame.line - 1 };
  } catch {
    return undefined; // the run goes on already
  }
}
