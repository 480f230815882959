import type { World } from "../../projections/world.ts";
import { advance } from "../../tables/page-tree.ts";
import type { Chunk } from "../columns/chunk.ts";
import { addressIn, mayHavePage } from "../columns/chunk.ts";
import { longestWrite } from "../columns/event-column.ts";
import { numberAt, placeOf } from "../columns/number-column.ts";
import { scan } from "../columns/scan.ts";
import { stepAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import { everyHost, trees } from "./change-index.ts";
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
  const step = stepAt(timeline, inputPlace(timeline, seq));
  return step === undefined
    ? { seq: 0, world: timeline.checkpoints.kept[0]?.world as World }
    : { seq: step.seq, world: step.after };
}

/** The next input that changed a host entry of the page's requests, or what they depend on. */
function nextHostChange(timeline: Timeline, place: UsedPage, { seq, world }: Moment): number {
  const { hostSeq, hostGuest, hostKey } = timeline.changes;
  const { keys } = sourceOf(world, place);
  for (let row = placeOf(hostSeq, seq + 1); row < hostSeq.length; row++) {
    if (numberAt(hostGuest, row) !== place.guest) continue;
    const key = numberAt(hostKey, row);
    if (key === everyHost || keys.includes(key)) return numberAt(hostSeq, row);
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

/** The changes of a page that trees say, up to where its host entry changes. */
function* treeChanges(
  timeline: Timeline,
  place: UsedPage,
  from: Moment,
  until: number,
): Generator<LifeChange, void, void> {
  const guest = from.world.guests[place.guest];
  const { host } = sourceOf(from.world, place);
  let mappings = guest && mappingsOf(guest, host, place.page);
  if (mappings === undefined || host === undefined) return;
  const { changes } = timeline;
  const wanted = host.state === "passThrough" ? 0 : host.shadow;
  let changed = 0;
  for (let row = placeOf(changes.seq, from.seq + 1); row < changes.seq.length; row++) {
    const seq = numberAt(changes.seq, row);
    if (seq >= until) break;
    const first = numberAt(changes.first, row);
    if (place.page < first || place.page - first >= numberAt(changes.count, row)) continue;
    if (numberAt(changes.shadow, row) !== wanted) continue;
    if (numberAt(changes.guest, row) !== place.guest) continue;
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
