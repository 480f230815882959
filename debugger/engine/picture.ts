import { rowOf } from "../../history/columns/columns.ts";
import type { Step } from "../../history/step.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowsOf } from "../../projections/shadow/shadows.ts";
import type { Lane, Overview } from "../protocol.ts";
import { marks } from "../protocol.ts";
import type { Lanes } from "./lanes.ts";
import { isBadEvent, laneAt, laneOf, newLanes, shownOrder } from "./lanes.ts";
import type { Pyramid } from "./pyramid.ts";
import { addToPyramid, finest, newPyramid, readPyramid } from "./pyramid.ts";

/** A run as a picture at every scale, made while its log is folded. */
export interface Picture {
  readonly lanes: Lanes;
  readonly pyramids: Pyramid[];
  /** For each guest what is stale: number of places that wait for an invalidation. */
  readonly stale: Map<number, { readonly guest: Guest; readonly count: number }>;
  /** Stretches in which something was stale, by guest: where it began, and where it ended. */
  readonly staleFrom: number[];
  readonly staleTo: number[];
  readonly staleGuest: number[];
  readonly staleOpen: Map<number, number>;
}

export const newPicture = (): Picture => ({
  lanes: newLanes(),
  pyramids: [],
  stale: new Map(),
  staleFrom: [],
  staleTo: [],
  staleGuest: [],
  staleOpen: new Map(),
});

const pyramidAt = ({ pyramids }: Picture, lane: number): Pyramid => {
  while (pyramids.length <= lane) pyramids.push(newPyramid());
  return pyramids[lane] as Pyramid;
};

/** How many shadows and host entries of a guest have a change that was not announced. */
export function staleOf(guest: Guest): number {
  const shadows = shadowsOf(guest).filter(({ pending }) => pending.root !== 0).length;
  const isStale = (one: { pending: number; pasidPending: number }): boolean =>
    one.pending !== 0 || one.pasidPending !== 0;
  return shadows + hostsWhere(guest.hosts, isStale).length;
}

function isSameFor(a: Guest, b: Guest): boolean {
  return a.shadows === b.shadows && a.hosts === b.hosts;
}

/** Notes where something begins to be stale, and where nothing is any more. */
function noteStale(picture: Picture, step: Step): void {
  if (step.before.guests === step.after.guests) return;
  for (const guest of step.after.guests) {
    const known = picture.stale.get(guest.index);
    if (known !== undefined && isSameFor(known.guest, guest)) continue;
    const count = staleOf(guest);
    picture.stale.set(guest.index, { guest, count });
    const open = picture.staleOpen.get(guest.index);
    if (open === undefined && count > 0) {
      picture.staleOpen.set(guest.index, picture.staleFrom.length);
      laneOf(picture.lanes, "stale", guest.index);
      picture.staleFrom.push(step.seq);
      picture.staleTo.push(Number.MAX_SAFE_INTEGER);
      picture.staleGuest.push(guest.index);
    } else if (open !== undefined && count === 0) {
      picture.staleTo[open] = step.after.seq;
      picture.staleOpen.delete(guest.index);
    }
  }
}

/** Adds a step that a timeline has taken in just now. */
export function addToPicture(picture: Picture, timeline: Timeline, step: Step): void {
  for (let seq = step.seq; seq <= step.after.seq; seq++) {
    const row = rowOf(timeline.columns, seq);
    if (row === undefined) continue;
    const lane = laneAt(picture.lanes, row.chunk, row.at);
    const bad = isBadEvent[row.chunk.event[row.at] as number] ? marks.bad : 0;
    const found = timeline.findings.bySeq.has(seq) ? marks.finding : 0;
    addToPyramid(pyramidAt(picture, lane), seq - 1, bad | found);
  }
  noteStale(picture, step);
}

/** The first stale stretch of those that end behind a place. */
function firstStale({ staleFrom }: Picture, from: number): number {
  let [low, high] = [0, staleFrom.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((staleFrom[middle] as number) < from) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Fills the columns in which something of a guest was stale. */
function readStale(picture: Picture, guest: number, view: Overview, offset: number): void {
  const { from, to, columns } = view;
  const wide = (to - from) / columns;
  let at = firstStale(picture, from);
  // Stretches of other guests may lie in between: the one before may not be this guest's.
  while (at > 0 && picture.staleGuest[at] !== guest) at -= 1;
  for (; at < picture.staleFrom.length && (picture.staleFrom[at] as number) <= to; at++) {
    if (picture.staleGuest[at] !== guest) continue;
    const first = Math.floor(((picture.staleFrom[at] as number) - 1 - from) / wide);
    const last = Math.floor(((picture.staleTo[at] as number) - 1 - from) / wide);
    if (last < 0) continue;
    const end = Math.min(columns - 1, last);
    for (let column = Math.max(0, first); column <= end; column++) {
      view.counts[offset + column] = (view.counts[offset + column] as number) + 1;
    }
  }
}

function readEvents(picture: Picture, timeline: Timeline, view: Overview, places: number[]): void {
  const wide = (view.to - view.from) / view.columns;
  const rows = new Map(places.map((place, row) => [place, row]));
  for (let seq = Math.max(1, Math.floor(view.from) + 1); seq <= view.to; seq++) {
    const row = rowOf(timeline.columns, seq);
    if (row === undefined) return;
    const lane = rows.get(laneAt(picture.lanes, row.chunk, row.at));
    if (lane === undefined) continue;
    const column = Math.min(view.columns - 1, Math.floor((seq - 1 - view.from) / wide));
    const at = lane * view.columns + Math.max(0, column);
    view.counts[at] = (view.counts[at] as number) + 1;
    const bad = isBadEvent[row.chunk.event[row.at] as number] ? marks.bad : 0;
    const found = timeline.findings.bySeq.has(seq) ? marks.finding : 0;
    view.marks[at] = (view.marks[at] as number) | bad | found;
  }
}

/** The lanes as they are shown. */
export const lanesOf = ({ lanes }: Picture): readonly Lane[] =>
  shownOrder(lanes).map((place) => lanes.found[place] as Lane);

/**
 * A stretch of a run as columns. Places are numbers of events less 1: `from` 0 is the left edge of
 * the first event.
 *
 * @param columns  at least 1.
 */
export function overviewOf(
  picture: Picture,
  timeline: Timeline,
  span: { readonly from: number; readonly to: number; readonly columns: number },
): Overview {
  const columns = Math.max(1, Math.floor(span.columns));
  const from = Math.max(0, span.from);
  const to = Math.max(from + 1, span.to);
  const places = [...shownOrder(picture.lanes)];
  const size = places.length * columns;
  const [counts, seen] = [new Uint32Array(size), new Uint8Array(size)];
  const view: Overview = { from, to, columns, counts, marks: seen, lanes: places.length };
  const isFine = (to - from) / columns < finest;
  if (isFine) readEvents(picture, timeline, view, places);
  for (const [row, place] of places.entries()) {
    const offset = row * columns;
    const lane = picture.lanes.found[place] as Lane;
    if (lane.kind === "stale") {
      readStale(picture, Number(lane.key.split("/")[0]), view, offset);
    } else if (!isFine) {
      readPyramid(pyramidAt(picture, place), from, to, {
        counts: counts.subarray(offset, offset + columns),
        marks: seen.subarray(offset, offset + columns),
      });
    }
  }
  return view;
}

/**
 * The event of a lane that is nearest to a place; one to look at before others.
 *
 * @param lane   as it is shown, from 0; -1 for any.
 * @param reach  how many events away it may be.
 */
export function nearestOf(
  picture: Picture,
  timeline: Timeline,
  { lane, place, reach }: { readonly lane: number; readonly place: number; readonly reach: number },
): number | undefined {
  const wanted = lane < 0 ? undefined : shownOrder(picture.lanes)[lane];
  let best: { seq: number; far: number } | undefined;
  const far = Math.min(50_000, Math.max(1, Math.ceil(reach)));
  const first = Math.max(1, Math.floor(place) + 1 - far);
  for (let seq = first; seq <= first + 2 * far; seq++) {
    const row = rowOf(timeline.columns, seq);
    if (row === undefined) continue;
    if (wanted !== undefined && laneAt(picture.lanes, row.chunk, row.at) !== wanted) continue;
    const isBad = isBadEvent[row.chunk.event[row.at] as number] === true;
    const isMarked = isBad || timeline.findings.bySeq.has(seq);
    // A marked one anywhere in reach comes before the others.
    const distance = Math.abs(seq - 0.5 - place) + (isMarked ? 0 : 2 * far);
    if (best === undefined || distance < best.far) best = { seq, far: distance };
  }
  return best?.seq;
}
