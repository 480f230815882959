import type { Fact, FactOf } from "../../events/fact.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { queue as chart } from "../../machines/queue/queue.ts";
import { invalidationDone } from "../device/device-tlb.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
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

/** The chart alone moves. */
function move(guest: Draft<Guest>, fact: Fact): void {
  guest.queue = queueAfter(guest, fact);
}

/** A queue that was enabled or disabled is at its start. */
function restart(guest: Draft<Guest>, fact: Fact, address: bigint): void {
  const { head, lastWasWait, unanswered } = noQueue;
  guest.queue = { ...queueAfter(guest, fact), address, head, lastWasWait, unanswered };
}

function complete(guest: Draft<Guest>, fact: FactOf<"DescriptorCompleted">): void {
  const queue = queueAfter(guest, fact);
  queue.head = fact.head;
  queue.lastWasWait = fact.wait;
  guest.queue = queue;
}

function halt(guest: Draft<Guest>, fact: FactOf<"QueueHalted">): void {
  guest.queue = withError(queueAfter(guest, fact), fact);
}

function clearError(guest: Draft<Guest>, fact: FactOf<"QueueErrorCleared">): void {
  guest.queue = withoutError(queueAfter(guest, fact), fact);
}

/** A device owes an answer, if its chart says that it was asked. */
function ask(guest: Draft<Guest>, fact: FactOf<"DeviceTlbInvalidated">): void {
  if (deviceTlb.after(deviceTlb.initial, fact) !== "asked") return;
  const { device, pasid, iova, length } = fact;
  const one = { device, pasid, global: fact.global === true, iova, length };
  const unanswered = [...guest.queue.unanswered, one];
  guest.queue = { ...guest.queue, unanswered };
}

/** Those invalidations that their charts still wait for once a fact took effect. */
const stillOwed = (unanswered: Queue["unanswered"], fact: Fact): Queue["unanswered"] =>
  unanswered.filter(() => deviceTlb.after("asked", fact) === "asked");

/** The device has forgotten what the first invalidation that it owed an answer to names. */
function answer(guest: Draft<Guest>, fact: FactOf<"DeviceTlbAnswered">): void {
  const { unanswered } = guest.queue;
  const index = unanswered.findIndex((one) => one.device === fact.device);
  const done = unanswered[index];
  if (done === undefined) return;
  const left = unanswered.toSpliced(index, 1, ...stillOwed([done], fact));
  guest.queue = { ...guest.queue, unanswered: left };
  if (fact.result === "failed") return;
  guest.deviceTlbs = invalidationDone(guest.deviceTlbs, done);
}

function giveUp(guest: Draft<Guest>, fact: FactOf<"DeviceTlbsGivenUp">): void {
  const queue = queueAfter(guest, fact);
  queue.unanswered = stillOwed(queue.unanswered, fact);
  guest.queue = queue;
}

function setWaitDone(guest: Draft<Guest>, waitDone: boolean): void {
  guest.queue = { ...guest.queue, waitDone };
}

/** What facts about the invalidation queue, and what devices owe to it, do. */
export const queueEvolvers: Evolvers = {
  QueueEnabled: (guest, fact) => restart(guest, fact, fact.value),
  QueueDisabled: (guest, fact) => restart(guest, fact, noQueue.address),
  QueueStarted: move,
  QueueEmptied: move,
  QueueDraining: move,
  QueueDrained: move,
  QueueResumed: move,
  DescriptorCompleted: complete,
  QueueHalted: halt,
  CompletionFailed: (guest, fact) => {
    guest.queue = withWrongAnswer(guest.queue, fact);
  },
  QueueErrorCleared: clearError,
  WaitCompleted: (guest, fact) => {
    if (fact.interrupt) setWaitDone(guest, true);
  },
  CompletionCleared: (guest) => setWaitDone(guest, false),
  DeviceTlbInvalidated: ask,
  DeviceTlbAnswered: answer,
  DeviceTlbsGivenUp: giveUp,
};
