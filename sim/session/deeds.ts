// Who wrote, allocated, linked, freed something: answered from the recording, by doing steps once more.
// What events do to their objects is in their declarations (core/events.ts: `does`); the lives of structures are in the store.
import type { Deed, Question } from "../debugging.ts";
import { deedNow, doneTo, eventsThatDo, type Named } from "./lives.ts";
import type { Loaded } from "./load.ts";
import { watchPlace } from "./places.ts";
import type { Sliced, Travel } from "./travel.ts";

type Answer = Deed | { readonly error: string };

/** `vm_area_struct:3:1`, `page:418:0`, as `ValueNode.object` has it. */
const OBJECT = /^(\w+):(\d+):(\d+)$/;

/** `id`: a field or an entry (`ValueNode.dataId`) for "wrote", else an object (`ValueNode.object`). */
export function* whoDid(loaded: Loaded, travel: Travel, question: Question, id: string): Sliced<Answer> {
  if (question === "wrote") return yield* whoWrote(loaded, travel, id);
  const [, type, slot, gen] = OBJECT.exec(id) ?? [];
  const isKnown = loaded.system.machine.store.storages.some((storage) => storage.type.name === type);
  if (type === undefined || !isKnown) return { error: `${id} names no object` };
  const object = { type, slot: Number(slot), gen: Number(gen) };
  if (question === "linked") return yield* whoLinked(loaded, travel, object);
  if (type !== "page") return yield* lifeChanged(loaded, travel, object, question);
  return yield* question === "allocated" ? frameMade(loaded, travel, object) : frameFreed(loaded, travel, object);
}

/** The last step before now that changed a field or an entry. */
function* whoWrote(loaded: Loaded, travel: Travel, dataId: string): Sliced<Answer> {
  const { system } = loaded;
  const { machine } = system;
  // A write is part of the step that is announced next. Steps that nobody looks at are done on the way, too: what they wrote is theirs.
  let hitAfter = -1;
  const watched = watchPlace(system, dataId, (before, after) => {
    if (before !== after) hitAfter = machine.step;
    machine.alert();
  });
  if (typeof watched === "string") return { error: watched };
  for (const storage of machine.store.storages)
    storage.watch(watched.filter((one) => one.structure === storage.type.name));
  const written = () => hitAfter === machine.step - 1;
  const step = yield* travel.lastBefore(written, machine.step + 1, "armed");
  return step === undefined ? { error: "nobody has written it since the start" } : yield* answer(loaded, travel, step);
}

/** The last event that made something lead to the object, in its present life. */
function* whoLinked(loaded: Loaded, travel: Travel, object: Named): Sliced<Answer> {
  const { system } = loaded;
  const { machine } = system;
  const now = machine.step;
  let linked = false;
  // A frame that is made was another thing before.
  const telling = () => {
    const done = doneTo(system, object);
    if (!done.includes("links") && !done.includes("makes")) return false;
    linked = done.includes("links");
    return true;
  };
  const step = yield* travel.lastBefore(telling, now + 1, eventsThatDo(system, ["links", "makes"]));
  if (step !== undefined && linked) return yield* answer(loaded, travel, step);
  return { error: "no event has linked it so far" };
}

function* frameMade(loaded: Loaded, travel: Travel, frame: Named): Sliced<Answer> {
  const { system } = loaded;
  const made = () => doneTo(system, frame).includes("makes");
  const step = yield* travel.lastBefore(made, system.machine.step + 1, eventsThatDo(system, ["makes"]));
  return step === undefined
    ? { error: "nobody has allocated it since the start" }
    : yield* answer(loaded, travel, step);
}

/** Of a frame that is in use now: who frees it in what is recorded of the future. */
function* frameFreed(loaded: Loaded, travel: Travel, frame: Named): Sliced<Answer> {
  const { system, run } = loaded;
  const { step: now } = system.machine;
  const ends = () => doneTo(system, frame).includes("ends");
  const telling = eventsThatDo(system, ["ends"]);
  const isInUse = system.straight.page(frame.slot).refcount > 0;
  const step = isInUse
    ? yield* travel.firstAfter(ends, now, telling)
    : yield* travel.lastBefore(ends, now + 1, telling);
  if (step !== undefined) return yield* answer(loaded, travel, step);
  return { error: isInUse ? notFreed(run.last) : "nobody has freed it since the start" };
}

/** The step at which a structure's life began or ended, whether that is past or recorded future. */
function* lifeChanged(loaded: Loaded, travel: Travel, object: Named, question: "allocated" | "freed"): Sliced<Answer> {
  const storage = loaded.system.machine.store.storage(object.type);
  const wanted = question === "allocated" ? object.gen : object.gen + 1;
  const step = yield* travel.firstState(() => storage.lifeAt(object.slot) >= wanted);
  if (step === undefined) return { error: notFreed(loaded.run.last) };
  return step === 0 ? { error: "it was there before the first step" } : yield* answer(loaded, travel, step);
}

const notFreed = (last: number): string => `nobody frees it, as far as was recorded: up to step ${last}`;

function* answer(loaded: Loaded, travel: Travel, step: number): Sliced<Answer> {
  return (yield* deedAt(loaded, travel, step)) ?? { error: `step ${step} has not been done` };
}

/** What happened at a step, and for whom; undefined where the run does not come to it. */
export function* deedAt({ system }: Loaded, travel: Travel, step: number): Sliced<Deed | undefined> {
  let deed: Deed | undefined;
  const look = () => {
    if (system.machine.step === step) deed = deedNow(system);
    return false;
  };
  yield* travel.scan(look, step, "all");
  return deed;
}
