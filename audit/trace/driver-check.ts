import type { ChangeFate, DriverHistory } from "./driver-history.ts";
import type { FindingKind, Judge } from "./finding.ts";
import { descriptorText, iovaText, reachOf } from "./reach.ts";

const lineText = (line: number): string => `line ${line.toString()}`;

/** What a change was, and where the unmapped or mapped IOVAs are. */
function subject({ change }: ChangeFate): string {
  const { did, seen } = change;
  const verb = seen.change === "map" ? "mapped" : "unmapped";
  const domain = did === undefined ? "" : ` in domain ${did.toString()}`;
  return `${iovaText(seen)} was ${verb}${domain}`;
}

function report(outcome: ChangeFate, judge: Judge): void {
  const { change } = outcome;
  const { coveredAt } = change;
  const [partly] = change.covered;
  let kind: FindingKind = "missingInvalidation";
  let text = `${subject(outcome)}; no invalidation follows`;
  if (partly !== undefined) {
    kind = "narrowInvalidation";
    const left = change.open.map(iovaText).join(" and ");
    text = `${subject(outcome)}; ${descriptorText(partly.words)} (${lineText(partly.line)})`;
    text += ` leaves ${left === "" ? "a part" : left}`;
  }
  if (coveredAt !== undefined)
    text += `; the next that covers it is at ${lineText(coveredAt.line)}`;
  judge.disagree(kind, change.seen.line, text);
}

/** An unmapping that was announced at once: by an invalidation of the domain that had it mapped? */
function judgeMet(outcome: ChangeFate, judge: Judge): void {
  const { change, owners } = outcome;
  const other = change.covered.find(({ words }) => {
    const { did } = reachOf(words);
    return did !== undefined && owners.size > 0 && !owners.has(did);
  });
  if (other === undefined) judge.agree();
  else {
    const whose = [...owners].map((did) => did.toString()).join(" or ");
    const text = `${iovaText(change.seen)} was unmapped in domain ${whose}; what follows is`;
    const said = `${descriptorText(other.words)} (${lineText(other.line)})`;
    judge.disagree("otherDomain", change.seen.line, `${text} ${said}`);
  }
}

/** An unmapping whose flush came later, or not at all. */
function judgeLazy(outcome: ChangeFate, domains: ReadonlySet<number>, judge: Judge): void {
  const { change } = outcome;
  const { remapped, coveredAt } = change;
  if (remapped !== undefined) {
    const known = change.did !== undefined && remapped.did !== undefined;
    if (known ? change.did === remapped.did : domains.size <= 1) {
      const text = `mapped again at ${lineText(remapped.seen.line)} before an invalidation`;
      judge.disagree("remappedTooEarly", change.seen.line, `${subject(outcome)} and ${text}`);
      return;
    }
    if (!known) {
      judge.notObservable("mapping of an IOVA whose unmapping is pending: in which domain");
      return;
    }
  }
  if (coveredAt !== undefined) judge.agree();
  else judge.undecided("unmapping: the trace ends before the flush queue is emptied");
}

/**
 * Judges whether a driver announced what it mapped and unmapped. In strict mode at once; with a
 * flush queue before the IOVA is mapped again.
 */
export function checkDriver(history: DriverHistory, judge: Judge): void {
  const { outcomes, invalidates, strict, cachingMode, domains } = history;
  if (!invalidates) {
    judge.notObservable(
      "mapping or unmapping: the trace has no IOTLB invalidation at all",
      outcomes.length,
    );
    return;
  }
  for (const outcome of outcomes) {
    const { change, met, late, moved } = outcome;
    const demanded = change.seen.change === "map" ? cachingMode : strict;
    if (!met && moved && demanded) {
      judge.notObservable("change right after a device was moved: whether its domain has any left");
    } else if (change.seen.change === "map") {
      if (met) judge.agree();
      else if (!cachingMode) judge.notObservable("mapping: need not be invalidated, as it seems");
      else if (late) judge.undecided("mapping at the end of the trace");
      else report(outcome, judge);
    } else if (met) judgeMet(outcome, judge);
    else if (!strict) judgeLazy(outcome, domains, judge);
    else if (late) judge.undecided("unmapping at the end of the trace");
    else report(outcome, judge);
  }
}
