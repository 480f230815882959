import type { Fact, FactOf } from "../events/fact.ts";
import type { World } from "../projections/world.ts";
import type { Past, Reached } from "./deviation.ts";
import type { TargetMemory } from "./known.ts";
import { noContexts } from "./known.ts";

/** Nothing has happened yet. */
export const noPast = (): Past => ({
  queueAddress: 0n,
  isQueueFresh: true,
  reached: [],
  contexts: noContexts,
});

/**
 * What has happened after one more step: its facts, and the translation that it used.
 *
 * @param world  after the step.
 */
export function pastAfter(
  { after, emptying }: TargetMemory,
  past: Past,
  facts: readonly Fact[],
  world: World,
  used: readonly Reached[] = [],
): Past {
  let { queueAddress, isQueueFresh, reached } = past;
  for (const fact of facts) {
    if (fact.type === "QueueEnabled") queueAddress = fact.value;
    if (fact.type === "QueueEnabled") isQueueFresh = true;
    if (fact.type === "DescriptorFetched") isQueueFresh = false;
    if (emptying.has(fact.type)) reached = [];
    if (fact.type === "IotlbInvalidated") reached = reached.filter((use) => !covers(fact, use));
    if (fact.type === "PasidIotlbInvalidated") {
      reached = reached.filter((use) => !coversFirst(fact, use));
    }
  }
  let { contexts } = past;
  for (const fact of facts) contexts = after(contexts, fact, world);
  const all = used.length === 0 ? reached : [...reached, ...used];
  return { queueAddress, isQueueFresh, contexts, reached: all };
}

type Range = Pick<FactOf<"IotlbInvalidated">, "iova" | "length">;

function isWithin({ iova, length = 4096n }: Range, use: Reached): boolean {
  const first = iova ?? 0n;
  return use.last >= first && use.first < first + length;
}

/** An invalidation of pages of a domain covers all of its first stages. */
function covers(fact: FactOf<"IotlbInvalidated">, use: Reached): boolean {
  if (fact.scope === "global") return true;
  if (fact.did !== use.did) return false;
  return fact.scope === "domain" || use.pasid !== undefined || isWithin(fact, use);
}

function coversFirst(fact: FactOf<"PasidIotlbInvalidated">, use: Reached): boolean {
  if (fact.did !== use.did || fact.pasid !== use.pasid) return false;
  return fact.scope === "pasid" || isWithin(fact, use);
}

/** Earlier uses, by a source-id or by any, of a translation of an address that leads to `gpa`. */
export const usesOf = (
  { reached }: Past,
  source: number | undefined,
  iova: bigint,
  gpa: bigint,
): readonly Reached[] =>
  reached.filter(
    (each) =>
      (source === undefined || each.source === source) &&
      each.first <= iova &&
      iova <= each.last &&
      iova + each.distance === gpa,
  );
