// Length: the three ways in which a page changes, side by side.

import type { World } from "../../projections/world.ts";
import { advance } from "../../tables/page-tree.ts";
import type { Chunk } from "../columns/chunk.ts";
import { addressIn, mayHavePage } from "../columns/chunk.ts";
import { longestWrite } from "../columns/event-column.ts";
import { numberAt, placeOf } from "../columns/number-column.ts";
import { scan } from "../columns/scan.ts";
import { worldAfterInput } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import type { ChangeIndex } from "./change-index.ts";
import { everyHost, everyWalk, trees } from "./change-index.ts";
import type { Bytes, Life, Mappings } from "./life.ts";
import {
  bytesRead,
  isSameLife,
  isWalked,
  lifeAt,
  lifeOfMappings,
  mappingsOf,
  sourceOf,
} from "./life.ts";

/** What the translation of a page became at an input; 0 is the start. */
export interface LifeChange {
  readonly seq: number;
  readonly life: Life;
}

/** A state on the way, whole. */
interface Moment {
  readonly seq: number;
  readonly world: World;
}

function momentAt(timeline: Timeline, seq: number): Moment {
  const place = inputPlace(timeline, seq);
  const world = worldAfterInput(timeline, place) as World;
  return { seq: place < 0 ? 0 : numberAt(timeline.numbers, place), world };
}

/** The next input that changed a host entry of the page's requests, or what they depend on. */
function nextHostChange(timeline: Timeline, place: UsedPage, { seq, world }: Moment): number {
  const { hostSeq, hostGuest, hostKey } = timeline.changes;
  const [guests, keys] = [hostGuest.values, hostKey.values];
  const { keys: wanted, host } = sourceOf(world, place);
  const isAnyWalk = isWalked(host) || place.pasid !== undefined;
  for (let row = placeOf(hostSeq, seq + 1); row < hostSeq.length; row++) {
    if (guests[row] !== place.guest) continue;
    const key = keys[row] as number;
    if (key === everyWalk ? isAnyWalk : key === everyHost || wanted.includes(key)) {
      return numberAt(hostSeq, row);
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** The mappings once a row of changes took effect. */
function withRow(timeline: Timeline, row: number, page: number, old: Mappings): Mappings {
  const { tree, first, value } = timeline.changes;
  const pages = page - numberAt(first, row);
  const said = numberAt(value, row);
  switch (numberAt(tree, row)) {
    case trees.stage:
      return { ...old, stage: advance(said, pages, true) };
    case trees.pending:
      return { ...old, pending: said };
    default:
      return { ...old, host: advance(said, pages, true) };
  }
}

/**
 * The rows of changes after one event and before another that say something of a page of a shadow.
 * A plain loop over plain arrays: of the rows of a long run few are of one page.
 */
function rowsOfPage(
  { seq, guest, shadow, first, count }: ChangeIndex,
  place: UsedPage,
  wanted: number,
  after: number,
  until: number,
): readonly number[] {
  const end = until > numberAt(seq, Math.max(0, seq.length - 1)) ? seq.length : placeOf(seq, until);
  const [starts, counts] = [first.values as Float64Array, count.values as Float64Array];
  const [shadows, guests] = [shadow.values as Uint32Array, guest.values as Uint8Array];
  const rows: number[] = [];
  for (let row = placeOf(seq, after + 1); row < end; row++) {
    const pages = place.page - (starts[row] as number);
    if (pages < 0 || pages >= (counts[row] as number)) continue;
    if (shadows[row] === wanted && guests[row] === place.guest) rows.push(row);
  }
  return rows;
}

/** The changes of a page that trees say, up to where its host entry changes. */
function* treeChanges(
  timeline: Timeline,
  place: UsedPage,
  from: Moment,
  until: number,
): Generator<LifeChange, void, void> {
  const guest = from.world.guests[place.guest];
  const { host } = sourceOf(from.world, place);
  const start = guest && mappingsOf(guest, host, place.page);
  if (start === undefined || host === undefined) return;
  let mappings = start;
  const { changes } = timeline;
  const wanted = host.state === "passThrough" ? 0 : (host.shadow ?? 0);
  let changed = 0;
  for (const row of rowsOfPage(changes, place, wanted, from.seq, until)) {
    const seq = numberAt(changes.seq, row);
    if (changed !== 0 && changed !== seq) {
      yield { seq: changed, life: lifeOfMappings(host, place.page, mappings) };
    }
    changed = seq;
    if (numberAt(changes.tree, row) === trees.unknown) {
      const now = momentAt(timeline, seq).world.guests[place.guest];
      mappings = (now && mappingsOf(now, host, place.page)) ?? { stage: 0, host: 0, pending: 0 };
    } else mappings = withRow(timeline, row, place.page, mappings);
  }
  if (changed !== 0) yield { seq: changed, life: lifeOfMappings(host, place.page, mappings) };
}

const isTouched = (chunk: Chunk, at: number, { from, length }: Bytes): boolean => {
  const written = chunk.written?.[at] ?? 0;
  const start = addressIn(chunk, "gpa", at);
  if (start >= from + BigInt(length)) return false;
  return written === longestWrite || from < start + BigInt(written);
};

/** The next event from `from` on that writes to bytes of guest memory. */
export function nextWrite(
  timeline: Timeline,
  guest: number,
  bytes: readonly Bytes[],
  from: number,
): number {
  const pages = bytes.map((one) => Number(one.from / 4096n));
  const found = scan(
    timeline.columns,
    { from, to: timeline.columns.count },
    {
      mayBeIn: (chunk) =>
        chunk.written !== undefined && pages.some((page) => mayHavePage(chunk, "gpa", page)),
      isAt: (chunk, at) =>
        (chunk.written?.[at] ?? 0) > 0 &&
        (chunk.plain.guest?.[at] ?? 0) === guest &&
        bytes.some((one) => isTouched(chunk, at, one)),
    },
  );
  return found ?? Number.POSITIVE_INFINITY;
}

/** The next input that changed the P2M of a guest. */
function nextP2mChange({ changes }: Timeline, guest: number, after: number): number {
  for (let row = placeOf(changes.seq, after + 1); row < changes.seq.length; row++) {
    const isP2m = numberAt(changes.shadow, row) === 0;
    if (isP2m && numberAt(changes.guest, row) === guest) return numberAt(changes.seq, row);
  }
  return Number.POSITIVE_INFINITY;
}

/** The changes of a page that walks say, up to where its host entry changes. */
function* walkChanges(
  timeline: Timeline,
  place: UsedPage,
  start: Moment,
  until: number,
): Generator<LifeChange, void, void> {
  let moment = start;
  for (;;) {
    const guest = moment.world.guests[place.guest];
    if (guest === undefined) return;
    const bytes = bytesRead(guest, place);
    const write = nextWrite(timeline, place.guest, bytes, moment.world.seq + 1);
    const next = Math.min(write, nextP2mChange(timeline, place.guest, moment.seq));
    if (next >= until || next > timeline.end.seq) return;
    moment = momentAt(timeline, next);
    if (moment.seq >= until) return;
    yield { seq: moment.seq, life: lifeAt(moment.world, place) };
  }
}

/** Every change, some of which change nothing. */
function* candidates(timeline: Timeline, place: UsedPage): Generator<LifeChange, void, void> {
  let moment = momentAt(timeline, 0);
  for (;;) {
    yield { seq: moment.seq, life: lifeAt(moment.world, place) };
    const next = nextHostChange(timeline, place, moment);
    const { host } = sourceOf(moment.world, place);
    if (isWalked(host)) yield* walkChanges(timeline, place, moment, next);
    else yield* treeChanges(timeline, place, moment, next);
    if (next > timeline.end.seq) return;
    moment = momentAt(timeline, next);
  }
}

/**
 * What the translation of a page was and became, from the start on, in order. An input with all
 * that follows from it is one moment: nothing else can happen in between.
 */
export function* lifeChanges(
  timeline: Timeline,
  place: UsedPage,
): Generator<LifeChange, void, void> {
  let last: Life | undefined;
  for (const change of candidates(timeline, place)) {
    if (last !== undefined && isSameLife(last, change.life)) continue;
    last = change.life;
    yield change;
  }
}
