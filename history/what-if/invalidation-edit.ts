import { gpa } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import { numberAt } from "../columns/number-column.ts";
import { worldWithin } from "../step.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import type { Edit } from "./edit.ts";
import { EditError } from "./edit.ts";
import { bytesOf, contentsAt, idle, invalidationInputs } from "./invalidation.ts";

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
  const old = contentsAt(guest, place, width);
  const after = nextInput(timeline, seq);
  const edit = (before: number, bytes: Uint8Array): Edit => {
    const write = { type: "MemoryWrite", guest: number, gpa: gpa(place), bytes } as const;
    return { kind: "insert", before, input: { ...write, flushed: true } };
  };
  return [edit(step.seq, bytesOf([idle], width)), edit(after, old)];
}

/**
 * The edits by which a guest invalidates a page's domain, or its PASID's first stage, after an
 * event. The guest's later commands find everything where they expect it.
 *
 * @throws EditError when the guest could not by its queue, which is off, busy or halted, or the
 *   unit keeps nothing of the device.
 */
export function withInvalidation(
  timeline: Timeline,
  after: number,
  { guest, device, pasid }: UsedPage,
): readonly Edit[] {
  const world = stepOfEvent(timeline, after)?.after ?? timeline.checkpoints.kept[0]?.world;
  const state = world?.guests[guest]?.queue.state;
  if (world === undefined || state === undefined) throw new EditError("there is no such guest");
  if (state !== "idle") throw new EditError(`the guest's queue is ${state}: it cannot invalidate`);
  const before = nextInput(timeline, after);
  const inputs = invalidationInputs(world, {
    ...{ guest, scope: "domain", device },
    ...(pasid !== undefined && { pasid }),
  });
  return inputs.map((input) => ({ kind: "insert", before, input }));
}
