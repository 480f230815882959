import type { Judge } from "./finding.ts";
import type { Reach } from "./reach.ts";
import { dropsTranslations, reachOf } from "./reach.ts";
import type { Sequence } from "./sequence.ts";

/** An entry of the ring, waits left out. */
interface Known {
  readonly line: number;
  readonly reach: Reach | undefined;
}

/** What follows a PASID-cache invalidation: the IOTLB's, as wide as a PASID at least. */
const follows = (reach: Reach): boolean => dropsTranslations(reach) && reach.granularity !== "page";

/**
 * Ring entries whose descriptor the unit does not log, in a trace that has PASID-based IOTLB
 * descriptors: they are PASID-cache invalidations, and after one of those the IOTLB's comes next.
 * Where something else comes, it was another descriptor, whose line is missing.
 */
export function checkUnlogged({ entries }: Sequence, judge: Judge): void {
  const known = entries.flatMap((entry): Known[] => {
    if (entry.kind === "unlogged") return [{ line: entry.line, reach: undefined }];
    const reach = reachOf(entry.words);
    return reach.name === "wait" ? [] : [{ line: entry.line, reach }];
  });
  if (!known.some(({ reach }) => reach?.name === "pasidIotlb")) return;
  for (const [index, { line, reach }] of known.entries()) {
    const next = known[index + 1];
    if (reach !== undefined || next === undefined) continue;
    if (next.reach !== undefined && follows(next.reach)) judge.agree();
    else {
      const text = "the unit fetched an entry without a descriptor here, and no wide IOTLB";
      judge.disagree("missingDescriptor", line, `${text} invalidation is next: not PASID-cache`);
    }
  }
}
