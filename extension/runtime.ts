// What runs our programs: the executable that runs this extension, so that no Node needs to be installed.
import type { ExtensionContext } from "vscode";

/** Makes a desktop VS Code's executable behave as the Node inside it; to a server's Node it means nothing. */
export const asNode = { ELECTRON_RUN_AS_NODE: "1" };

/** Where our programs keep what V8 has compiled of them (server/engine.node.ts), so that the next start is faster. */
export const codeCache = ({ globalStorageUri }: ExtensionContext) => ({ MSHARE_CODE_CACHE: globalStorageUri.fsPath });
