import { hex, pageOf } from "../events/address.ts";
import type { InputOf } from "../events/input.ts";
import type { Outcome } from "../history/misled.ts";
import { askedBy, hostMet, misledBy } from "../history/misled.ts";
import type { Told } from "../history/told.ts";
import { faultOf } from "../hypervisor/device/page-answer.ts";
import type { Ways } from "../hypervisor/translate/page-views.ts";
import type { Note } from "./finding.ts";
import type { Harm, Misled } from "./harm.ts";
import { harmFound } from "./harm.ts";
import type { Moment } from "./moment.ts";
import type { ToldRecord } from "./record.ts";
import { hasGoneOn } from "./record.ts";
import type { Suspect } from "./suspect.ts";
import { isOpen, markedSuspect, walkedSuspect } from "./suspect.ts";
import type { Writers } from "./writers.ts";

/** Changes in use that are followed at most. */
const most = 4096;

type Request = InputOf<"Dma"> | InputOf<"DmaIssue">;

/** Follows requests that go by what the tables no longer say. */
export interface Uses {
  readonly follow: (moment: Moment) => void;
  /** Some invalidations were executed. */
  readonly told: (moment: Moment, told: readonly Told[]) => void;
  /** What is not announced by the end: of one change as it is now. */
  readonly open: (now: number, note: Note) => void;
  /** Requests that went by a change of an event so far. */
  readonly countOf: (since: number) => number;
}

/** What a step did to the request that it is. */
function outcomeOf({ step }: Moment): Outcome | undefined {
  for (const fact of step.facts) {
    if (fact.type === "DmaTranslated" || fact.type === "DmaBlocked") return fact;
    if (fact.type === "InterruptRequested") return undefined;
  }
  return undefined;
}

/** What the tables say of a page, in words. */
function saysText({ walked }: Ways, write: boolean): string {
  const access = write ? "write" : "read";
  if (faultOf(walked, write) !== 0) return `do not allow the ${access} any more`;
  if (walked.gfn === undefined) return "map it";
  return `map it to ${hex(BigInt(walked.gfn) << 12n)}`;
}

/** The change that misled a request, if one did. */
function suspectOf(moment: Moment, request: Request, outcome: Outcome, writers: Writers) {
  const { before, step, index } = moment;
  const ways = misledBy(before, request, outcome);
  const host = ways && hostMet(before, request);
  if (ways === undefined || host === undefined) return undefined;
  const page = pageOf(request.iova);
  const asked = askedBy(request, outcome);
  const { device } = request;
  const suspect =
    markedSuspect(before, host, page) ??
    walkedSuspect(step.before, index, device, host, page, asked, writers);
  return { suspect, says: saysText(ways, asked.write) };
}

const keyOf = ({ since, table, host, did }: Suspect): string =>
  [since, table, host.source, host.pasid ?? "", did].join();

function startHarm(guest: number, suspect: Suspect, first: Misled): Harm {
  const { page } = suspect;
  return { guest, suspect, first, last: first, count: 0, low: page, high: page };
}

const announces = ({ announced, entries }: Told, { since }: Suspect): boolean =>
  entries.includes(since) || announced.some((one) => one.since === since);

/** Follows one guest. */
export function startUses(record: ToldRecord, writers: Writers, note: Note): Uses {
  const harms = new Map<string, Harm>();
  const counts = new Map<number, number>();
  return {
    follow: (moment) => {
      const { step, before, index } = moment;
      const { input, seq } = step;
      if (input.type !== "Dma" && input.type !== "DmaIssue") return;
      if (input.translated === true || before.charts.translation !== "enabled") return;
      const fact = outcomeOf(moment);
      const found = fact && suspectOf(moment, input, fact, writers);
      if (fact === undefined || found === undefined) return;
      const { suspect, says } = found;
      counts.set(suspect.since, (counts.get(suspect.since) ?? 0) + 1);
      const key = keyOf(suspect);
      const misled = { seq, fact, says };
      const harm = harms.get(key) ?? startHarm(index, suspect, misled);
      harm.count += 1;
      harm.last = misled;
      harm.low = Math.min(harm.low, suspect.page);
      harm.high = Math.max(harm.high, suspect.page);
      if (harms.size < most) harms.set(key, harm);
    },
    told: ({ after }, told) => {
      for (const [key, harm] of harms) {
        if (isOpen(harm.suspect, after, told)) continue;
        harms.delete(key);
        const by = told.find((one) => announces(one, harm.suspect)) ?? told[0];
        note(harmFound(harm, record, by, by?.seq ?? 0));
      }
    },
    open: (now, tell) => {
      for (const harm of harms.values()) {
        // While the log grows, an announcement may still come.
        if (!record.isWhole && !hasGoneOn(record, harm.first.seq, now)) continue;
        tell(harmFound(harm, record, undefined, now));
      }
    },
    countOf: (since) => counts.get(since) ?? 0,
  };
}
