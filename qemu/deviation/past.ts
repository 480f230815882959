import type { Fact } from "../../events/fact.ts";
import type { Past, Reached } from "./deviation.ts";

/** Nothing has happened yet. */
export const noPast = (): Past => ({ queueAddress: 0n, reached: [] });

/** What has happened after one more step: its facts, and the translation that it used. */
export function pastAfter(past: Past, facts: readonly Fact[], used: Reached | undefined): Past {
  let { queueAddress } = past;
  for (const fact of facts) if (fact.type === "QueueEnabled") queueAddress = fact.value;
  return { queueAddress, reached: used === undefined ? past.reached : [...past.reached, used] };
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
