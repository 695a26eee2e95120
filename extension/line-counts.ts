// How often a line of the scenario was begun, beside it, where that was more than once; and when the run is over, which were never
// reached. The marks stay behind the run until the text changes or another run begins.
import * as vscode from "vscode";
import { uriOf } from "./scenario-uri.ts";
import { count } from "./time-status.ts";

/** Body of the adapter's event `mshare/lineCounts`. */
interface Counts {
  readonly lines: readonly {
    readonly source: { readonly path: string };
    readonly line: number;
    readonly times: number;
  }[];
  readonly over: boolean;
}

/** What the adapter counts up to. */
const MOST = 10_000;

export function registerLineCounts(): vscode.Disposable {
  const mark = vscode.window.createTextEditorDecorationType({
    after: { margin: "0 0 0 1em", color: new vscode.ThemeColor("editorCodeLens.foreground"), fontStyle: "italic" },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
  });
  /** By document, and of whose run. */
  let marks = new Map<string, vscode.DecorationOptions[]>();
  let owner: { readonly session: string; readonly over: boolean } | undefined;

  const show = () => {
    for (const editor of vscode.window.visibleTextEditors)
      if (editor.document.languageId === "mshare")
        editor.setDecorations(mark, marks.get(keyOf(editor.document.uri)) ?? []);
  };
  const clear = () => {
    marks = new Map();
    owner = undefined;
    show();
  };
  const take = (session: string, { lines, over }: Counts) => {
    marks = new Map();
    owner = { session, over };
    if (!vscode.workspace.getConfiguration("mshare").get("lineCounts", true)) return;
    for (const { source, line, times } of lines) {
      const key = keyOf(uriOf(source.path));
      marks.set(key, [...(marks.get(key) ?? []), decoration(line - 1, times)]);
    }
  };
  return vscode.Disposable.from(
    mark,
    vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
      if (event !== "mshare/lineCounts") return;
      take(session.id, body);
      show();
    }),
    vscode.debug.onDidStartDebugSession(({ type }) => {
      if (type === "mshare") clear();
    }),
    // What a run has come to that was broken off says nothing about lines below.
    vscode.debug.onDidTerminateDebugSession(({ id }) => {
      if (owner?.session === id && !owner.over) clear();
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0 && marks.delete(keyOf(document.uri))) show();
    }),
    vscode.window.onDidChangeVisibleTextEditors(show),
  );
}

/** A remote window names the adapter's files otherwise than documents. */
const keyOf = ({ scheme, path }: vscode.Uri): string => `${scheme === "vscode-remote" ? "file" : scheme}:${path}`;

/** `line` from 0. */
function decoration(line: number, times: number): vscode.DecorationOptions {
  const contentText = times === 0 ? "never reached" : `× ${count(times)}${times >= MOST ? " or more" : ""}`;
  const end = Number.MAX_SAFE_INTEGER;
  return { range: new vscode.Range(line, end, line, end), renderOptions: { after: { contentText } } };
}
