// An extension for tests: a workspace in memory, filled from files.json beside it. It has two names: `memory:/…`, and
// `vscode-vfs://…` like a repository that is read from the network, which VS Code does not trust by itself.
const vscode = require("vscode");

exports.activate = async (context) => {
  const uri = vscode.Uri.joinPath(context.extensionUri, "files.json");
  const given = JSON.parse(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
  const files = new Map(Object.entries(given).map(([path, text]) => [path, new TextEncoder().encode(text)]));
  const changed = new vscode.EventEmitter();

  const known = ({ path }) => files.get(path) ?? missing(path);
  const below = ({ path }) => {
    const folder = path.endsWith("/") ? path : `${path}/`;
    return [...files.keys()].filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length));
  };
  const stat = (uri) => {
    if (files.has(uri.path)) return { type: 1, ctime: 0, mtime: 0, size: known(uri).length };
    return below(uri).length > 0 ? { type: 2, ctime: 0, mtime: 0, size: 0 } : missing(uri.path);
  };
  const provider = {
    onDidChangeFile: changed.event,
    watch: () => new vscode.Disposable(() => undefined),
    stat,
    readDirectory: (uri) => {
      const names = below(uri).map((name) => [name.split("/")[0], name.includes("/") ? 2 : 1]);
      return [...new Map(names)];
    },
    readFile: known,
    writeFile: (uri, bytes) => {
      files.set(uri.path, bytes);
      changed.fire([{ type: 1, uri }]);
    },
    createDirectory: () => undefined,
    delete: ({ path }) => void files.delete(path),
    rename: (from, to) => {
      files.set(to.path, known(from));
      files.delete(from.path);
    },
  };
  for (const scheme of ["memory", "vscode-vfs"])
    context.subscriptions.push(vscode.workspace.registerFileSystemProvider(scheme, provider));
};

function missing(path) {
  throw vscode.FileSystemError.FileNotFound(path);
}
