import type { SourceId } from "../../events/address.ts";
import { parseSourceId } from "../../events/address.ts";
import type { Columns } from "../columns/columns.ts";
import { rowOf } from "../columns/columns.ts";
import { eventNumber, eventNumbers, inputNames } from "../columns/event-column.ts";
import type { ChangesAt } from "../expression/event-view.ts";
import type { Long } from "../timeline/bit-by-bit.ts";
import { atOnce } from "../timeline/bit-by-bit.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { lastEvent } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import type { Life } from "./life.ts";
import type { LifeChange } from "./life-changes.ts";
import { lifeChanges } from "./life-changes.ts";
import { usesOf } from "./page-uses.ts";

/** DMA that met an interval: how many, what became of them, and two of their numbers. */
export interface LifeUses {
  readonly landed: number;
  readonly blocked: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/** A time in which the translation of a page was one thing. */
export interface Interval {
  /** Number of the input that made it so; 0 is the start. */
  readonly from: number;
  /** Number of the input that ended it; `undefined` when it lasts to the end. */
  readonly until: number | undefined;
  readonly life: Life;
  /** The first event that wrote what is pending in it, or what was until it began. */
  readonly writer: number | undefined;
  /** The invalidation by which it began. */
  readonly announced: number | undefined;
  readonly uses: LifeUses;
}

/** The whole life of one page of one device. */
export interface Lifeline {
  readonly place: UsedPage;
  readonly intervals: readonly Interval[];
}

const invalidations = eventNumbers([
  "ContextInvalidated",
  "PasidCacheInvalidated",
  "IotlbInvalidated",
  "PasidIotlbInvalidated",
]);

/** The numbers of the facts of an input's step that are of some kinds, in order. */
function* factsOfStep(
  columns: Columns,
  input: number,
  kinds: readonly number[],
): Generator<number, void, void> {
  for (let seq = input + 1; ; seq++) {
    const row = rowOf(columns, seq);
    if (row === undefined) return;
    const event = row.chunk.event[row.at] as number;
    if (event < inputNames) return;
    if (kinds.includes(event)) yield seq;
  }
}

const [landing, blocking] = [eventNumber("DmaTranslated"), eventNumber("DmaBlocked")];

/** The numbers of uses that fell into `[from, until)`, taken from the front of a list. */
function usesIn(columns: Columns, waiting: number[], until: number): LifeUses {
  let [landed, blocked] = [0, 0];
  let first: number | undefined;
  let last: number | undefined;
  while ((waiting.at(-1) ?? until) < until) {
    const seq = waiting.pop() as number;
    first ??= seq;
    last = seq;
    if (!factsOfStep(columns, seq, [landing]).next().done) landed += 1;
    if (!factsOfStep(columns, seq, [blocking]).next().done) blocked += 1;
  }
  return { landed, blocked, first, last };
}

/** Lifelines that were told last: who looks at a page asks for its life more than once. */
interface Told {
  /** The last event of the timeline then. */
  readonly end: number;
  readonly byPlace: Map<string, Lifeline>;
}

const told = new WeakMap<Timeline, Told>();
const keptLives = 16;

/** The lifelines that are known of a timeline as it is now. */
function toldOf(timeline: Timeline): Map<string, Lifeline> {
  const end = lastEvent(timeline);
  const known = told.get(timeline);
  if (known?.end === end) return known.byPlace;
  const byPlace = new Map<string, Lifeline>();
  told.set(timeline, { end, byPlace });
  return byPlace;
}

/**
 * The life of a page of a device: every time in which its translation was one thing, from the
 * start to the end, with what made it so and what used it. A DMA that changes it used what was
 * before.
 */
export const lifelineOf = (timeline: Timeline, place: UsedPage): Lifeline =>
  atOnce(tellLifeline(timeline, place));

/** The same, bit by bit: a page that walks translate may have lived through very much. */
export function* tellLifeline(timeline: Timeline, place: UsedPage): Long<Lifeline> {
  const { guest, device, page, pasid } = place;
  const key = [guest, device, page, pasid].join(" ");
  const known = toldOf(timeline).get(key);
  if (known !== undefined) return known;
  const changes: LifeChange[] = [];
  for (const change of lifeChanges(timeline, place)) {
    changes.push(change);
    yield;
  }
  const lifeline = { place, intervals: intervalsOf(timeline, place, changes) };
  const lives = toldOf(timeline);
  lives.set(key, lifeline);
  const [oldest] = lives.keys();
  if (lives.size > keptLives && oldest !== undefined) lives.delete(oldest);
  return lifeline;
}

/** The times between changes, with what used the page in each. */
function intervalsOf(
  timeline: Timeline,
  place: UsedPage,
  changes: readonly LifeChange[],
): readonly Interval[] {
  const { columns } = timeline;
  // Taken from the end: the first use is the last of the list.
  const waiting = usesOf(columns, place).reverse();
  let pendingBefore: number | undefined;
  return changes.map(({ seq: from, life }, index): Interval => {
    const until = changes[index + 1]?.seq;
    const uses = usesIn(
      columns,
      waiting,
      until === undefined ? lastEvent(timeline) + 1 : until + 1,
    );
    const told = factsOfStep(columns, from, invalidations).next();
    const isTold = pendingBefore !== undefined && life.pendingSince === undefined;
    const writer = life.pendingSince ?? pendingBefore;
    pendingBefore = life.pendingSince;
    const announced = isTold && told.done !== true ? told.value : undefined;
    return { from, until, life, writer, announced, uses };
  });
}

/** The interval that an event falls into: what the page was once it had happened. */
export const intervalAt = ({ intervals }: Lifeline, seq: number): Interval | undefined =>
  intervals.findLast(({ from }) => from <= seq);

/** Answers `changes(…)` of expressions: each page's life is told once. */
export function changesIn(timeline: Timeline): ChangesAt {
  const known = new Map<string, ReadonlySet<number>>();
  return (cause, device, iova, pasid) => {
    const key = `${device} ${iova.toString()} ${pasid?.toString() ?? ""}`;
    let inputs = known.get(key);
    if (inputs === undefined) {
      inputs = changedAt(timeline, parseSourceId(device), iova, pasid);
      known.set(key, inputs);
    }
    return inputs.has(cause);
  };
}

function changedAt(
  timeline: Timeline,
  device: SourceId | undefined,
  iova: bigint,
  pasid: bigint | undefined,
): ReadonlySet<number> {
  if (device === undefined || iova < 0n) return new Set();
  const page = Number(iova / 4096n);
  const place = { guest: 0, device, page, pasid: pasid === undefined ? undefined : Number(pasid) };
  return new Set([...lifeChanges(timeline, place)].map(({ seq }) => seq));
}
