// What runs our programs: the executable that runs this extension, so that no Node needs to be installed.

/** Makes a desktop VS Code's executable behave as the Node inside it; to a server's Node it means nothing. */
export const asNode = { ELECTRON_RUN_AS_NODE: "1" };
