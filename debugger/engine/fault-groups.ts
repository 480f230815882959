import type { SourceId } from "../../events/address.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import { hasEvent } from "../../history/columns/chunk.ts";
import { eventNumber } from "../../history/columns/event-column.ts";
import { scanAll } from "../../history/columns/scan.ts";
import type { Interval } from "../../history/lifeline/lifeline.ts";
import { lifelineOf } from "../../history/lifeline/lifeline.ts";
import { stepOfEvent } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { FaultGroup, FindingView, SummaryView } from "../protocol.ts";
import { bounded } from "./event-rows.ts";

const blockedEvent = eventNumber("DmaBlocked");
/** Groups of one page that are told apart; blocked DMA that is looked at. */
const mostGroups = 4000;
const mostLooked = 200_000;
const mostTold = 200;

/** Blocked DMA of one device to one page, for one reason. */
interface PageGroup {
  readonly guest: number;
  readonly device: SourceId;
  readonly page: number;
  readonly pasid: number | undefined;
  readonly access: string;
  readonly reason: number | undefined;
  readonly host: string | undefined;
  count: number;
  readonly first: number;
  last: number;
}

/** All blocked DMA by page, in the order of the first of each. */
function pageGroups(timeline: Timeline): { groups: readonly PageGroup[]; blocked: number } {
  const groups = new Map<string, PageGroup>();
  let blocked = 0;
  const { columns } = timeline;
  const wanted = {
    mayBeIn: (chunk: Parameters<typeof hasEvent>[0]) => hasEvent(chunk, [blockedEvent]),
    isAt: (chunk: Parameters<typeof hasEvent>[0], at: number) => chunk.event[at] === blockedEvent,
  };
  for (const seq of scanAll(columns, { from: 1, to: columns.count }, wanted)) {
    blocked += 1;
    if (blocked > mostLooked || groups.size > mostGroups) continue;
    const step = stepOfEvent(timeline, seq);
    const fact = step?.facts[seq - step.seq - 1];
    if (fact?.type !== "DmaBlocked") continue;
    const { guest = 0, device, pasid, access, reason, host } = fact;
    const page = Number(fact.iova / 4096n);
    const key = [guest, device, page, pasid, access, reason, host].join(" ");
    const known = groups.get(key);
    if (known === undefined) {
      const of = { guest, device, page, pasid, access, reason, host };
      groups.set(key, { ...of, count: 1, first: seq, last: seq });
    } else {
      known.count += 1;
      known.last = seq;
    }
  }
  return { groups: [...groups.values()], blocked };
}

const hasPage = ({ life }: Interval): boolean => life.gpa !== undefined;

/** What had become of the page when the first DMA of a group met it. */
function kindOf(timeline: Timeline, group: PageGroup): FaultGroup["kind"] {
  if (group.host !== undefined) return "host";
  const { guest, device, page, pasid, first } = group;
  const { intervals } = lifelineOf(timeline, { guest, device, page, pasid });
  const met = intervals.findLastIndex(({ from }) => from < first);
  const interval = intervals[met];
  if (interval === undefined || interval.life.state !== "shadowed") return "other";
  if (hasPage(interval)) return "not allowed";
  return intervals.slice(0, met).some(hasPage) ? "unmapped" : "never mapped";
}

/** Whether a group continues another, in the next page. */
const isNext = (group: FaultGroup, last: PageGroup, next: PageGroup, kind: string): boolean =>
  group.kind === kind &&
  last.device === next.device &&
  last.access === next.access &&
  last.reason === next.reason &&
  last.pasid === next.pasid &&
  last.guest === next.guest &&
  next.page === last.page + 1;

/** Blocked DMA that is alike, in pages side by side; pages that were unmapped first. */
export function faultGroups(timeline: Timeline): { faults: FaultGroup[]; blocked: number } {
  const { groups, blocked } = pageGroups(timeline);
  const told: { group: FaultGroup; last: PageGroup }[] = [];
  for (const [index, one] of groups.entries()) {
    const kind = index < mostTold ? kindOf(timeline, one) : "other";
    const before = told.at(-1);
    if (before !== undefined && isNext(before.group, before.last, one, kind)) {
      const { group } = before;
      const count = group.count + one.count;
      const last = Math.max(group.last, one.last);
      told[told.length - 1] = {
        group: { ...group, pages: group.pages + 1, count, last },
        last: one,
      };
      continue;
    }
    const reason = one.reason === undefined ? (one.host ?? "") : faultText(one.reason);
    const device = formatSourceId(one.device);
    const group: FaultGroup = {
      ...{ device, kind, pages: 1, access: one.access, reason: bounded(reason) },
      iova: hex(BigInt(one.page) << 12n),
      ...{ count: one.count, first: one.first, last: one.last },
    };
    told.push({ group, last: one });
  }
  const rank = ({ kind }: FaultGroup): number => (kind === "unmapped" ? 0 : 1);
  const faults = told.map(({ group }) => group).sort((a, b) => rank(a) - rank(b));
  return { faults: faults.slice(0, 500), blocked };
}

const mostFindings = 500;

/** A law that did not hold, as it is listed. */
export const findingView = (one: FindingView): FindingView => ({ ...one, text: bounded(one.text) });

/** What to look at first in a run. */
export function summaryView(timeline: Timeline): SummaryView {
  const { faults, blocked } = faultGroups(timeline);
  const { all } = timeline.findings;
  return {
    ...{ faults, blocked },
    findings: all.slice(0, mostFindings).map(findingView),
    findingCount: all.length,
  };
}
