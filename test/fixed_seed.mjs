// Loaded by mocha before the tests. Random programs are the same ones in every run, so that a change is judged by what it
// changed and not by luck. MSHARE_SEED=N draws others; do that often.
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.MSHARE_SEED ?? 1) });
