import type { Fact, FactOf } from "../../events/fact.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { queue as chart } from "../../machines/queue/queue.ts";
import { invalidationDone } from "../device/device-tlb.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import type { Queue } from "./queue.ts";
import { noQueue, withError, withoutError, withWrongAnswer } from "./queue.ts";

/** A copy of the queue in the state that a fact leads to, to change before anybody else sees it. */
function queueAfter({ queue }: Guest, fact: Fact): { -readonly [K in keyof Queue]: Queue[K] } {
  return {
    state: chart.after(queue.state, fact, queue),
    address: queue.address,
    head: queue.head,
    lastWasWait: queue.lastWasWait,
    unanswered: queue.unanswered,
    errors: queue.errors,
    iqei: queue.iqei,
    iceSource: queue.iceSource,
    iteSource: queue.iteSource,
    waitDone: queue.waitDone,
  };
}

function withQueue(guest: Guest, queue: Queue): Guest {
  const next = copyGuest(guest);
  next.queue = queue;
  return next;
}

/** The chart alone moves. */
const moved = (guest: Guest, fact: Fact): Guest => withQueue(guest, queueAfter(guest, fact));

/** A queue that was enabled or disabled is at its start. */
function restarted(guest: Guest, fact: Fact, address: bigint): Guest {
  const { head, lastWasWait, unanswered } = noQueue;
  return withQueue(guest, { ...queueAfter(guest, fact), address, head, lastWasWait, unanswered });
}

function completed(guest: Guest, fact: FactOf<"DescriptorCompleted">): Guest {
  const queue = queueAfter(guest, fact);
  queue.head = fact.head;
  queue.lastWasWait = fact.wait;
  return withQueue(guest, queue);
}

function halted(guest: Guest, fact: FactOf<"QueueHalted">): Guest {
  return withQueue(guest, withError(queueAfter(guest, fact), fact));
}

function errorCleared(guest: Guest, fact: FactOf<"QueueErrorCleared">): Guest {
  return withQueue(guest, withoutError(queueAfter(guest, fact), fact));
}

/** A device owes an answer, if its chart says that it was asked. */
function asked(guest: Guest, fact: FactOf<"DeviceTlbInvalidated">): Guest {
  if (deviceTlb.after(deviceTlb.initial, fact) !== "asked") return guest;
  const { device, pasid, iova, length } = fact;
  const one = { device, pasid, global: fact.global === true, iova, length };
  const unanswered = [...guest.queue.unanswered, one];
  return withQueue(guest, { ...guest.queue, unanswered });
}

/** Those invalidations that their charts still wait for once a fact took effect. */
const stillOwed = (unanswered: Queue["unanswered"], fact: Fact): Queue["unanswered"] =>
  unanswered.filter(() => deviceTlb.after("asked", fact) === "asked");

/** The device has forgotten what the first invalidation that it owed an answer to names. */
function answered(guest: Guest, fact: FactOf<"DeviceTlbAnswered">): Guest {
  const { unanswered } = guest.queue;
  const index = unanswered.findIndex((one) => one.device === fact.device);
  const done = unanswered[index];
  if (done === undefined) return guest;
  const left = unanswered.toSpliced(index, 1, ...stillOwed([done], fact));
  const next = withQueue(guest, { ...guest.queue, unanswered: left });
  if (fact.result === "failed") return next;
  return { ...next, deviceTlbs: invalidationDone(guest.deviceTlbs, done) };
}

function givenUp(guest: Guest, fact: FactOf<"DeviceTlbsGivenUp">): Guest {
  const queue = queueAfter(guest, fact);
  queue.unanswered = stillOwed(queue.unanswered, fact);
  return withQueue(guest, queue);
}

const withWaitDone = (guest: Guest, waitDone: boolean): Guest =>
  withQueue(guest, { ...guest.queue, waitDone });

/** What facts about the invalidation queue, and what devices owe to it, do. */
export const queueEvolvers: Evolvers = {
  QueueEnabled: (guest, fact) => restarted(guest, fact, fact.value),
  QueueDisabled: (guest, fact) => restarted(guest, fact, noQueue.address),
  QueueStarted: moved,
  QueueEmptied: moved,
  QueueDraining: moved,
  QueueDrained: moved,
  QueueResumed: moved,
  DescriptorCompleted: completed,
  QueueHalted: halted,
  CompletionFailed: (guest, fact) => withQueue(guest, withWrongAnswer(guest.queue, fact)),
  QueueErrorCleared: errorCleared,
  WaitCompleted: (guest, fact) => (fact.interrupt ? withWaitDone(guest, true) : guest),
  CompletionCleared: (guest) => withWaitDone(guest, false),
  DeviceTlbInvalidated: asked,
  DeviceTlbAnswered: answered,
  DeviceTlbsGivenUp: givenUp,
};
