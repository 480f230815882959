import type { SourceId } from "../events/address.ts";
import { formatSourceId, hex } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import { RemappedEntry } from "../events/interrupt/interrupt-entry.ts";
import type { NearMiss } from "../history/near-miss.ts";
import {
  interruptEntryAddress,
  readInterruptEntry,
} from "../projections/interrupt/interrupt-entry.ts";
import { radixGet } from "../tables/radix.ts";
import { missedBy } from "./cause.ts";
import type { Evidence, Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";
import { factSeq } from "./moment.ts";
import type { ToldRecord } from "./record.ts";
import { toldBetween } from "./record.ts";
import type { RuleId } from "./rule.ts";
import type { Writers } from "./writers.ts";

/** Interrupts of one kind that were let through. */
interface Passed {
  readonly rule: RuleId;
  readonly at: number;
  readonly device: SourceId | undefined;
  readonly text: string;
  readonly evidence: readonly Evidence[];
  count: number;
}

/** Follows interrupt requests. */
export interface InterruptCheck {
  readonly follow: (moment: Moment) => void;
  readonly open: (guest: number, note: Note) => void;
}

/** SVT of an interrupt entry of either kind. */
const svtOf = (entry: bigint): bigint => entry & RemappedEntry.mask("svt");

const deviceText = (source: SourceId | undefined): string =>
  source === undefined ? "a device" : formatSourceId(source);

/** An interrupt that was delivered by an entry that memory no longer has. */
function staleEntry(
  { before, step }: Moment,
  index: number,
  seq: number,
  record: ToldRecord,
  writers: Writers,
): Omit<Passed, "device" | "count"> | undefined {
  const known = radixGet(before.interruptCache, index);
  if (known === undefined) return undefined;
  if (readInterruptEntry(before, index) === known.entry) return undefined;
  const since = writers.last(interruptEntryAddress(before.interruptTable, index), 2);
  const changed = { table: "interrupt entry", did: 0, page: index } as const;
  const told = toldBetween(record, since, step.seq);
  const missed = missedBy(told, changed, { first: index, end: index + 1 }, since);
  const miss: NearMiss | undefined = missed?.miss;
  const changedAt = `interrupt entry ${index.toString()} was changed at ${eventText(since)}`;
  const text = `${changedAt} and was used as it was before at ${eventText(seq)}`;
  return {
    rule: "stale-interrupt-entry",
    at: miss?.seq ?? (since === 0 ? seq : since),
    text: `${text}; ${miss?.text ?? "no invalidation named it in between"}`,
    evidence: [
      { at: since, text: "the entry was changed" },
      ...(miss === undefined ? [] : [{ at: miss.seq, text: miss.text }]),
      { at: seq, text: "an interrupt is delivered by the old entry" },
    ],
  };
}

const isInterrupt = ({ type }: Fact): boolean =>
  type === "InterruptDelivered" || type === "InterruptPosted";

/** What is wrong with an interrupt that a step let through, by a key that tells cases apart. */
function* passedIn(moment: Moment, record: ToldRecord, writers: Writers) {
  const { step, before } = moment;
  for (const [place, fact] of step.facts.entries()) {
    if (fact.type !== "InterruptDelivered" && fact.type !== "InterruptPosted") continue;
    const seq = factSeq(step, place);
    const { index, source: device } = fact;
    if (before.charts.remapping !== "enabled") continue;
    if (index === undefined) {
      const whose = `an interrupt request of ${deviceText(device)}`;
      const text = `${whose} in compatibility format was let through`;
      const evidence = [{ at: seq, text: "it is delivered as it names itself" }];
      const one = { rule: "compatibility-interrupt" as const, at: seq, text, evidence, device };
      yield { key: `compatibility ${String(device)}`, one };
      continue;
    }
    const stale = staleEntry(moment, index, seq, record, writers);
    if (stale !== undefined) yield { key: `stale ${index} ${stale.at}`, one: { ...stale, device } };
    const entry = radixGet(moment.after.interruptCache, index)?.entry ?? 0n;
    if (svtOf(entry) !== 0n) continue;
    const which = `interrupt entry ${index.toString()} (${hex(entry)}) says SVT 0`;
    const text = `${which}: it was used by ${deviceText(device)}, and any device may`;
    const evidence = [{ at: seq, text: "an interrupt is delivered by it" }];
    const one = { rule: "interrupt-source-unchecked" as const, at: seq, text, evidence, device };
    yield { key: `source ${index}`, one };
  }
}

/** Follows one guest. */
export function startInterrupts(record: ToldRecord, writers: Writers): InterruptCheck {
  const known = new Map<string, Passed>();
  return {
    follow: (moment) => {
      if (!moment.step.facts.some(isInterrupt)) return;
      for (const { key, one } of passedIn(moment, record, writers)) {
        const old = known.get(key);
        if (old === undefined) known.set(key, { ...one, count: 1 });
        else old.count += 1;
      }
    },
    open: (guest, note) => {
      for (const one of known.values()) note({ ...one, guest });
    },
  };
}
