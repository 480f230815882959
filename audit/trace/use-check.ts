import { formatSourceId, hex } from "../../events/address.ts";
import { judgeFault } from "./fault-check.ts";
import type { Judge } from "./finding.ts";
import type { Faulted, MappingChanged, Observation } from "./observation.ts";

/** Unmappings that are looked through for the address of a fault; older ones are forgotten. */
const remembered = 4096;

const contains = ({ first, end }: MappingChanged, iova: bigint | undefined): boolean =>
  iova !== undefined && first <= iova && iova < end;

/** The newest change of the page that faulted, with whose unmapping it began. */
function newestOf(changes: readonly MappingChanged[], { iova }: Faulted) {
  return changes.findLast((one) => contains(one, iova));
}

/**
 * Faults that a driver reports: on an IOVA whose newest change is an unmapping, the device used it
 * afterwards. Others are not observable.
 */
export function checkUses(observations: readonly Observation[], judge: Judge): void {
  if (!observations.some(({ kind }) => kind === "mappingChanged")) return;
  let changes: MappingChanged[] = [];
  for (const seen of observations) {
    if (seen.kind === "mappingChanged") {
      changes.push(seen);
      if (changes.length > 2 * remembered) changes = changes.slice(remembered);
    } else if (seen.kind === "faulted") {
      const newest = newestOf(changes, seen);
      if (newest?.change !== "unmap") {
        judgeFault(seen, judge);
        continue;
      }
      const where = `${formatSourceId(seen.source ?? 0)} at ${hex(seen.iova ?? 0n)}`;
      const text = `${where} faults; line ${newest.line.toString()} unmapped it`;
      judge.disagree("usedAfterUnmap", seen.line, text);
    }
  }
}
