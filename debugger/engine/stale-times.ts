import { numberAt } from "../../history/columns/number-column.ts";
import { trees } from "../../history/lifeline/change-index.ts";
import type { Step } from "../../history/step.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";

/** A time in which a range of a shadow, or some host entry, had an unannounced change. */
export interface StaleTime {
  readonly guest: number;
  readonly from: number;
  /** Number of the last event of the step that ended it. */
  until: number;
}

/** A range that is stale now. */
interface Open {
  readonly count: number;
  readonly time: StaleTime;
}

/** When something was stale, in the order in which it began. */
export interface StaleTimes {
  readonly times: StaleTime[];
  /** Times that are over and took long: looked at whatever stretch is shown. */
  readonly long: StaleTime[];
  /** By guest and shadow, then by first page. */
  readonly open: Map<string, Map<number, Open>>;
  /** Rows of the index of changes that were looked at. */
  rows: number;
}

export const newStaleTimes = (): StaleTimes => ({
  times: [],
  long: [],
  open: new Map(),
  rows: 0,
});

const endless = Number.MAX_SAFE_INTEGER;
const longEvents = 4096;
/** In place of a first page: somewhere in the shadow. */
const somewhere = -1;
/** Ranges of one shadow that are told apart at once. */
const mostOpen = 4096;

function begin(stale: StaleTimes, of: Map<number, Open>, guest: number, from: number) {
  return (first: number, count: number): void => {
    const known = of.get(first);
    if (known !== undefined) {
      of.set(first, { count: Math.max(count, known.count), time: known.time });
      return;
    }
    if (of.size >= mostOpen) return;
    const time: StaleTime = { guest, from, until: endless };
    stale.times.push(time);
    of.set(first, { count, time });
  };
}

function end(
  stale: StaleTimes,
  of: Map<number, Open>,
  first: number,
  open: Open,
  at: number,
): void {
  open.time.until = at;
  if (at - open.time.from > longEvents) stale.long.push(open.time);
  of.delete(first);
}

function endWithin(
  stale: StaleTimes,
  of: Map<number, Open>,
  from: number,
  to: number,
  at: number,
): void {
  const exact = of.get(from);
  if (exact !== undefined && from + exact.count <= to) end(stale, of, from, exact, at);
  if (to - from <= 1 || of.size === 0) return;
  for (const [first, open] of of) {
    if (first >= from && first + open.count <= to) end(stale, of, first, open, at);
  }
}

function openOf({ open }: StaleTimes, key: string): Map<number, Open> {
  const known = open.get(key) ?? new Map<number, Open>();
  open.set(key, known);
  return known;
}

/** What the rows of a step say of shadows. */
function noteRows(stale: StaleTimes, { changes }: Timeline, step: Step): void {
  const at = step.after.seq;
  for (; stale.rows < changes.seq.length; stale.rows++) {
    const row = stale.rows;
    const tree = numberAt(changes.tree, row);
    if (tree !== trees.pending && tree !== trees.unknown) continue;
    const [guest, shadow] = [numberAt(changes.guest, row), numberAt(changes.shadow, row)];
    const of = openOf(stale, `${guest.toString()} ${shadow.toString()}`);
    const kept = shadowAt(step.after.guests[guest], shadow);
    // Where nothing is pending any more, however it was told.
    if (kept === undefined || kept.pending.root === 0) {
      for (const [first, open] of of) end(stale, of, first, open, at);
      continue;
    }
    if (tree === trees.unknown) {
      begin(stale, of, guest, step.seq)(somewhere, 0);
      continue;
    }
    const [first, count] = [numberAt(changes.first, row), numberAt(changes.count, row)];
    if (numberAt(changes.value, row) === 0) endWithin(stale, of, first, first + count, at);
    else begin(stale, of, guest, step.seq)(first, count);
    // Of a range that is cleared bit by bit some is left, whatever the rows say.
    if (of.size === 0) begin(stale, of, guest, step.seq)(somewhere, 0);
  }
}

function noteHosts(stale: StaleTimes, step: Step): void {
  for (const guest of step.after.guests) {
    if (step.before.guests[guest.index]?.hosts === guest.hosts) continue;
    const isStale = hostsWhere(guest.hosts, (one) => one.pending + one.pasidPending > 0).length > 0;
    const of = openOf(stale, `${guest.index.toString()} hosts`);
    const open = of.get(0);
    if (isStale) begin(stale, of, guest.index, step.seq)(0, 1);
    else if (open !== undefined) end(stale, of, 0, open, step.after.seq);
  }
}

/** Notes what a step made stale, and what it ended. @returns the guests of new times. */
export function noteStale(stale: StaleTimes, timeline: Timeline, step: Step): readonly number[] {
  if (step.before.guests === step.after.guests) return [];
  const before = stale.times.length;
  noteRows(stale, timeline, step);
  noteHosts(stale, step);
  return stale.times.slice(before).map(({ guest }) => guest);
}

/** The first of the times that began at or after an event. */
function firstFrom({ times }: StaleTimes, seq: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as StaleTime).from < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The times that may reach into a stretch. */
function* timesNear(stale: StaleTimes, from: number, to: number): Generator<StaleTime, void, void> {
  const first = firstFrom(stale, from - longEvents);
  const early = (one: StaleTime): boolean => one.from < from - longEvents;
  for (const one of stale.long) if (early(one)) yield one;
  for (const of of stale.open.values()) {
    for (const { time } of of.values()) if (early(time)) yield time;
  }
  for (let at = first; at < stale.times.length; at++) {
    const one = stale.times[at] as StaleTime;
    if (one.from > to) return;
    yield one;
  }
}

/** Counts, column by column, how many things of a guest are stale. */
export function readStale(
  stale: StaleTimes,
  guest: number,
  { from, to }: { readonly from: number; readonly to: number },
  into: Uint32Array,
): void {
  const columns = into.length;
  const wide = (to - from) / columns;
  const change = new Int32Array(columns + 1);
  for (const one of timesNear(stale, from, to)) {
    if (one.guest !== guest || one.until <= from) continue;
    const first = Math.max(0, Math.floor((one.from - 1 - from) / wide));
    const last = Math.min(columns - 1, Math.floor((one.until - 1 - from) / wide));
    if (first >= columns || last < first) continue;
    change[first] = (change[first] as number) + 1;
    change[last + 1] = (change[last + 1] as number) - 1;
  }
  let depth = 0;
  for (let column = 0; column < columns; column++) {
    depth += change[column] as number;
    into[column] = depth;
  }
}
