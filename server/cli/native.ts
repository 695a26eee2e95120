// Programs for the machine itself: what `mshare conform` needs from where it runs.

export interface NativeProgram {
  /** Runs it; `status` is undefined where it had to be stopped. */
  run(
    args: readonly string[],
  ): Promise<{ readonly status: number | undefined; readonly out: string; readonly error: string }>;
  remove(): void;
}

export interface Native {
  /** Compiles a C program with all warnings as errors; a string says why that cannot be. */
  compile(source: string): Promise<NativeProgram | string>;
}
