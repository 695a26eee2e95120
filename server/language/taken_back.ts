// What a client asked and takes back before its turn has come is not worked on: whoever types fast asks for colours and
// hints of many versions of a text, and wants those of the last one. Without this the library answers them all.
import { type ConnectionStrategy, LSPErrorCodes, Message } from "vscode-languageserver";

export const takenBack: ConnectionStrategy = {
  cancelUndispatched(message) {
    if (!Message.isRequest(message)) return undefined;
    const error = { code: LSPErrorCodes.RequestCancelled, message: "The request was taken back." };
    return { jsonrpc: message.jsonrpc, id: message.id, error };
  },
};
