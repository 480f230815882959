import { pageOf } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { radixGet } from "../../tables/radix.ts";
import { hasEvent } from "../columns/chunk.ts";
import type { Columns } from "../columns/columns.ts";
import { rowOf } from "../columns/columns.ts";
import { eventNames, eventNumber, eventNumbers } from "../columns/event-column.ts";
import { numberAt, placeOf } from "../columns/number-column.ts";
import { scan } from "../columns/scan.ts";
import { trees } from "../lifeline/change-index.ts";
import { bytesRead, isWalked } from "../lifeline/life.ts";
import type { Step } from "../step.ts";
import { stepOfEvent, worldAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import type { MemoryPlace } from "./last-writer.ts";
import { touching } from "./last-writer.ts";

/** Who reads a place next. */
export interface Reader {
  /** Number of the event. */
  readonly seq: number;
  /**
   * The queue, a device, interrupt remapping; an invalidation after which the shadow follows the
   * tables; a request that makes the unit read the entries of its device; or one whose walk of the
   * guest's tables goes by there, if nothing cached answers it.
   */
  readonly by: "queue" | "device" | "interrupt" | "invalidation" | "entry" | "walk";
}

/** The next event that says itself what it read. */
function nextTold(timeline: Timeline, place: MemoryPlace, after: number): Reader | undefined {
  const { columns } = timeline;
  const wanted = touching(place, ({ read }) => read);
  const seq = scan(columns, { from: after + 1, to: columns.count }, wanted);
  const row = seq === undefined ? undefined : rowOf(columns, seq);
  if (seq === undefined || row === undefined) return undefined;
  const name = eventNames[row.chunk.event[row.at] as number];
  const by = name === "DescriptorFetched" ? "queue" : name === "DmaLanded" ? "device" : "interrupt";
  return { seq, by };
}

/** Pages that a word of a table translates, for one shadow. */
interface Translated {
  readonly shadow: number;
  readonly first: number;
  readonly count: number;
}

/** What the words of a place translate, if their page is a table. */
function translatedBy(guest: Guest, { gpa, length }: MemoryPlace): readonly Translated[] {
  const use = radixGet(guest.tables, pageOf(gpa));
  const word = Number(gpa % 4096n) >> 3;
  const words = ((Number(gpa % 4096n) + length - 1) >> 3) - word + 1;
  return (use?.uses ?? []).map(({ shadow, level, base }) => {
    const span = 512 ** (level - 1);
    return { shadow, first: base + word * span, count: words * span };
  });
}

/** The next input by which a shadow followed changes of a place that is part of a table. */
function nextFollowed(
  { changes }: Timeline,
  guest: number,
  translated: readonly Translated[],
  after: number,
): Reader | undefined {
  if (translated.length === 0) return undefined;
  for (let row = placeOf(changes.seq, after + 1); row < changes.seq.length; row++) {
    const isCleared =
      numberAt(changes.tree, row) === trees.pending && numberAt(changes.value, row) === 0;
    if (!isCleared || numberAt(changes.guest, row) !== guest) continue;
    const [first, count] = [numberAt(changes.first, row), numberAt(changes.count, row)];
    const shadow = numberAt(changes.shadow, row);
    const isMet = translated.some(
      (one) => one.shadow === shadow && one.first < first + count && first < one.first + one.count,
    );
    if (isMet) return { seq: numberAt(changes.seq, row), by: "invalidation" };
  }
  return undefined;
}

const requests = ["Dma", "DmaIssue", "AtsRequest", "DeviceTranslate", "PageRequest"] as const;
const requestNumbers = eventNumbers(requests);
const entryNumber = eventNumber("HostEntryChanged");

const isRequest = (input: Input): input is Extract<Input, { type: (typeof requests)[number] }> =>
  (requests as readonly string[]).includes(input.type);

const overlaps = (place: MemoryPlace, guest: Guest, used: UsedPage): boolean =>
  bytesRead(guest, used).some(
    ({ from, length }) =>
      from < place.gpa + BigInt(place.length) && place.gpa < from + BigInt(length),
  );

/** Whether a step's walks read a place: those of its request, or of entries that it made anew. */
function readerIn(step: Step, place: MemoryPlace): Reader | undefined {
  const guest = step.before.guests[place.guest];
  const { input, facts } = step;
  if (guest === undefined) return undefined;
  for (const [index, fact] of facts.entries()) {
    if (fact.type !== "HostEntryChanged" || (fact.guest ?? 0) !== place.guest) continue;
    const page = isRequest(input) ? pageOf(input.iova) : 0;
    const used = { guest: place.guest, device: fact.source, page, pasid: fact.pasid };
    const after = step.after.guests[place.guest] ?? guest;
    if (overlaps(place, after, used)) return { seq: step.seq + 1 + index, by: "entry" };
  }
  if (!isRequest(input) || (input.guest ?? 0) !== place.guest) return undefined;
  const { device, iova, pasid } = input;
  const used = { guest: place.guest, device, page: pageOf(iova), pasid };
  const isMet = hostsWhere(guest.hosts, isWalked).length > 0 && overlaps(place, guest, used);
  return isMet ? { seq: step.seq, by: "walk" } : undefined;
}

/** The next event that may make the unit walk: a request, or an entry that is made anew. */
const nextWalk = (columns: Columns, from: number, to: number): number | undefined =>
  from > to
    ? undefined
    : scan(
        columns,
        { from, to },
        {
          mayBeIn: (chunk) => hasEvent(chunk, [...requestNumbers, entryNumber]),
          isAt: (chunk, at) => {
            const event = chunk.event[at] as number;
            return event === entryNumber || requestNumbers.includes(event);
          },
        },
      );

/** How many walks are looked at. */
const mostWalks = 5000;

/** What came of looking for a reader. */
export interface NextReader {
  readonly reader: Reader | undefined;
  /** Up to which event walks were looked at: the search has its bound. */
  readonly until: number;
}

/**
 * The next event after `after` by which somebody reads bytes of guest memory.
 *
 * @param most  how many walks are looked at; the rest is told by events themselves.
 */
export function nextReader(
  timeline: Timeline,
  place: MemoryPlace,
  after: number,
  most = mostWalks,
): NextReader {
  const guest = worldAt(timeline, after)?.guests[place.guest];
  const told = nextTold(timeline, place, after);
  const translated = guest === undefined ? [] : translatedBy(guest, place);
  const followed = nextFollowed(timeline, place.guest, translated, after);
  const known = [told, followed]
    .filter((one) => one !== undefined)
    .sort((a, b) => a.seq - b.seq)[0];
  const limit = Math.min(known?.seq ?? timeline.end.seq, timeline.end.seq);
  let from = after + 1;
  for (let walks = 0; walks < most; walks++) {
    const seq = nextWalk(timeline.columns, from, limit);
    if (seq === undefined) return { reader: known, until: timeline.end.seq };
    const step = stepOfEvent(timeline, seq);
    const reader = step && readerIn(step, place);
    if (reader !== undefined && reader.seq > after && reader.seq <= limit) {
      return { reader, until: timeline.end.seq };
    }
    from = (step?.after.seq ?? seq) + 1;
  }
  return { reader: known, until: from - 1 };
}
