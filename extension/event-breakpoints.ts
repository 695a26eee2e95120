// Breakpoints on events, asked for in one line. They are VS Code's function breakpoints; its own way to add one is an input
// at the end of a view that the check boxes of all bug kinds have scrolled away.
import * as vscode from "vscode";
import { activeSession } from "./session.ts";

export function registerEventBreakpoints(): vscode.Disposable {
  return vscode.commands.registerCommand("mshare.breakOnEvent", async () => {
    const text = await chooseEvent("Break on an Event of the Simulated Kernel", examples);
    if (text) vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(text)]);
  });
}

/** Said in every session or none: what can be written, by example. */
export const eventExamples: readonly vscode.QuickPickItem[] = [
  { label: "set_pgd into guest", description: "an event, and what it concerns" },
  { label: "TLB flush if cpu == 1", description: "with a condition" },
  { label: "free of pmd table", description: "in words" },
  { label: "page fault at 2TiB", description: "at an address" },
];
const examples: readonly vscode.QuickPickItem[] = [
  ...eventExamples,
  { label: "before set_pgd into guest", description: "one step earlier" },
  { label: "log TLB flush: on CPU {cpu}", description: "prints, and goes on" },
];

/** A list to choose from that takes any other text, too. */
export async function chooseEvent(
  title: string,
  examples: readonly vscode.QuickPickItem[],
): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick();
  pick.title = title;
  pick.placeholder = "An event or a kernel function, what it concerns, a condition";
  const known = [...examples];
  // The window filters its list at once, ours comes a moment later: until what was typed stands there, it is what is meant.
  let typedIsListed = false;
  const show = () => {
    const typed = pick.value.trim();
    const own = typed === "" || known.some(({ label }) => label === typed) ? [] : [{ label: typed }];
    pick.items = [...own, ...known];
  };
  pick.onDidChangeValue(() => {
    typedIsListed = false;
    show();
  });
  pick.onDidChangeActive(([item]) => {
    typedIsListed ||= item?.label === pick.value.trim();
  });
  show();
  void words().then((found) => {
    known.push(...found);
    show();
  });
  const chosen = await new Promise<string | undefined>((resolve) => {
    pick.onDidAccept(() => {
      const typed = pick.value.trim();
      resolve(typed === "" || typedIsListed ? (pick.activeItems[0]?.label ?? typed) : typed);
    });
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  pick.dispose();
  return chosen;
}

/** Events and kernel functions; only a session knows which kernel it is. */
async function words(): Promise<vscode.QuickPickItem[]> {
  try {
    const answer = await activeSession()?.customRequest("mshare/events");
    const events: { name: string; doc: string }[] = answer?.events ?? [];
    return events.map(({ name, doc }) => ({ label: name, description: doc }));
  } catch {
    return [];
  }
}
