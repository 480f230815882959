import type { Fact, FactType } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { watchCaches } from "./calls-forget.ts";
import type { HostStep, Sequence } from "./host-calls.ts";
import { hostRunOf, takeOver, takeOverStep } from "./host-calls.ts";
import type { Moment } from "./host-compare.ts";
import { differsAt, kindOf } from "./host-compare.ts";
import type { Looking } from "./host-probes.ts";
import { changedPages, isMoved, pagesOfRun, probesOf } from "./host-probes.ts";
import { differsInShape, differsInWhole } from "./host-shape.ts";
import type { HostBook, Wanted } from "./host-wanted.ts";
import { followHost, newHostBook, wantedOf } from "./host-wanted.ts";
import type { Count, Law } from "./law.ts";
import type { Run } from "./run.ts";

/** What may change what a requester reaches, besides calls. */
const concerning: ReadonlySet<FactType> = new Set<FactType>([
  ...(["HostEntryChanged", "HostEntryDropped", "FirstStageCreated", "FirstStageDropped"] as const),
  ...(["ShadowCreated", "ShadowDropped", "ShadowMapped", "ShadowBlocked"] as const),
  ...(["ShadowUnmapped", "ShadowShared", "ShadowLinked", "P2mMapped"] as const),
  ...(["P2mUnmapped", "P2mProtected", "DeviceAssigned", "DeviceRemoved"] as const),
  ...(["ProtectedMemoryEnabled", "ProtectedMemoryDisabled"] as const),
  ...(["UnitWasReset", "UnitCreated", "UnitDestroyed", "UnitRestored"] as const),
  ...(["DeviceKeptOut", "DeviceLetIn"] as const),
]);

/** Whether a fact is about what devices reach: registers are where memory is protected. */
const isConcerning = ({ type }: Fact, guest: Guest | undefined): boolean =>
  concerning.has(type) || (type === "RegisterSet" && guest?.charts.protection === "enabled");

/** Whether the law looks at a step: something changed that it is about. */
const isOfConcern = ({ step, calls, index }: HostStep): boolean =>
  calls.length > 0 ||
  step.input.type === "DirtyTracking" ||
  step.facts.some((fact) => isConcerning(fact, step.after.guests[index]));

/** Why a moment is not as it must be, by a look around what changed. */
function differsAround(
  moment: Moment,
  sequence: Sequence,
  looking: Omit<Looking, "isMoved" | "kernel">,
  book: HostBook,
  count: Count,
): string | undefined {
  const { guest, kernel } = moment;
  const wanted = wantedOf(guest, book);
  const shape = differsInShape(kernel, guest, wanted, book.dirty[guest.index] === true);
  if (shape !== undefined) return shape;
  for (const one of wanted.values()) {
    count(kindOf(one, guest));
    if (one.entry.pasid !== undefined) count("with PASID");
    const moved = isMoved(sequence, one.entry);
    const pages = probesOf(one, { ...looking, kernel, isMoved: moved });
    const text = differsAt(moment, one, pages, count);
    if (text !== undefined) return text;
  }
  return undefined;
}

const none: ReadonlyMap<string, readonly number[]> = new Map();

/** Why an empty host is not brought to what a guest of a world needs, or nothing. */
function takenOver(
  run: Run,
  moment: Omit<Moment, "kernel">,
  book: HostBook,
  seq: number,
  count: Count,
) {
  const { world, guest } = moment;
  const sequence = seq === 0 ? hostRunOf(run).starts[guest.index] : takeOver(world, guest.index);
  const pages = pagesOfRun(run)[guest.index] ?? [];
  if (sequence === undefined) return undefined;
  const after = { ...moment, kernel: sequence.after };
  const looking = { changed: none, pages, seq };
  count("taken over");
  const text =
    differsAround(after, sequence, looking, book, count) ??
    differsInWhole(sequence.after, guest, wantedOf(guest, book));
  return text && `taken over: ${text}`;
}

/** One run in the hands of the law. */
interface Looked {
  readonly run: Run;
  readonly book: HostBook;
  readonly count: Count;
}

/** Why one step leaves something wrong in the host, or nothing. */
function checkStep({ run, book, count }: Looked, hostStep: HostStep): string | undefined {
  const { step, index, calls, after } = hostStep;
  const guest = step.after.guests[index];
  if (guest === undefined || !isOfConcern(hostStep)) return undefined;
  if (step.facts.some(({ type }) => /^P2m/.test(type))) count("P2M changed");
  const moment = { world: step.after, guest, kernel: after };
  const changed = changedPages(step.facts, calls);
  const pages = pagesOfRun(run)[index] ?? [];
  return differsAround(moment, hostStep, { changed, pages, seq: step.seq }, book, count);
}

export const callsReachTheSame: Law = {
  id: "HC1",
  says:
    "What a guest's calls leave in the host, from its start or from a take-over in the middle, " +
    "lets each physical requester reach what its host entry, shadow, P2M and first stage say, " +
    "and nobody else anything; hardware holds no translation of a first stage that the model " +
    "dropped.",
  sometimes: [
    ...["passThrough reaches", "shadowed reaches", "nested reaches", "nested twice reaches"],
    ...["blocked", "kept out or refused", "with PASID", "P2M changed", "taken over"],
    ...["landed", "held", "forgotten"],
  ],
  check(run, count) {
    const looked = { run, book: newHostBook(run), count };
    const { book } = looked;
    const fail = (seq: number, text: string) => ({ law: "HC1", seq, text });
    for (const guest of run.start.guests) {
      const text = takenOver(run, { world: run.start, guest }, book, 0, count);
      if (text !== undefined) return fail(0, text);
    }
    const overAt = takeOverStep(run);
    const watch = watchCaches(book, run.start.guests.length, count);
    const { steps } = hostRunOf(run);
    let next = 0;
    for (const step of run.steps) {
      followHost(book, step);
      for (let one = steps[next]; one !== undefined && one.step === step; one = steps[next]) {
        next += 1;
        const guest = step.after.guests[one.index];
        const over = step === overAt ? guest : undefined;
        const text =
          checkStep(looked, one) ??
          watch(one, () => wantedIn(guest, book)) ??
          (over && takenOver(run, { world: step.after, guest: over }, book, step.seq, count));
        if (text !== undefined) return fail(step.seq, text);
      }
    }
    return wholeAtEnd(looked);
  },
};

const wantedIn = (guest: Guest | undefined, book: HostBook): ReadonlyMap<number, Wanted> =>
  guest === undefined ? new Map<number, Wanted>() : wantedOf(guest, book);

/** At the end of a run every mapping is looked at. */
function wholeAtEnd({ run, book }: Looked) {
  const { starts, steps } = hostRunOf(run);
  const world = run.steps.at(-1)?.after ?? run.start;
  for (const guest of world.guests) {
    const last = steps.findLast(({ index }) => index === guest.index) ?? starts[guest.index];
    const text = last && differsInWhole(last.after, guest, wantedOf(guest, book));
    if (text !== undefined) return { law: "HC1", seq: world.seq, text };
  }
  return undefined;
}
