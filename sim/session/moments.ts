// When something happened: the whole recorded run is gone through once, and each such moment noted.
import type { Deed, Occurrences } from "../debugging.ts";
import { deedNow } from "./lives.ts";
import type { Loaded } from "./load.ts";
import { placeNamed } from "./place_names.ts";
import type { Attention, Sliced, Travel } from "./travel.ts";

/** What is asked about each event of the run. */
export interface Matcher {
  readonly attention: Attention;
  /** Whether the event that has just happened is meant. */
  isMeant(): boolean;
}

/** On either side of now; more moments are counted, and not listed. */
const MOST = 1000;

/** `matcherOf` understands events in words; `now` is where the machine stands. */
export function* momentsOf(
  loaded: Loaded,
  travel: Travel,
  text: string,
  now: number,
  matcherOf: (text: string) => Matcher | { readonly error: string },
): Sliced<Occurrences | { readonly error: string }> {
  const matcher = placeMatcher(loaded, text) ?? matcherOf(text);
  if ("error" in matcher) return matcher;
  const { machine } = loaded.system;
  const past: Deed[] = [];
  const future: Deed[] = [];
  let times = 0;
  let earlier = 0;
  const note = () => {
    if (!matcher.isMeant()) return false;
    times++;
    if (machine.step <= now) past.push(deedNow(loaded.system));
    else if (future.length < MOST) future.push(deedNow(loaded.system));
    // Not each time: to take one off the front moves all others.
    if (past.length >= 2 * MOST) earlier += past.splice(0, MOST).length;
    return false;
  };
  yield* travel.firstAfter(note, 0, matcher.attention);
  return { times, moments: [...past, ...future], earlier };
}

/** Of a label, a line, `FILE:LINE`: the beginnings of its statements. */
function placeMatcher(loaded: Loaded, text: string): Matcher | undefined {
  const { machine } = loaded.system;
  const place = placeNamed(loaded, text);
  if ("error" in place) return undefined;
  const statement = machine.events.id("statement")!;
  const isHere = () => {
    const here = machine.place();
    return machine.event === statement && here.file === place.file && here.line === place.line;
  };
  return { attention: [statement], isMeant: isHere };
}
