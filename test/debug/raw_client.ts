// The smallest client there is: frames, numbers and reads messages on two streams. For servers of either protocol.
import type { Readable, Writable } from "node:stream";

type Message = Record<string, unknown>;

export class RawClient {
  readonly seen: Message[] = [];
  private readonly output: Writable;
  private waiting: (() => void)[] = [];
  private buffer = Buffer.alloc(0);
  private ended = false;

  constructor(input: Readable, output: Writable) {
    this.output = output;
    input.on("data", (chunk: Buffer) => {
      this.buffer = Buffer.concat([this.buffer, chunk]);
      this.read();
    });
    input.on("close", () => {
      this.ended = true;
      this.wake();
    });
  }

  send(message: Message): void {
    const json = JSON.stringify(message);
    this.output.write(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
  }

  /** The first message that fits, past or to come. */
  async message(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.seen.find(fits);
      if (found) return found;
      if (this.ended) throw new Error(`the server has gone; it said ${JSON.stringify(this.seen)}`);
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }

  private read(): void {
    for (;;) {
      const head = this.buffer.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(this.buffer.subarray(0, Math.max(0, head)).toString())?.[1]);
      if (head < 0 || this.buffer.length < head + 4 + length) return;
      this.seen.push(JSON.parse(this.buffer.subarray(head + 4, head + 4 + length).toString()));
      this.buffer = this.buffer.subarray(head + 4 + length);
      this.wake();
    }
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}
