// The one place where the language server meets the engine.
export { vocabulary } from "../../sim/session.ts";
