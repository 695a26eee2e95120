// What all sessions use: a browser, a server for each kind of trust. Each is started by the first who needs it, and ended when
// all tests are over.

export interface Ending {
  stop(): Promise<void>;
}

/** Gives the one that there is; starts it when there is none, or none any more. */
export function shared<One extends Ending>(
  start: () => Promise<One>,
  isUp: (one: One) => boolean = () => true,
): () => Promise<One> {
  let started: Promise<One> | undefined;
  // At the top of a file: after the tests of all files.
  after(async () => {
    await (await started)?.stop();
  });
  return async () => {
    const one = await started?.catch(() => undefined);
    if (one && isUp(one)) return one;
    started = start();
    return started;
  };
}
