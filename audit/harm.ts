import { formatSourceId, hex, iovaOfPage } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { NearMiss } from "../history/near-miss.ts";
import type { Told } from "../history/told.ts";
import { missedBy } from "./cause.ts";
import type { Evidence, Found } from "./finding.ts";
import type { ToldRecord } from "./record.ts";
import { toldBetween } from "./record.ts";
import type { RuleId } from "./rule.ts";
import type { Suspect } from "./suspect.ts";

/** One request that went by what the tables no longer say. */
export interface Misled {
  /** Number of the request's event. */
  readonly seq: number;
  readonly fact: FactOf<"DmaTranslated"> | FactOf<"DmaBlocked">;
  /** What the tables say of the page, in words. */
  readonly says: string;
}

/** A change that was used before it was announced. */
export interface Harm {
  readonly guest: number;
  readonly suspect: Suspect;
  readonly first: Misled;
  last: Misled;
  count: number;
  /** Pages that were used. */
  low: number;
  high: number;
}

export const eventText = (seq: number): string => `event ${seq.toString()}`;

const pageText = (page: number): string => hex(iovaOfPage(page));

/** What a change was of, in words. */
export function changedText({ table, level, source, pasid, did, page }: Suspect): string {
  if (table === "context" || table === "root") {
    return `the ${table} entry of ${formatSourceId(source ?? 0)}`;
  }
  if (table === "PASID entry" || table === "PASID directory") {
    const which = pasid === undefined ? "" : ` of PASID ${hex(pasid)}`;
    return `the ${table}${table === "PASID entry" ? "" : " entry"}${which}`;
  }
  const upper = (level ?? 1) > 1 ? "an upper entry above " : "the entry of ";
  return `${upper}${pageText(page)} in domain ${did.toString()}`;
}

function wentText({ fact, says }: Misled): string {
  const where = `${fact.access} at ${pageText(Number(fact.iova >> 12n))}`;
  const device = formatSourceId(fact.device);
  if (fact.type === "DmaBlocked")
    return `${device}: the ${where} was refused, and the tables ${says}`;
  const to = fact.gpa ?? fact.hpa ?? 0n;
  const what = fact.gpa === undefined ? "host page" : "guest page";
  return `${device}: the ${where} went to ${what} ${hex(to & ~0xfffn)}, and the tables ${says}`;
}

interface Judgement {
  readonly rule: RuleId;
  readonly miss: NearMiss | undefined;
}

function judge(harm: Harm, record: ToldRecord, by: Told | undefined, now: number): Judgement {
  const { suspect, first } = harm;
  const { since, run } = suspect;
  const early = missedBy(toldBetween(record, since, first.seq), suspect, run, since);
  if (early !== undefined) return early;
  if (by !== undefined) return { rule: "announced-too-late", miss: undefined };
  const later = missedBy(toldBetween(record, since, now), suspect, run, since);
  return later ?? { rule: "never-announced", miss: undefined };
}

/** The event at which a rule is broken. */
function placeOf({ rule, miss }: Judgement, { suspect, first }: Harm): number {
  if (miss !== undefined) return miss.seq;
  return rule === "announced-too-late" || suspect.since === 0 ? first.seq : suspect.since;
}

/**
 * What a change that was used unannounced comes to.
 *
 * @param by   the invalidation that announced it at last.
 * @param now  number of the last event that is known.
 */
export function harmFound(
  harm: Harm,
  record: ToldRecord,
  by: Told | undefined,
  now: number,
): Found {
  const { suspect, first, last, count, guest } = harm;
  const judged = judge(harm, record, by, now);
  const { since } = suspect;
  const evidence: Evidence[] = [{ at: first.seq, text: wentText(first) }];
  if (since > 0) evidence.push({ at: since, text: `${changedText(suspect)} was changed` });
  if (judged.miss !== undefined) evidence.push({ at: judged.miss.seq, text: judged.miss.text });
  if (by !== undefined) evidence.push({ at: by.seq, text: "this invalidation announces it" });
  if (count > 1) {
    const text = `the last of ${count.toString()} requests that went by the old entry`;
    evidence.push({ at: last.seq, text });
  }
  const told = judged.miss?.text ?? (by === undefined ? "nothing announced that" : "too late");
  const changed = since > 0 ? `, changed at ${eventText(since)}` : "";
  const end = by === undefined || judged.miss !== undefined ? told : `announced ${told}`;
  return {
    rule: judged.rule,
    at: placeOf(judged, harm),
    guest,
    device: first.fact.device,
    pasid: suspect.pasid,
    domain: suspect.did,
    iova: { first: iovaOfPage(harm.low), end: iovaOfPage(harm.high + 1) },
    text: `${wentText(first)}${changed}; ${end}`,
    evidence,
    count,
  };
}
