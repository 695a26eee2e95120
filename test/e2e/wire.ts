// Reads the debug adapter protocol out of the workbench's WebSockets: an exact log of what editor and adapter said.
// A socket carries VS Code's remote protocol: messages with a header of 13 bytes (type, id, ack, length), in frames that
// cut them anywhere. Inside are calls between the window and the extension host, their arguments as JSON.
import type { Page } from "./playwright.ts";

export interface Message {
  type: "request" | "response" | "event";
  command?: string;
  event?: string;
  arguments?: unknown;
  success?: boolean;
  body?: unknown;
}

const headerBytes = 13;
const regular = 1;
/** How the calls are named that carry debug messages to and from the extension host. */
const carriers = ["$sendDAMessage", "$acceptDAMessage"].map((name) => Buffer.from(name));

/** Every message of every debug session in the page from now on, in order. The array grows. */
export function listen(page: Page): Message[] {
  const log: Message[] = [];
  page.on("websocket", (socket) => {
    for (const direction of ["framesent", "framereceived"] as const) {
      const reader = messageReader((message) => log.push(message));
      socket.on(direction, ({ payload }) => reader(Buffer.from(payload)));
    }
  });
  return log;
}

function messageReader(found: (message: Message) => void): (frame: Buffer) => void {
  let pending = Buffer.alloc(0);
  return (frame) => {
    pending = Buffer.concat([pending, frame]);
    while (pending.length >= headerBytes) {
      const length = pending.readUInt32BE(9);
      if (pending.length < headerBytes + length) return;
      const body = pending.subarray(headerBytes, headerBytes + length);
      if (pending[0] === regular) debugMessages(body).forEach(found);
      pending = pending.subarray(headerBytes + length);
    }
  };
}

/** A call is: its name, the length of its arguments, the arguments `[handle, message]`. */
function debugMessages(body: Buffer): Message[] {
  return carriers.flatMap((name) => {
    const at = body.indexOf(name);
    if (at < 0) return [];
    const start = at + name.length + 4;
    const [, message] = JSON.parse(body.subarray(start, start + body.readUInt32BE(start - 4)).toString());
    return [message as Message];
  });
}
