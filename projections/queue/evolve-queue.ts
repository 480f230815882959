import type { Range } from "../../events/address.ts";
import { everyPage, functionMasks, pagesFrom } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { queue as chart } from "../../machines/queue/queue.ts";
import { invalidationDone } from "../device/device-tlb.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import type { Queue } from "./queue.ts";
import { noQueue, withError, withoutError, withWrongAnswer } from "./queue.ts";

/** What an invalidation is asked to cover, as the fact says it. */
type ScopeOf<T extends "ContextInvalidated" | "PasidCacheInvalidated" | "PasidIotlbInvalidated"> =
  Omit<FactOf<T>, "type">;
export type ContextScope = ScopeOf<"ContextInvalidated">;
export type PasidScope = ScopeOf<"PasidCacheInvalidated">;
export type PasidIotlbScope = ScopeOf<"PasidIotlbInvalidated">;
export type IotlbScope = Omit<FactOf<"IotlbInvalidated">, "type">;

/** What contexts and PASID entries are cached under. */
interface Cached {
  readonly source: number;
  readonly did: number;
  /** The PASID by which it was read, in scalable mode. */
  readonly tag: number | undefined;
  /** Why it blocks requests, or 0. */
  readonly reason: number;
}

/**
 * Whether a context-cache invalidation covers what is cached for an entry.
 *
 * Reading: a scalable-mode context has no domain-id, so that its invalidations match source-ids
 * alone, and those of a domain cover every context. An extended one has it.
 *
 * @param ecs  the unit is one of version 2.x.
 */
export function coversContext(scope: ContextScope, entry: Cached, ecs: boolean): boolean {
  if (scope.scope === "global") return true;
  const scalable = !ecs && (entry.tag !== undefined || entry.reason >= 0x30);
  if (!scalable && scope.did !== entry.did) return false;
  if (scope.scope === "domain") return true;
  const mask = functionMasks[scope.mask ?? 0] as number;
  return (entry.source & mask) === ((scope.source ?? 0) & mask);
}

/**
 * Whether a PASID-cache invalidation covers what is cached for an entry.
 *
 * Reading: one of a single PASID covers entries that were not present as well, which are tagged
 * with domain-id 0: Linux announces a new entry with the domain-id that it has now.
 *
 * Reading: in version 2.x entries that were not present are tagged with their own PASID and the
 * domain-id of the context entry, as 2.4 says. Linux 4.4 to 4.20 announces a new entry with PASID 0
 * under caching mode, and says that it does not know why: that covers nothing.
 *
 * @param ecs  the unit is one of version 2.x.
 */
export function coversPasid(scope: PasidScope, entry: Cached, ecs: boolean): boolean {
  if (entry.tag === undefined) return false;
  if (scope.scope === "global") return true;
  if (scope.scope === "domain") return entry.did === scope.did;
  if (entry.tag !== scope.pasid) return false;
  return entry.did === scope.did || (!ecs && entry.did === 0 && entry.reason !== 0);
}

/** The pages that a page-selective invalidation names. */
const pagesOf = (scope: { readonly iova?: bigint; readonly length?: bigint }): Range =>
  pagesFrom(scope.iova ?? 0n, scope.length ?? 0n);

/** The pages that an IOTLB invalidation covers of a domain's second stages, or `undefined`. */
export function coveredRange(scope: IotlbScope, did: number): Range | undefined {
  if (scope.scope === "global") return everyPage;
  if (scope.did !== did) return undefined;
  return scope.scope === "domain" ? everyPage : pagesOf(scope);
}

/** Whether an IOTLB invalidation covers a domain's first stages: all or none of them. */
export const coversFirstStages = (scope: IotlbScope, did: number): boolean =>
  coveredRange(scope, did) !== undefined;

/** The pages that a PASID-based invalidation covers of a first stage, or `undefined`. */
export function coveredOfPasid(
  scope: PasidIotlbScope,
  { did, pasid }: { readonly did: number; readonly pasid: number | undefined },
): Range | undefined {
  if (scope.did !== did) return undefined;
  if (scope.scope === "domain") return everyPage;
  if (scope.pasid !== pasid) return undefined;
  return scope.scope === "pasid" ? everyPage : pagesOf(scope);
}

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
