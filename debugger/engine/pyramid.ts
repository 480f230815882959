/** Events of the finest bin. */
export const finest = 16;
const fanOut = 4;
const levelCount = 12;

/** One level: how many events each bin has, and what is among them. */
interface Level {
  counts: Uint32Array;
  marks: Uint8Array;
}

/**
 * One lane of a run at every scale: each level has a quarter of the bins of the one below it. What
 * is marked in a bin is marked in every bin above it, so it is seen at any distance.
 */
export interface Pyramid {
  readonly levels: Level[];
  /** Behind the last event that something was added for. */
  end: number;
}

export const newPyramid = (): Pyramid => ({
  levels: Array.from({ length: levelCount }, () => ({
    counts: new Uint32Array(16),
    marks: new Uint8Array(16),
  })),
  end: 0,
});

/** Events of a bin of a level. */
export const binEvents = (level: number): number => finest * fanOut ** level;

function room(level: Level, bin: number): void {
  if (bin < level.counts.length) return;
  const length = Math.max(level.counts.length * 2, bin + 1);
  const counts = new Uint32Array(length);
  counts.set(level.counts);
  const marks = new Uint8Array(length);
  marks.set(level.marks);
  level.counts = counts;
  level.marks = marks;
}

/**
 * Adds an event at a place, from 0.
 *
 * @param count  how much it counts; 0 for a mark alone.
 */
export function addToPyramid(pyramid: Pyramid, place: number, mark: number, count = 1): void {
  let bin = Math.floor(place / finest);
  for (const level of pyramid.levels) {
    room(level, bin);
    level.counts[bin] = (level.counts[bin] as number) + count;
    level.marks[bin] = (level.marks[bin] as number) | mark;
    bin = Math.floor(bin / fanOut);
  }
  if (place + 1 > pyramid.end) pyramid.end = place + 1;
}

/** The level whose bins are as wide as a column, or the next finer one. */
export function levelFor(eventsAColumn: number): number {
  let level = 0;
  while (level + 1 < levelCount && binEvents(level + 1) <= eventsAColumn) level += 1;
  return level;
}

/** Where a stretch of a lane is put. */
export interface Columns {
  readonly counts: Uint32Array;
  readonly marks: Uint8Array;
}

/** Puts the events from place `from` up to `to` into columns, from what a level says. */
export function readPyramid(pyramid: Pyramid, from: number, to: number, into: Columns): void {
  const columns = into.counts.length;
  const wide = (to - from) / columns;
  const number = levelFor(wide);
  const level = pyramid.levels[number] as Level;
  const bin = binEvents(number);
  const last = Math.min(Math.ceil(to / bin), Math.ceil(pyramid.end / bin));
  for (let at = Math.floor(from / bin); at < last; at++) {
    const count = level.counts[at] ?? 0;
    const mark = level.marks[at] ?? 0;
    if (count === 0 && mark === 0) continue;
    const column = Math.min(columns - 1, Math.max(0, Math.floor((at * bin - from) / wide)));
    into.counts[column] = (into.counts[column] as number) + count;
    into.marks[column] = (into.marks[column] as number) | mark;
  }
}
