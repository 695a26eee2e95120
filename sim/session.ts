// The one façade of the simulator: what the command line and the servers call. Everything below is an implementation.

export { type Difference, isMachineWide } from "./conform/compare.ts";
export { notComparedHere } from "./conform/not_compared.ts";
export type { RealMachine, RealRun } from "./conform/observation.ts";
export type { Detail } from "./conform/observe.ts";
export { randomGroupsScenario, randomLargeScenario, randomScenario } from "./conform/random.ts";
export { randomHugetlbScenario } from "./conform/random_hugetlb.ts";
export { readReal } from "./conform/read_real.ts";
export { shrink } from "./conform/shrink.ts";
export type {
  BreakpointStatus,
  DebugSession,
  ExceptionFilter,
  ExceptionReport,
  Frame,
  Goal,
  Host,
  LaunchOptions,
  Output,
  Refusal,
  Scope,
  Stop,
  ThreadInfo,
  ValueNode,
} from "./debugging.ts";
export { fidelity, simplificationsOf } from "./kernel/fidelity.ts";
export { nearest } from "./scenario/nearest.ts";
export { checkFile, unknownKernel } from "./session/check_file.ts";
export { type Comparison, compareWithReal, type Exported, exportScenarios } from "./session/conform.ts";
export { openDebugSession } from "./session/debug.ts";
export {
  type Discovery,
  type Exploration,
  type ExplorationReport,
  type ExploreOptions,
  openExploration,
} from "./session/exploration.ts";
export { explorationText } from "./session/exploration_text.ts";
export { openRun } from "./session/open_run.ts";
export type { ReportedBug, RunReport } from "./session/report.ts";
export { type Simulated, simulateOn } from "./session/simulated.ts";
export { reportText } from "./session/summary.ts";
export { exceptionFilters } from "./session/trouble.ts";
export { vocabulary } from "./session/vocabulary.ts";
