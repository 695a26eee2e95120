// Programs for the machine itself: what `mshare conform` needs from where it runs.

/** `status` is undefined where it had to be stopped. */
export interface NativeRun {
  readonly status: number | undefined;
  readonly out: string;
  readonly error: string;
}

export interface NativeProgram {
  run(args: readonly string[]): Promise<NativeRun>;
  remove(): void;
}

export interface Native {
  /** Compiles a C program with all warnings as errors; a string says why that cannot be. */
  compile(source: string): Promise<NativeProgram | string>;
  /** Runs this very command in a process of its own; absent where that cannot be. */
  self?(args: readonly string[]): Promise<NativeRun>;
  /** Processors that this machine has for it. */
  readonly processors?: number;
}
