// Launch configurations: what F5 means with a launch.json, with an incomplete one and with none.
import * as vscode from "vscode";
import { activeScenario } from "./active-scenario.ts";
import { pathOf, programIn } from "./scenario-uri.ts";

export function registerConfigurations(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.debug.registerDebugConfigurationProvider("mshare", {
      resolveDebugConfiguration: resolve,
      resolveDebugConfigurationWithSubstitutedVariables: (folder, configuration) => ({
        ...configuration,
        program: programIn(folder, String(configuration.program)),
      }),
    }),
    vscode.debug.registerDebugConfigurationProvider(
      "mshare",
      { provideDebugConfigurations: forActiveScenario },
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
  );
}

/** A launch of this scenario with nothing else said. */
export function launchOf(uri: vscode.Uri): vscode.DebugConfiguration {
  return {
    type: "mshare",
    request: "launch",
    name: `Debug ${vscode.workspace.asRelativePath(uri)}`,
    program: pathOf(uri),
    stopOnEntry: nothingStops(),
  };
}

/** Fills in what a configuration leaves out; a configuration with neither type nor request is F5 without a launch.json. */
function resolve(
  _folder: vscode.WorkspaceFolder | undefined,
  configuration: vscode.DebugConfiguration,
): vscode.ProviderResult<vscode.DebugConfiguration> {
  if (configuration.program) return configuration;
  const scenario = activeScenario();
  if (!scenario) return refuse("Open a scenario (*.mshare) to debug, or name one as “program” in launch.json.");
  const launch = launchOf(scenario);
  // F5 without a launch.json comes with an empty configuration, so only what is there counts.
  const given = Object.entries(configuration).filter(([, value]) => value !== undefined && value !== "");
  return { ...launch, ...Object.fromEntries(given), program: launch.program };
}

function forActiveScenario(): vscode.DebugConfiguration[] {
  const scenario = activeScenario();
  if (!scenario) return [];
  const launch = launchOf(scenario);
  return [
    { ...launch, name: `${launch.name} from the first statement`, stopOnEntry: true },
    { ...launch, name: `${launch.name} with every fix of the design`, fixes: ["all"] },
  ];
}

/** A run without any breakpoint would be over before anything could be looked at: then the first statement stops it. */
function nothingStops(): boolean {
  return !vscode.debug.breakpoints.some((breakpoint) => breakpoint.enabled);
}

/** Tells the user, and stops the launch: `undefined` is VS Code's word for that. */
function refuse(message: string): undefined {
  void vscode.window.showErrorMessage(message);
  return undefined;
}
