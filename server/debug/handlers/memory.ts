// Bytes of pages and processes, and the kernel steps as a "disassembly".
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { StepText } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import { fromBase64, toBase64 } from "../base64.ts";
import { lineOut } from "../client.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import { changing } from "../future.ts";
import type { Handlers } from "../handlers.ts";
import { Later } from "../lookups.ts";
import { type Arguments, count, optionalFlag, optionalInteger, stepReference, text } from "../read.ts";
import { sourceOut } from "../sources.ts";
import { stepLine } from "../steps.ts";

/** More at once is not a view any more. */
const MOST_BYTES = 1 << 24;
const MOST_STEPS = 10_000;

export const memoryHandlers: Handlers = {
  readMemory(adapter, args) {
    const { session, memory } = adapter.stopped();
    const reference = memoryReference(args);
    const offset = optionalInteger(args, "offset") ?? 0;
    const wanted = count(args, "count");
    if (wanted > MOST_BYTES) throw new RequestError("badArguments", `\`count\` must be at most ${MOST_BYTES}`);
    const bytes = session.readMemory(reference, offset, wanted);
    memory.opened(reference, offset, wanted, bytes);
    return {
      address: address(reference, offset),
      unreadableBytes: wanted - bytes.length,
      ...(bytes.length > 0 && { data: toBase64(bytes) }),
    };
  },

  writeMemory(adapter, args) {
    const debuggee = adapter.stopped();
    const reference = memoryReference(args);
    const offset = optionalInteger(args, "offset") ?? 0;
    const bytes = fromBase64(text(args, "data"));
    const partly = optionalFlag(args, "allowPartial") ?? false;
    if (!partly && debuggee.session.readMemory(reference, offset, bytes.length).length < bytes.length) {
      throw new RequestError("refused", "the memory ends before the data does");
    }
    const bytesWritten = changing(adapter, debuggee, () => debuggee.session.writeMemory(reference, offset, bytes));
    if (bytesWritten === 0 && bytes.length > 0)
      throw new RequestError("refused", `${reference} cannot be written there`);
    tellMemory(adapter, reference, offset, bytesWritten);
    return { bytesWritten };
  },

  /** A step is an instruction of one byte, and its number is its address. */
  disassemble(adapter, args) {
    const debuggee = adapter.stopped();
    const reference = stepReference(args, "memoryReference");
    const offset = (optionalInteger(args, "offset") ?? 0) + (optionalInteger(args, "instructionOffset") ?? 0);
    const wanted = count(args, "instructionCount");
    if (wanted > MOST_STEPS)
      throw new RequestError("badArguments", `\`instructionCount\` must be at most ${MOST_STEPS}`);
    return instructions(adapter, debuggee, reference + offset, wanted);
  },
};

/** `page:FRAME`, `process:NAME:ADDRESS`, or as people type it an address of the stopped process. */
const MEMORY = /^(?:page:|process:.+:|)(0x[\da-f]+|\d+)$/i;

function memoryReference(args: Arguments): string {
  const reference = text(args, "memoryReference");
  if (MEMORY.test(reference)) return reference;
  const forms = "page:FRAME, process:NAME:ADDRESS or an address";
  throw new RequestError("badArguments", `\`memoryReference\` must be ${forms}, and not ${reference.slice(0, 80)}`);
}

function address(reference: string, offset: number): string {
  const [, start = "0"] = MEMORY.exec(reference) ?? [];
  const base = reference.startsWith("page:") ? 0n : BigInt(start);
  const sum = base + BigInt(offset);
  return sum < 0n ? `-0x${(-sum).toString(16)}` : `0x${sum.toString(16)}`;
}

function tellMemory(adapter: Adapter, memoryReference: string, offset: number, count: number): void {
  if (!adapter.client.takesMemoryEvents) return;
  adapter.afterResponse(() => adapter.event("memory", { memoryReference, offset, count }));
}

const BEGINNING: DebugProtocol.DisassembledInstruction = { address: "0", instruction: "the beginning" };
/** No step yet, or none ever. VS Code leaves out what is at this address: what it shows blank it does not ask for again. */
const BEYOND: DebugProtocol.DisassembledInstruction = { address: "-1", instruction: "", presentationHint: "invalid" };

function instructions(adapter: Adapter, debuggee: Debuggee, from: number, wanted: number): Later {
  const below = Math.max(0, Math.min(wanted, -from));
  return Later.from(debuggee.session.steps(from + below, wanted - below), (steps) => ({
    instructions: instructionsOf(adapter, steps, from, wanted),
  }));
}

function instructionsOf(
  adapter: Adapter,
  steps: readonly StepText[],
  from: number,
  wanted: number,
): DebugProtocol.DisassembledInstruction[] {
  const known = new Map(steps.map((step) => [step.step, step]));
  return Array.from({ length: wanted }, (_, index) => {
    const step = known.get(from + index);
    if (!step) return from + index === 0 ? BEGINNING : BEYOND;
    return {
      address: String(step.step),
      instruction: stepLine(step),
      ...(step.file !== undefined && { location: sourceOut(adapter.environment, step.file) }),
      ...(step.line !== undefined && { line: lineOut(adapter.client, step.line) }),
    };
  });
}
