// In the past, the line where the debugger stands says so.
import * as vscode from "vscode";
import { uriOf } from "./scenario-uri.ts";
import { onTime, type Time } from "./session.ts";
import { count } from "./time-status.ts";

interface Place {
  readonly uri: vscode.Uri;
  /** From 0. */
  readonly line: number;
}

export function registerPastBanner(): vscode.Disposable {
  const banner = vscode.window.createTextEditorDecorationType({
    after: {
      margin: "0 0 0 1em",
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
      const here = time?.past && place && isOf(editor.document, place.uri);
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

/** In what an extension asks the adapter a remote window names files as it does itself, which is not how documents are named here. */
function isOf(document: vscode.TextDocument, uri: vscode.Uri): boolean {
  const { scheme, path } = document.uri;
  return path === uri.path && (scheme === uri.scheme || (scheme === "file" && uri.scheme === "vscode-remote"));
}

function decoration({ line }: Place, { step, last }: Time): vscode.DecorationOptions {
  const contentText = ` ⟲ past: ${count(step)} of ${count(last)} `;
  return { range: new vscode.Range(line, 0, line, 0), renderOptions: { after: { contentText } } };
}

/** Of a frame the editor tells only the number. */
async function placeOf({ session, threadId, frameId }: vscode.DebugStackFrame): Promise<Place | undefined> {
  try {
    const { stackFrames } = await session.customRequest("stackTrace", { threadId });
    const frame = stackFrames.find(({ id }: { id: number }) => id === frameId) ?? stackFrames[0];
    return frame && { uri: uriOf(frame.source.path), line: frame.line - 1 };
  } catch {
    return undefined; // the run goes on already
  }
}
