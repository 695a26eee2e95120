// Reads the debug adapter protocol out of what the workbench and its extension host say to each other: an exact log of what
// editor and adapter said. The host is behind a WebSocket, or in the browser's own worker and then behind a MessagePort.
// A socket carries VS Code's remote protocol: messages with a header of 13 bytes (type, id, ack, length), in frames that
// cut them anywhere. Inside are calls between the window and the extension host, their arguments as JSON.
import type { Page } from "./playwright.ts";

export interface Message {
  type: "request" | "response" | "event";
  /** Of a request, and of the response to it. */
  seq?: number;
  request_seq?: number;
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

/** Every message of every debug session in the page from now on, in order. The array grows. Comes before the page is opened. */
export async function listen(page: Page): Promise<Message[]> {
  const log: Message[] = [];
  await page.exposeFunction("mshareWire", (body: string) => {
    log.push(...debugMessages(Buffer.from(body, "latin1")));
  });
  await page.addInitScript(listenToPorts, carriers.map(String));
  page.on("websocket", (socket) => {
    for (const direction of ["framesent", "framereceived"] as const) {
      const reader = messageReader((message) => log.push(message));
      socket.on(direction, ({ payload }) => reader(Buffer.from(payload)));
    }
  });
  return log;
}

/** Runs in the page. A call is one message of the port, as bytes. */
function listenToPorts(names: readonly string[]): void {
  const scope = globalThis as unknown as { mshareWire(body: string): void };
  const look = (data: unknown) => {
    if (!(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data)) return;
    // A character a byte; the browser's own "latin1" is another encoding.
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const body = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    if (names.some((name) => body.includes(name))) scope.mshareWire(body);
  };
  const ports = MessagePort.prototype as unknown as { postMessage(...args: unknown[]): void };
  const { postMessage } = ports;
  ports.postMessage = function (...args) {
    look(args[0]);
    postMessage.apply(this, args);
  };
  const own = Object.getOwnPropertyDescriptor(ports, "onmessage")!;
  Object.defineProperty(ports, "onmessage", {
    ...own,
    set(listener: (event: { data: unknown }) => void) {
      own.set!.call(this, (event: { data: unknown }) => {
        look(event.data);
        listener(event);
      });
    },
  });
  const { addEventListener } = EventTarget.prototype;
  const added = (ports as unknown as EventTarget).addEventListener;
  MessagePort.prototype.addEventListener = function (this: EventTarget, type: string, ...rest: never[]) {
    if (type === "message")
      addEventListener.call(this, type, (event) => look((event as unknown as { data: unknown }).data));
    added.call(this, type, ...(rest as [never]));
  } as never;
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

/** A call is: the length of its name and the name, the length of its arguments and these, `[handle, message]`. Other texts name it too. */
function debugMessages(body: Buffer): Message[] {
  return carriers.flatMap((name) => {
    const at = body.indexOf(Buffer.concat([Buffer.from([name.length]), name])) + 1;
    if (at === 0) return [];
    const start = at + name.length + 4;
    const [, message] = JSON.parse(body.subarray(start, start + body.readUInt32BE(start - 4)).toString());
    return [message as Message];
  });
}
