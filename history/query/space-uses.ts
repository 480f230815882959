import type { Guest } from "../../projections/guest.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { get } from "../../tables/page-tree.ts";
import type { Chunk } from "../columns/chunk.ts";
import { chunkEvents, hasEvent, pageIn, presence } from "../columns/chunk.ts";
import { eventNumber, eventNumbers, inputNames } from "../columns/event-column.ts";
import { numberAt } from "../columns/number-column.ts";
import { trees } from "../lifeline/change-index.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";

/** What the requests of a domain to one page came to. */
export interface PageUses {
  readonly landed: number;
  readonly blocked: number;
  /** Number of the last such request. */
  readonly last: number;
}

/** Whose requests are counted, and which tree says what their pages are. */
export interface UsesAsked {
  readonly guest: number;
  /** `requestKey` of each of them. */
  readonly requests: ReadonlySet<number>;
  /** The shadow, 0 for the P2M; `undefined` where none is kept: all requests count then. */
  readonly shadow: number | undefined;
  /** What a guest of some moment says of the pages. */
  readonly treeIn: (guest: Guest | undefined) => PageTree | undefined;
}

/** The number of a device's requests with a PASID, or without. */
export const requestKey = (device: number, pasid: number | undefined): number =>
  pasid === undefined ? device : (pasid + 1) * 0x10000 + device;

const requests = eventNumbers(["Dma", "DmaIssue"]);
const [landing, blocking] = [eventNumber("DmaTranslated"), eventNumber("DmaBlocked")];

/** The page of a request that counts; -1 for what is none. */
function pageAt(chunk: Chunk, at: number, asked: UsesAsked): number {
  const event = chunk.event[at] as number;
  if (event !== requests[0] && event !== requests[1]) return -1;
  if ((chunk.plain.guest?.[at] ?? 0) !== asked.guest) return -1;
  const has = ((chunk.present[at] as number) & presence.pasid) !== 0;
  const key = requestKey(chunk.plain.device?.[at] ?? 0, has ? chunk.plain.pasid?.[at] : undefined);
  return asked.requests.has(key) ? pageIn(chunk, "iova", at) : -1;
}

/** Requests that landed or were blocked, up to an event, in order. */
function* outcomes(
  { columns }: Timeline,
  until: number,
  asked: UsesAsked,
): Generator<{ seq: number; page: number; isBlocked: boolean }, void, void> {
  let [request, page] = [0, -1];
  for (const [number, chunk] of columns.chunks.entries()) {
    const base = number * chunkEvents + 1;
    if (base > until) return;
    if (page < 0 && !hasEvent(chunk, requests)) continue;
    for (let at = 0; at < chunk.count && base + at <= until; at++) {
      const event = chunk.event[at] as number;
      if (event < inputNames) {
        page = pageAt(chunk, at, asked);
        request = base + at;
      } else if (page >= 0 && (event === landing || event === blocking)) {
        yield { seq: request, page, isBlocked: event === blocking };
        page = -1;
      }
    }
  }
}

/** Forgets the uses of pages that a step, or its beginning, gave another mapping. */
function forgetChanged(
  timeline: Timeline,
  uses: Map<number, PageUses>,
  seq: number,
  asked: UsesAsked,
  now?: PageTree,
): void {
  const step = stepOfEvent(timeline, seq);
  const from = asked.treeIn(step?.before.guests[asked.guest]);
  const to = now ?? asked.treeIn(step?.after.guests[asked.guest]);
  for (const page of uses.keys()) {
    const [was, is] = [from && get(from, page), to && get(to, page)];
    if ((was ?? 0) !== (is ?? 0)) uses.delete(page);
  }
}

/** Forgets the uses of some pages whose mapping is another since. */
function forgetRange(uses: Map<number, PageUses>, first: number, count: number): void {
  if (count < uses.size) {
    for (let page = first; page < first + count; page++) uses.delete(page);
  } else {
    for (const page of uses.keys()) if (page >= first && page < first + count) uses.delete(page);
  }
}

/** Takes in what the rows of changes say, of steps before an event. */
function* forgetting(timeline: Timeline, uses: Map<number, PageUses>, asked: UsesAsked) {
  const { changes } = timeline;
  const wanted = asked.shadow === 0 ? trees.p2m : trees.host;
  let until: number = yield;
  for (let row = 0; row < changes.seq.length; row++) {
    const seq = numberAt(changes.seq, row);
    while (seq >= until) until = yield;
    if (numberAt(changes.guest, row) !== asked.guest) continue;
    if (numberAt(changes.shadow, row) !== asked.shadow) continue;
    const tree = numberAt(changes.tree, row);
    if (tree === trees.unknown) forgetChanged(timeline, uses, seq, asked);
    else if (tree === wanted) {
      forgetRange(uses, numberAt(changes.first, row), numberAt(changes.count, row));
    }
  }
}

/**
 * What the requests of a domain came to, by page, up to an event: of each page those since its
 * mapping is what it is, or since it has none.
 *
 * @param now  what is said of the pages after that event.
 */
export function usesSince(
  timeline: Timeline,
  at: number,
  asked: UsesAsked,
  now: PageTree | undefined,
): ReadonlyMap<number, PageUses> {
  const uses = new Map<number, PageUses>();
  const changes = forgetting(timeline, uses, asked);
  const isKept = asked.shadow !== undefined;
  if (isKept) changes.next();
  for (const { seq, page, isBlocked } of outcomes(timeline, at, asked)) {
    if (isKept) changes.next(seq);
    const old = uses.get(page);
    uses.set(page, {
      landed: (old?.landed ?? 0) + (isBlocked ? 0 : 1),
      blocked: (old?.blocked ?? 0) + (isBlocked ? 1 : 0),
      last: seq,
    });
  }
  const step = isKept ? stepOfEvent(timeline, at) : undefined;
  if (step !== undefined) {
    changes.next(step.seq);
    forgetChanged(timeline, uses, step.seq, asked, now);
  }
  return uses;
}
