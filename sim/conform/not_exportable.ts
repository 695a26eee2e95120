// What a scenario asks for that no program on a real Linux can do, with its place.
import type { Span } from "../scenario/ast.ts";

export class NotExportable extends Error {
  readonly at: Span | undefined;
  constructor(message: string, at?: Span) {
    super(message);
    this.at = at;
  }
}
