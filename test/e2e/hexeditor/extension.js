// Stands in for Microsoft's hex editor, which is not in the registry of this VS Code: the same id, so that *View Binary Data* opens it,
// and the same way to the bytes, ranges of a `vscode-debug-memory:` document read, written and watched as the workspace's files are.
const vscode = require("vscode");

const shownBytes = 64;

exports.activate = (context) => {
  const provider = {
    openCustomDocument: (uri) => ({ uri, dispose() {} }),
    async resolveCustomEditor({ uri }, panel) {
      const range = (from, count) => uri.with({ query: `range=${from}:${from + count}` });
      const show = async () => {
        panel.webview.postMessage([...(await vscode.workspace.fs.readFile(range(0, shownBytes)))]);
      };
      const name = uri.path.split("/").at(-1);
      const folder = uri.with({ path: uri.path.slice(0, -name.length - 1) });
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, name));
      watcher.onDidChange(show);
      panel.onDidDispose(() => watcher.dispose());
      panel.webview.options = { enableScripts: true };
      panel.webview.onDidReceiveMessage(async ({ at, byte }) => {
        if (at !== undefined) await vscode.workspace.fs.writeFile(range(at, 1), Uint8Array.of(byte));
        await show();
      });
      panel.webview.html = page;
    },
  };
  context.subscriptions.push(vscode.window.registerCustomEditorProvider("hexEditor.hexedit", provider));
};

const page = `<!DOCTYPE html><body style="font-family: monospace"></body><script>
  const editor = acquireVsCodeApi();
  addEventListener("message", ({ data: bytes }) => {
    document.body.replaceChildren(...bytes.map((byte, at) => {
      const input = document.createElement("input");
      input.size = 2;
      input.value = byte.toString(16).padStart(2, "0");
      input.setAttribute("aria-label", "byte " + at);
      input.onchange = () => editor.postMessage({ at, byte: parseInt(input.value, 16) });
      return input;
    }));
  });
  editor.postMessage({});
</script>`;
