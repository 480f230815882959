import { hex, pageOf } from "../../events/address.ts";
import { kindOf } from "../../events/queue/extended-descriptors.ts";
import { at as offsets } from "../../events/registers/offset.ts";
import { hasEvent } from "../../history/columns/chunk.ts";
import { eventNumber } from "../../history/columns/event-column.ts";
import { scan } from "../../history/columns/scan.ts";
import { stepOfEvent, worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import type { Guest } from "../../projections/guest.ts";
import { registerValue } from "../../projections/registers/registers.ts";
import { pageAt, wordsIn } from "../../tables/memory.ts";
import type { QueueSlot, QueueView } from "../protocol.ts";
import { fieldViews } from "./field-views.ts";

const shownDone = 12;
const shownWaiting = 32;
const fetchedEvent = eventNumber("DescriptorFetched");

/** What the unit has fetched last, by its place in the ring: the newest events first. */
function fetchedBefore(timeline: Timeline, at: number, guest: number): Map<number, number> {
  const found = new Map<number, number>();
  let from = at;
  for (let looked = 0; looked < shownDone && from >= 1; looked++) {
    const seq = scan(
      timeline.columns,
      { from, to: 1 },
      {
        mayBeIn: (chunk) => hasEvent(chunk, [fetchedEvent]),
        isAt: (chunk, row) =>
          chunk.event[row] === fetchedEvent && (chunk.plain.guest?.[row] ?? 0) === guest,
      },
    );
    const step = seq === undefined ? undefined : stepOfEvent(timeline, seq);
    if (seq === undefined || step === undefined) break;
    const fact = step.facts[seq - step.seq - 1];
    if (fact?.type === "DescriptorFetched" && !found.has(fact.head)) found.set(fact.head, seq);
    from = seq - 1;
  }
  return found;
}

function slotAt(guest: Guest, base: bigint, width: number, index: number) {
  const address = base + BigInt(index * width);
  const page = pageAt(guest.memory, pageOf(address));
  const word = wordsIn(page, Number(address & 0xff8n), width / 8);
  const { type, spec } = kindOf(word, guest.profile);
  return {
    index,
    word: hex(word),
    name: spec?.layout.name ?? `type ${hex(type)}, which does not exist`,
    fields: spec === undefined ? [] : fieldViews(spec.layout, word),
  };
}

/** The invalidation queue of a guest after an event. */
export function queueView(timeline: Timeline, at: number, index: number): QueueView | undefined {
  const guest = worldAt(timeline, at)?.guests[index];
  if (guest === undefined) return undefined;
  const { queue } = guest;
  const { base, bytes, step } = queueGeometry(queue.address);
  const isOn = queue.state !== "disabled";
  const slots = isOn ? bytes / step : 0;
  const head = queue.head / step;
  const tail = isOn ? Number(registerValue(guest, offsets.iqt)) / step : 0;
  const fetched = isOn ? fetchedBefore(timeline, at, index) : new Map<number, number>();
  const near: QueueSlot[] = [];
  for (let place = head; place !== tail && near.length < shownWaiting && isOn; ) {
    if (place >= slots) break;
    const slot = slotAt(guest, base, step, place);
    near.push({ ...slot, place: "waiting", fetched: undefined });
    place = (place + 1) % slots;
  }
  for (let back = 1; back <= shownDone && isOn; back++) {
    const place = (head - back + slots) % slots;
    const seq = fetched.get(place * step);
    if (seq === undefined) continue;
    near.push({ ...slotAt(guest, base, step, place), place: "done", fetched: seq });
  }
  return {
    ...{ state: queue.state, base: hex(base), slots, step, head, tail },
    errors: Object.entries(queue.errors).flatMap(([name, is]) => (is ? [name] : [])),
    near,
  };
}
