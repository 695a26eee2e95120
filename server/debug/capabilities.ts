import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Engine } from "./environment.ts";

const appliesTo = ["source", "exception", "data", "instruction"];

/** The first is the default. Events in words have none in the protocol: they say `before set_pgd`. */
const breakpointModes: DebugProtocol.BreakpointMode[] = [
  {
    mode: "after",
    label: "After",
    description: "Stops behind the kernel's step: what it did is there. Statements always stop before they begin.",
    appliesTo,
  },
  {
    mode: "before",
    label: "Before",
    description: "Stops one step of the kernel earlier: what it is about to change is still as it was.",
    appliesTo,
  },
];

/** What the adapter can do; each line says what it makes the editor do. */
export function capabilities(engine: Engine): DebugProtocol.Capabilities {
  return {
    // makes the editor send all breakpoints before anything runs
    supportsConfigurationDoneRequest: true,
    // makes the editor offer "Function Breakpoint": here events in words, as `TLB flush`
    supportsFunctionBreakpoints: true,
    // makes the editor offer "Expression" in a breakpoint's dialog
    supportsConditionalBreakpoints: true,
    // makes the editor offer "Hit Count" in a breakpoint's dialog
    supportsHitConditionalBreakpoints: true,
    // makes the editor offer "Log Message" in a breakpoint's dialog
    supportsLogPoints: true,
    // makes the editor show a check box a bug kind under BREAKPOINTS
    exceptionBreakpointFilters: engine.exceptionFilters().map(({ filter, label, doc, default: on }) => ({
      filter,
      label,
      description: doc,
      default: on,
      supportsCondition: true,
      conditionDescription: "an expression of the scenario language, as `cpu == 1`",
    })),
    // makes the editor send the conditions of these check boxes
    supportsExceptionFilterOptions: true,
    // makes the editor offer "Mode" in a breakpoint's dialog: on which side of its step it stops
    breakpointModes,
    // makes the editor show the report of a bug where it happened
    supportsExceptionInfoRequest: true,
    // makes the editor offer "Break on Value Change" for fields of simulated objects
    supportsDataBreakpoints: true,
    // … and on bytes at an address, and on ranges of them
    supportsDataBreakpointBytes: true,
    // makes the disassembly view take breakpoints: stops at a step by its number
    supportsInstructionBreakpoints: true,
    // makes the editor mark where on a line a breakpoint can be, and suggest lines that have one
    supportsBreakpointLocationsRequest: true,
    // makes the editor show "Step Back" and "Reverse"
    supportsStepBack: true,
    // makes the editor offer "Restart Frame": back to where the kernel function or the statement began
    supportsRestartFrame: true,
    // makes the editor offer "Jump to Cursor": to the last or the next time at which a line is reached
    supportsGotoTargetsRequest: true,
    // makes the editor offer "Step Into Target": whoever could do the next step
    supportsStepInTargetsRequest: true,
    // makes the editor step by kernel steps while its disassembly view has the focus
    supportsSteppingGranularity: true,
    // lets clients step one task while the others stand still
    supportsSingleThreadExecutionRequests: true,
    // makes the editor ask here for what the mouse points at
    supportsEvaluateForHovers: true,
    // makes the editor offer "Set Value" for fields of simulated objects and variables of the scenario
    supportsSetVariable: true,
    // makes the editor offer "Set Value" for watches that are such fields
    supportsSetExpression: true,
    // makes "Copy Value" copy the whole value
    supportsClipboardContext: true,
    // lets the adapter colour reports in the console, for clients that say that they take it
    supportsANSIStyling: true,
    // makes clients that show numbers in hexadecimal ask for it
    supportsValueFormattingOptions: true,
    // makes the debug console complete expressions and commands
    supportsCompletionsRequest: true,
    // … also right after these characters
    completionTriggerCharacters: [".", "(", ",", " "],
    // makes the editor load long call stacks piece by piece
    supportsDelayedStackTraceLoading: true,
    // makes the editor list the scenario's files under LOADED SCRIPTS
    supportsLoadedSourcesRequest: true,
    // makes the editor offer "View Binary Data" for pages and page tables
    supportsReadMemoryRequest: true,
    // makes that view editable
    supportsWriteMemoryRequest: true,
    // makes the editor offer "Open Disassembly View": here the kernel steps, one a line
    supportsDisassembleRequest: true,
    // makes "Restart" start afresh in the same adapter
    supportsRestartRequest: true,
    // makes "Stop" ask politely before it disconnects
    supportsTerminateRequest: true,
    // makes the progress of a long way back cancellable
    supportsCancelRequest: true,
  };
}
