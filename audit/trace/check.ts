import type { Profile } from "../../events/profile/profile.ts";
import { checkCache } from "./cache-check.ts";
import { checkDescriptor } from "./descriptor-check.ts";
import { checkDeviceTlbs } from "./device-tlb-check.ts";
import { checkDriver } from "./driver-check.ts";
import { driverHistory } from "./driver-history.ts";
import { withWholeFaults } from "./faults.ts";
import type { Finding, Judge, Verdicts } from "./finding.ts";
import { startJudge } from "./finding.ts";
import { checkFlushes } from "./flush-check.ts";
import { countCompatibility } from "./format-check.ts";
import { checkInterruptEntries } from "./interrupt-check.ts";
import type { Observation } from "./observation.ts";
import { checkAttachments, checkContextOrder } from "./order-check.ts";
import { kindOf, reachOf } from "./reach.ts";
import { checkRing } from "./ring-check.ts";
import type { Trace, TraceFormat, Unparsed } from "./seen-trace.ts";
import { sequenceOf } from "./sequence.ts";
import type { ToldFault } from "./told-fault.ts";
import { toldFaults } from "./told-fault.ts";
import { checkUnlogged } from "./unlogged-check.ts";
import { checkUses } from "./use-check.ts";

/** How a driver announces changes, as the trace lets infer. */
export interface DriverMode {
  /** `strict`: at once; `lazy`: by a flush queue. */
  readonly unmap: "strict" | "lazy";
  readonly cachingMode: boolean;
}

/** What a trace says and what is wrong with it. */
export interface TraceReport {
  readonly format: TraceFormat;
  readonly lines: number;
  /** Lines that are events of the trace's own. */
  readonly understood: number;
  readonly unparsed: Unparsed;
  /** Lines that are none of the trace, by what they are. */
  readonly passedBy: Readonly<Record<string, number>>;
  /** Descriptors by type and granularity, waits too. */
  readonly invalidations: Readonly<Record<string, number>>;
  /** Where mappings and invalidations are in the trace. */
  readonly driver?: DriverMode;
  /** Places where the trace says that events were lost. */
  readonly lost: number;
  /** Faults that are told of, with all that is told. */
  readonly faults: readonly ToldFault[];
  readonly verdicts: Verdicts;
  readonly notObservable: Readonly<Record<string, number>>;
  /** By what the trace ends too early for. */
  readonly undecided: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

function tally(kinds: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What of invalidations no trace without memory can tell. */
function countUnseen(observations: readonly Observation[], judge: Judge): void {
  const isEntry = (seen: Observation): boolean =>
    seen.kind === "invalidated" && reachOf(seen.words).name === "interruptEntry";
  const known = observations.some(({ kind }) => kind === "interruptEntryRead");
  const count = known ? 0 : observations.filter(isEntry).length;
  judge.notObservable("interrupt entry invalidation: which entries changed", count);
}

/**
 * Judges a trace by itself.
 *
 * @param profile  what the unit supports, where that is known: descriptors are held against it.
 */
export function checkTrace(trace: Trace, profile?: Profile): TraceReport {
  const { format, lines, understood, unparsed, passedBy } = trace;
  const observations = withWholeFaults(trace.observations);
  const { judge, judged } = startJudge(trace.notObservable);
  const sequence = sequenceOf(observations);
  const { entries, holes } = sequence;
  for (const { kind, line, text } of holes) judge.disagree(kind, line, text);
  for (const entry of entries) {
    if (entry.kind === "invalidated") checkDescriptor(entry, profile, judge);
  }
  const history = driverHistory(observations);
  checkDriver(history, judge);
  checkRing(observations, judge);
  checkUnlogged(sequence, judge);
  checkCache(observations, judge);
  checkUses(observations, judge);
  checkInterruptEntries(observations, judge);
  checkContextOrder(observations, judge);
  checkAttachments(observations, judge);
  checkDeviceTlbs(observations, judge);
  checkFlushes(observations, judge);
  countUnseen(observations, judge);
  countCompatibility(observations, judge);
  const kinds = entries.map((one) => (one.kind === "unlogged" ? "not logged" : kindOf(one.words)));
  const { strict, cachingMode, invalidates, outcomes } = history;
  const mode: DriverMode = { unmap: strict ? "strict" : "lazy", cachingMode };
  return {
    format,
    lines,
    understood,
    unparsed,
    passedBy,
    invalidations: tally(kinds),
    ...(invalidates && outcomes.length > 0 ? { driver: mode } : {}),
    faults: toldFaults(observations),
    lost: observations.filter(({ kind }) => kind === "eventsLost").length,
    ...judged(),
  };
}
