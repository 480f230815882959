import type { Fact, FactOf } from "../../events/fact.ts";
import { resolve } from "../../machines/resolve.ts";
import type { World } from "../../projections/world.ts";
import type { Past, Reached } from "./deviation.ts";
import type { Edits } from "./edit.ts";
import { edited } from "./edit.ts";

/** Nothing has happened yet. */
export const noPast = (): Past => ({
  queueAddress: 0n,
  isQueueFresh: true,
  reached: [],
  passing: new Set(),
});

/**
 * What has happened after one more step: its facts, and the translation that it used.
 *
 * @param world  after the step.
 * @param user   the source-id whose DMA the step was, if it was one.
 */
export function pastAfter(
  past: Past,
  facts: readonly Fact[],
  world: World,
  used?: Reached,
  user?: number,
): Past {
  let { queueAddress, isQueueFresh, reached, passing } = past;
  for (const fact of facts) {
    if (fact.type === "QueueEnabled") queueAddress = fact.value;
    if (fact.type === "QueueEnabled") isQueueFresh = true;
    if (fact.type === "DescriptorFetched") isQueueFresh = false;
    if (emptying.has(fact.type)) reached = [];
    if (fact.type === "IotlbInvalidated") reached = reached.filter((use) => !covers(fact, use));
  }
  for (const fact of facts) passing = passingAfter(passing, fact, world);
  if (user !== undefined && isPassing(world, user)) passing = new Set([...passing, user]);
  const all = used === undefined ? reached : [...reached, used];
  return { queueAddress, isQueueFresh, passing, reached: all };
}

/** When QEMU looks whether a device is passed through: at these, and at context invalidations. */
const looking: ReadonlySet<string> = new Set(["RootPointerLatched", "TranslationEnabled"]);

/** Bits of a function number that a context invalidation leaves out of the comparison. */
const ignoredBits = [0, 4, 6, 7] as const;

function passingAfter(passing: ReadonlySet<number>, fact: Fact, world: World): ReadonlySet<number> {
  if (fact.type === "TranslationDisabled") return new Set();
  const isContext = fact.type === "ContextInvalidated";
  if (!isContext && !looking.has(fact.type)) return passing;
  const isOfOne = isContext && fact.scope === "device";
  const compared = 0xffff & ~(isOfOne ? (ignoredBits[fact.mask ?? 0] ?? 0) : 0);
  const isSeen = (source: number): boolean =>
    !isOfOne || (source & compared) === ((fact.source ?? 0) & compared);
  const [guest] = world.guests;
  const sources = Object.values(guest?.devices ?? {}).map(({ requester }) => requester);
  return new Set(
    sources.filter((each) => (isSeen(each) ? isPassing(world, each) : passing.has(each))),
  );
}

/** Faults of reserved bits that QEMU does not look at. */
const reservedFaults: ReadonlySet<number> = new Set([0x42, 0x52, 0x5a]);

/** Whether QEMU, which does not look at some reserved bits, takes a source-id as passed through. */
function isPassing(world: World, source: number): boolean {
  const [guest] = world.guests;
  if (guest === undefined) return false;
  const context = resolve(guest, source, undefined);
  if (context.kind !== "blocked") return context.kind === "passThrough";
  if (!reservedFaults.has(context.reason)) return false;
  const [other] = edited(world, source, unlooked).guests;
  return other !== undefined && resolve(other, source, undefined).kind === "passThrough";
}

const unlooked: Edits = new Set(["context", "reserved"]);

/** What makes QEMU forget every translation. */
const emptying: ReadonlySet<string> = new Set([
  ...["RootPointerLatched", "TranslationEnabled", "TranslationDisabled"],
]);

function covers(fact: FactOf<"IotlbInvalidated">, use: Reached): boolean {
  if (fact.scope === "global") return true;
  if (fact.did !== use.did) return false;
  if (fact.scope === "domain") return true;
  const first = fact.iova ?? 0n;
  return use.last >= first && use.first < first + (fact.length ?? 4096n);
}

/** Earlier uses, by a source-id, of a translation of an address that leads to `gpa`. */
export const usesOf = (
  { reached }: Past,
  source: number,
  iova: bigint,
  gpa: bigint,
): readonly Reached[] =>
  reached.filter(
    (each) =>
      each.source === source &&
      each.first <= iova &&
      iova <= each.last &&
      iova + each.distance === gpa,
  );
