// Event breakpoints come from two places: the client's list, and the console for clients that have no such list.
import type { BreakpointOptions, EventBreakpoint } from "../../sim/debugging.ts";
import type { Adapter } from "./adapter.ts";
import type { KeptStatus } from "./breakpoints.ts";

export interface EventBreakpoints {
  client: readonly EventBreakpoint[];
  console: readonly EventBreakpoint[];
}

/** Answers for the client's, in their order. */
export function setClientEvents(adapter: Adapter, wanted: readonly EventBreakpoint[]): readonly KeptStatus[] {
  adapter.events.client = wanted;
  return setEvents(adapter).slice(0, wanted.length);
}

/** Gives what became of the new one; one that means nothing is not kept. */
export function addConsoleEvent(adapter: Adapter, event: EventBreakpoint): KeptStatus {
  const before = adapter.events.console;
  adapter.events.console = [...before, event];
  const status = setEvents(adapter).at(-1) as KeptStatus;
  if (!status.verified) {
    adapter.events.console = before;
    setEvents(adapter);
  }
  return status;
}

/** Gives how many there were. */
export function clearConsoleEvents(adapter: Adapter): number {
  const { length } = adapter.events.console;
  adapter.events.console = [];
  setEvents(adapter);
  return length;
}

/**
 * DAP has neither log messages nor modes for function breakpoints, so the name may ask for them: `log TLB flush: on {cpu}`,
 * `before set_pgd into guest`.
 */
export function eventOf(name: string, options: BreakpointOptions = {}): EventBreakpoint {
  // `log: TLB flush {cpu} {reason}`: the event up to the first brace, and all of it is the message.
  const [, line] = /^\s*log:\s*(\S.*)$/i.exec(name) ?? [];
  const words = line?.split("{")[0]?.trim();
  if (words) return { ...options, text: words, logMessage: line?.includes("{") ? line : "" };
  const [, logged, message] = /^\s*log\s+(.*?)\s*(?::\s+(.*))?$/i.exec(name) ?? [];
  // Without a message it tells what happens.
  if (logged) return { ...options, text: logged, logMessage: message ?? "" };
  const [, coming] = /^\s*before\s+(\S.*)$/i.exec(name) ?? [];
  return coming ? { ...options, text: coming, when: "before" } : { ...options, text: name };
}

function setEvents(adapter: Adapter): readonly KeptStatus[] {
  const { client, console } = adapter.events;
  const all = [...client, ...console];
  return adapter.breakpoints.replace("events", adapter.launched().session, (to) => to.setEventBreakpoints(all));
}
