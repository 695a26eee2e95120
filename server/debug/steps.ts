// Steps of the kernel as lines: in the console and in the disassembly view.
import type { StepText } from "../../sim/debugging.ts";

/** After a scheduling point: who could have gone on. */
export const stepLine = ({ text, choice }: StepText): string => (choice ? `${text}  ⑂ ${choice.join(" or ")}` : text);
