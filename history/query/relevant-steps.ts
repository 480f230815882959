import type { Chunk } from "../columns/chunk.ts";
import { hasEvent, mayHavePage, pageIn } from "../columns/chunk.ts";
import { eventNumbers } from "../columns/event-column.ts";
import { numberAt } from "../columns/number-column.ts";
import { scanAll } from "../columns/scan.ts";
import { trees } from "../lifeline/change-index.ts";
import { usesOf } from "../lifeline/page-uses.ts";
import { touching } from "../memory-use/last-writer.ts";
import type { PathEntry } from "../path-entry.ts";
import type { Long } from "../timeline/bit-by-bit.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";

/** Places of inputs, rising, each once. */
export type Places = readonly number[];

const rising = (places: Iterable<number>): Places => [...new Set(places)].sort((a, b) => a - b);

/** The places of the inputs behind some events up to one. */
export function placesOf(timeline: Timeline, events: Iterable<number>, until: number): Places {
  const places: number[] = [];
  for (const seq of events) if (seq <= until) places.push(inputPlace(timeline, seq));
  return rising(places);
}

/** All events of some kinds. */
export const eventsOf = (
  { columns }: Timeline,
  kinds: readonly number[],
  isAt: (chunk: Chunk, at: number) => boolean = () => true,
): Generator<number, void> =>
  scanAll(
    columns,
    { from: 1, to: columns.count },
    {
      mayBeIn: (chunk) => hasEvent(chunk, kinds),
      isAt: (chunk, at) => kinds.includes(chunk.event[at] as number) && isAt(chunk, at),
    },
  );

const switching = eventNumbers([
  "TranslationEnabled",
  "TranslationDisabled",
  "UnitWasReset",
  "UnitCreated",
  "UnitDestroyed",
  "UnitRestored",
]);

/** Steps that say something about which DMA met a page, and whether translation was on. */
export const stepsOfMoment = (timeline: Timeline, page: UsedPage, until: number): Places =>
  rising([
    ...placesOf(timeline, usesOf(timeline.columns, page), until),
    ...placesOf(timeline, eventsOf(timeline, switching), until),
  ]);

const hostEntries = eventNumbers(["HostEntryChanged", "HostEntryDropped"]);
const firstStages = eventNumbers(["FirstStageCreated"]);
const tablesCached = eventNumbers(["FirstStageTablesCached"]);

/** Steps that changed what some shadow has for a page. */
function* stepsOfMappings({ changes }: Timeline, place: UsedPage): Generator<number, void, void> {
  for (let row = 0; row < changes.seq.length; row++) {
    const tree = numberAt(changes.tree, row);
    if (tree === trees.pending || tree === trees.p2m) continue;
    const first = numberAt(changes.first, row);
    if (place.page < first || place.page - first >= numberAt(changes.count, row)) continue;
    if (numberAt(changes.guest, row) === place.guest) yield numberAt(changes.seq, row);
  }
}

/** Steps that say something about how entries came to be as they are, and what used their page. */
export function* stepsOfTrail(
  timeline: Timeline,
  place: UsedPage,
  entries: readonly PathEntry[],
  until: number,
): Long<Places> {
  const { columns } = timeline;
  const { guest } = place;
  const span = { from: 1, to: columns.count };
  const events: number[] = [];
  for (const { address: gpa, words } of entries) {
    const wanted = touching({ guest, gpa, length: words * 8 }, (one) => one.written);
    for (const seq of scanAll(columns, span, wanted)) events.push(seq);
    yield;
  }
  const isOnPage = (chunk: Chunk, at: number): boolean =>
    mayHavePage(chunk, "iova", place.page) && pageIn(chunk, "iova", at) === place.page;
  const others = [
    () => usesOf(columns, place),
    () => eventsOf(timeline, [...hostEntries, ...firstStages]),
    () => eventsOf(timeline, tablesCached, isOnPage),
    () => stepsOfMappings(timeline, place),
  ];
  for (const found of others) {
    for (const seq of found()) events.push(seq);
    yield;
  }
  return placesOf(timeline, events, until);
}

const announcing = eventNumbers([
  "ContextInvalidated",
  "PasidCacheInvalidated",
  "IotlbInvalidated",
  "PasidIotlbInvalidated",
]);

/** Steps that may announce a change. */
export const stepsOfAnnouncements = (timeline: Timeline, until: number): Places =>
  placesOf(timeline, eventsOf(timeline, announcing), until);
