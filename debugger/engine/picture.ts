import { rowOf } from "../../history/columns/columns.ts";
import type { Step } from "../../history/step.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { Lane, Overview } from "../protocol.ts";
import { marks } from "../protocol.ts";
import type { Lanes } from "./lanes.ts";
import { isBadEvent, laneAt, laneOf, newLanes, shownOrder } from "./lanes.ts";
import type { Pyramid } from "./pyramid.ts";
import { addToPyramid, finest, newPyramid, readPyramid } from "./pyramid.ts";
import type { StaleTimes } from "./stale-times.ts";
import { newStaleTimes, noteStale, readStale } from "./stale-times.ts";

/** A run as a picture at every scale, made while its log is folded. */
export interface Picture {
  readonly lanes: Lanes;
  readonly pyramids: Pyramid[];
  readonly stale: StaleTimes;
}

export const newPicture = (): Picture => ({
  lanes: newLanes(),
  pyramids: [],
  stale: newStaleTimes(),
});

const pyramidAt = ({ pyramids }: Picture, lane: number): Pyramid => {
  while (pyramids.length <= lane) pyramids.push(newPyramid());
  return pyramids[lane] as Pyramid;
};

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
  for (const guest of noteStale(picture.stale, timeline, step)) {
    laneOf(picture.lanes, "stale", guest);
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
  for (const [index, place] of places.entries()) {
    const offset = index * columns;
    const lane = picture.lanes.found[place] as Lane;
    if (lane.kind === "stale") {
      const row = counts.subarray(offset, offset + columns);
      readStale(picture.stale, Number(lane.key.split("/")[0]), { from, to }, row);
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
