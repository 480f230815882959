import type { SourceId } from "../../events/address.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import type { Chunk } from "../../history/columns/chunk.ts";
import { hasEvent, pageIn, presence } from "../../history/columns/chunk.ts";
import { rowOf } from "../../history/columns/columns.ts";
import { eventNumber } from "../../history/columns/event-column.ts";
import { scanAll } from "../../history/columns/scan.ts";
import type { Life } from "../../history/lifeline/life.ts";
import { lifeChanges } from "../../history/lifeline/life-changes.ts";
import type { Long } from "../../history/timeline/bit-by-bit.ts";
import { stepOfEvent } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { FaultGroup, FindingView, SummaryView } from "../protocol.ts";
import { bounded } from "./event-rows.ts";

const blockedEvent = eventNumber("DmaBlocked");
/** Groups of one page that are told apart. */
const mostGroups = 2000;
const mostTold = 200;
const countedAtOnce = 1024;

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

/** What a fact says that columns do not keep: the first of a group stands for all. */
function detailOf(timeline: Timeline, seq: number): Pick<PageGroup, "access" | "host"> {
  const step = stepOfEvent(timeline, seq);
  const fact = step?.facts[seq - step.seq - 1];
  if (fact?.type !== "DmaBlocked") return { access: "", host: undefined };
  return { access: fact.access, host: fact.host };
}

type Found = Omit<PageGroup, "access" | "host">;

interface Pages {
  readonly groups: readonly Found[];
  readonly blocked: number;
}

/** All blocked DMA by page, in the order of the first of each, from columns alone. */
function* pageGroups({ columns }: Timeline): Generator<void, Pages, void> {
  const groups = new Map<string, Found>();
  let blocked = 0;
  const wanted = {
    mayBeIn: (chunk: Chunk) => hasEvent(chunk, [blockedEvent]),
    isAt: (chunk: Chunk, at: number) => chunk.event[at] === blockedEvent,
  };
  for (const seq of scanAll(columns, { from: 1, to: columns.count }, wanted)) {
    blocked += 1;
    if (blocked % countedAtOnce === 0) yield;
    const row = rowOf(columns, seq);
    if (row === undefined) continue;
    const { chunk, at } = row;
    const has = (bit: number): boolean => ((chunk.present[at] as number) & bit) !== 0;
    const [guest, device] = [chunk.plain.guest?.[at] ?? 0, chunk.plain.device?.[at] ?? 0];
    const page = pageIn(chunk, "iova", at);
    const pasid = has(presence.pasid) ? chunk.plain.pasid?.[at] : undefined;
    const reason = has(presence.reason) ? chunk.plain.reason?.[at] : undefined;
    const key = [guest, device, page, pasid, reason].join(" ");
    const known = groups.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.last = seq;
    } else if (groups.size < mostGroups) {
      const of = { guest, device: device as SourceId, page, pasid, reason };
      groups.set(key, { ...of, count: 1, first: seq, last: seq });
    }
  }
  return { groups: [...groups.values()], blocked };
}

/** What had become of the page when the first DMA of a group met it; nothing after that counts. */
function* kindOf(timeline: Timeline, group: PageGroup): Long<FaultGroup["kind"]> {
  if (group.host !== undefined) return "host";
  const { guest, device, page, pasid, first } = group;
  let met: Life | undefined;
  let wasMapped = false;
  for (const { seq, life } of lifeChanges(timeline, { guest, device, page, pasid })) {
    yield;
    if (seq >= first) break;
    wasMapped ||= met?.gpa !== undefined;
    met = life;
  }
  if (met?.state !== "shadowed") return "other";
  if (met.gpa !== undefined) return "not allowed";
  return wasMapped ? "unmapped" : "never mapped";
}

interface Grouped {
  readonly faults: FaultGroup[];
  readonly blocked: number;
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
function* faultGroups(timeline: Timeline): Generator<void, Grouped, void> {
  const { groups, blocked } = yield* pageGroups(timeline);
  const told: { group: FaultGroup; last: PageGroup }[] = [];
  for (const [index, found] of groups.entries()) {
    yield;
    const one: PageGroup = { ...found, ...detailOf(timeline, found.first) };
    const kind = index < mostTold ? yield* kindOf(timeline, one) : "other";
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

/** What to look at first in a run; it can be left at any step. */
export function* summaryView(timeline: Timeline): Generator<void, SummaryView, void> {
  const { faults, blocked } = yield* faultGroups(timeline);
  const { all } = timeline.findings;
  return {
    ...{ faults, blocked },
    findings: all.slice(0, mostFindings).map(findingView),
    findingCount: all.length,
  };
}
