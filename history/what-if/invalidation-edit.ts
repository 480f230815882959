import { gpa, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { IotlbDescriptor, WaitDescriptor } from "../../events/queue/descriptors.ts";
import { PasidIotlbDescriptor } from "../../events/queue/scalable-descriptors.ts";
import { at as offsets } from "../../events/registers/offset.ts";
import { Iqt } from "../../events/registers/queue.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { registerValue } from "../../projections/registers/registers.ts";
import { byteIn, pageAt } from "../../tables/memory.ts";
import { numberAt } from "../columns/number-column.ts";
import { worldWithin } from "../step.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import type { Edit } from "./edit.ts";
import { EditError } from "./edit.ts";

const pageBytes = 4096n;

/** A descriptor, or several, as bytes. */
function bytesOf(descriptors: readonly bigint[], step: number): Uint8Array {
  const bytes = new Uint8Array(descriptors.length * step);
  for (const [index, word] of descriptors.entries()) {
    let rest = word;
    for (let at = 0; at < step; at++) {
      bytes[index * step + at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
  }
  return bytes;
}

/** What a guest's memory holds, as the unit sees it. */
function read({ memory }: Guest, from: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => {
    const address = from + BigInt(index);
    return byteIn(pageAt(memory, pageOf(address)), Number(address % pageBytes));
  });
}

/** Writes by the CPU that the unit sees at once, one a page. */
function* writes(guest: number, from: bigint, bytes: Uint8Array): Generator<Input, void, void> {
  for (let at = 0; at < bytes.length; ) {
    const address = from + BigInt(at);
    const room = Number(pageBytes - (address % pageBytes));
    const part = bytes.slice(at, at + room);
    yield { type: "MemoryWrite", guest, gpa: gpa(address), bytes: part, flushed: true };
    at += part.length;
  }
}

/** A descriptor that does nothing: a wait that tells nobody. */
const idle = WaitDescriptor.encode({ type: descriptorTypes.wait });

/** The number of the input after the one that an event follows from, or the end. */
function nextInput(timeline: Timeline, seq: number): number {
  const place = inputPlace(timeline, seq) + 1;
  const { numbers } = timeline;
  return place < numbers.length ? numberAt(numbers, place) : timeline.end.seq + 1;
}

const invalidations: ReadonlySet<string> = new Set([
  "ContextInvalidated",
  "IotlbInvalidated",
  "PasidCacheInvalidated",
  "PasidIotlbInvalidated",
  "InterruptEntriesInvalidated",
  "DeviceTlbInvalidated",
]);

/** Whether an event is an invalidation that a guest may leave out. */
export const isInvalidationFact = (type: string): boolean => invalidations.has(type);

/**
 * The edits by which a guest does not send an invalidation: its descriptor is one that does nothing
 * when the unit fetches it, and as it was afterwards. Where it was commanded by registers, that
 * command is left out.
 *
 * @param seq  number of the fact that tells of the invalidation.
 * @throws EditError when that is none.
 */
export function withoutInvalidation(timeline: Timeline, seq: number): readonly Edit[] {
  const step = stepOfEvent(timeline, seq);
  const index = step === undefined ? -1 : seq - step.seq - 1;
  const fact = step?.facts[index];
  if (step === undefined || fact === undefined || !isInvalidationFact(fact.type)) {
    throw new EditError(`event ${seq.toString()} is no invalidation`);
  }
  const fetched = step.facts
    .slice(0, index)
    .findLast((one): one is FactOf<"DescriptorFetched"> => one.type === "DescriptorFetched");
  if (fetched === undefined) return [{ kind: "remove", at: step.seq }];
  const number = fetched.guest ?? 0;
  const guest = step.before.guests[number];
  if (guest === undefined) throw new EditError("there is no such guest");
  const queue = worldWithin(step, seq).guests[number]?.queue ?? guest.queue;
  const { base, step: width } = queueGeometry(queue.address);
  const place = base + BigInt(fetched.head);
  const old = read(guest, place, width);
  const after = nextInput(timeline, seq);
  const edits = (before: number, bytes: Uint8Array): Edit[] =>
    [...writes(number, place, bytes)].map((input) => ({ kind: "insert", before, input }));
  return [...edits(step.seq, bytesOf([idle], width)), ...edits(after, old)];
}

/** The descriptor that invalidates what is cached of a page's domain. */
function descriptorFor(guest: Guest, place: UsedPage): bigint {
  const requester = deviceAt(guest, place.device)?.requester ?? place.device;
  const host = hostAt(guest.hosts, requester, place.pasid);
  if (host === undefined) throw new EditError("the unit keeps nothing of that device");
  if (host.space !== undefined && host.tag !== undefined) {
    const { g } = PasidIotlbDescriptor.fields;
    const of = { did: host.did, pasid: host.tag, g: g.names.pasid };
    return PasidIotlbDescriptor.encode({ type: descriptorTypes.pasidIotlb, ...of });
  }
  const { g } = IotlbDescriptor.fields;
  return IotlbDescriptor.encode({
    type: descriptorTypes.iotlb,
    did: host.did,
    g: g.names.domain,
  });
}

/**
 * The edits by which a guest invalidates a page's domain after an event, by its own queue: the
 * whole ring is filled with that and with descriptors that do nothing, the tail goes round once,
 * and everything is as it was. The guest's later descriptors find the queue where they expect it.
 *
 * @throws EditError when the guest could not: its queue is off, busy or halted.
 */
export function withInvalidation(
  timeline: Timeline,
  after: number,
  place: UsedPage,
): readonly Edit[] {
  const step = stepOfEvent(timeline, after);
  const guest = (step?.after ?? timeline.checkpoints.kept[0]?.world)?.guests[place.guest];
  if (guest === undefined) throw new EditError("there is no such guest");
  if (guest.queue.state !== "idle") {
    throw new EditError(`the guest's queue is ${guest.queue.state}: it cannot invalidate here`);
  }
  const { base, bytes, step: width } = queueGeometry(guest.queue.address);
  const tail = Number(registerValue(guest, offsets.iqt));
  const ring = Array.from({ length: bytes / width }, () => idle);
  ring[tail / width] = descriptorFor(guest, place);
  const old = read(guest, base, bytes);
  const before = nextInput(timeline, after);
  const tailAt = (value: number): Input => ({
    type: "RegisterWrite",
    guest: place.guest,
    offset: offsets.iqt,
    size: 8,
    value: Iqt.encode({ qt: BigInt(value) }),
  });
  const inputs = [
    ...writes(place.guest, base, bytesOf(ring, width)),
    tailAt((tail + bytes - width) % bytes),
    tailAt(tail),
    ...writes(place.guest, base, old),
  ];
  return inputs.map((input) => ({ kind: "insert", before, input }));
}
