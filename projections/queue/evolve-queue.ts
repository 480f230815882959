import type { FactOf } from "../../events/fact.ts";
import type { ChartStates, Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";

/** The queue's chart in another state, and the queue as it is then. */
export function withQueue(guest: Guest, state: ChartStates["queue"], queue = guest.queue): Guest {
  const { translation, remapping, protection, life } = guest.charts;
  const next = copyGuest(guest);
  next.charts = { translation, queue: state, remapping, protection, life };
  next.queue = queue;
  return next;
}

/** The queue once a descriptor is done. */
export function descriptorCompleted(guest: Guest, fact: FactOf<"DescriptorCompleted">): Guest {
  const { address, unanswered } = guest.queue;
  const queue = { address, head: fact.head, lastWasWait: fact.wait, unanswered };
  const next = copyGuest(guest);
  next.queue = queue;
  return next;
}
