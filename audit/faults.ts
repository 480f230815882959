import type { SourceId } from "../events/address.ts";
import { formatSourceId, hex, iovaOfPage, pageOf } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { faultReasons, reason } from "../events/fault/fault-reason.ts";
import type { Announced, Told } from "../history/told.ts";
import { faultOf } from "../hypervisor/device/page-answer.ts";
import type { Asked } from "../hypervisor/translate/guest-answer.ts";
import { waysOf } from "../hypervisor/translate/page-views.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { hasFrame } from "../tables/mapping.ts";
import type { PageTree } from "../tables/page-tree.ts";
import { emptyTree, fill, get } from "../tables/page-tree.ts";
import { forEachRun } from "../tables/page-tree-range.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";
import { factSeq } from "./moment.ts";
import type { RuleId } from "./rule.ts";

/** Faults of one cause. */
interface Group {
  readonly rule: RuleId;
  readonly at: number;
  readonly device: SourceId;
  readonly pasid: number | undefined;
  readonly domain: number | undefined;
  readonly what: string;
  readonly evidence: { readonly at: number; readonly text: string }[];
  low: number;
  high: number;
  last: number;
  count: number;
}

/** Groups the requests that faulted by their cause. */
export interface FaultCheck {
  readonly follow: (moment: Moment) => void;
  readonly told: (guest: Guest, told: Told) => void;
  readonly open: (guest: number, note: Note) => void;
}

const denials: ReadonlySet<number> = new Set([
  ...[reason.writeDenied, reason.readDenied, reason.firstStageNotPresent],
  ...[reason.secondStageDenied, reason.scalableWriteDenied, reason.scalableReadDenied],
]);

const isReserved = (code: number): boolean =>
  /Reserved$/.test(faultReasons.get(code)?.name ?? "") && code !== reason.interruptReserved;

/** Whether a page can be read that may not be written. */
function isReadOnly(guest: Guest, { device, iova, pasid, access }: FactOf<"DmaBlocked">): boolean {
  if (access !== "write") return false;
  const asked: Asked = { write: false, pasid, execute: false, privileged: false };
  return faultOf(waysOf(guest, device, pageOf(iova), asked).walked, false) === 0;
}

/** Pages of a change that are noted one by one. */
const few = 64;

/** When pages of each domain were unmapped last. */
interface Unmapped {
  readonly note: (announced: Announced) => void;
  readonly at: (did: number | undefined, page: number) => number;
}

function startUnmapped(): Unmapped {
  const trees = new Map<number, PageTree>();
  /** Of changes of few pages, page by page: a tree costs more. */
  const pages = new Map<number, Map<number, number>>();
  return {
    note: ({ shadow, since, first, end }) => {
      if (end - first <= few) {
        const known = pages.get(shadow.did) ?? new Map<number, number>();
        if (known.size === 0) pages.set(shadow.did, known);
        for (let page = first; page < end; page++) {
          if (hasFrame(get(shadow.stage, page))) known.set(page, since);
        }
        return;
      }
      let tree = trees.get(shadow.did) ?? emptyTree(5, false);
      forEachRun(shadow.stage, first, end, (page, count, value) => {
        if (hasFrame(value)) tree = fill(tree, page, page + count, since);
      });
      trees.set(shadow.did, tree);
    },
    at: (did = -1, page) =>
      Math.max(get(trees.get(did) ?? emptyTree(5, false), page), pages.get(did)?.get(page) ?? 0),
  };
}

interface Cause {
  readonly rule: RuleId;
  readonly what: string;
  /** The event that brought it about, where one did. */
  readonly since: number;
}

function causeOf(guest: Guest, fact: FactOf<"DmaBlocked">, unmappedAt: number): Cause {
  const { reason: code = 0, access, device } = fact;
  const who = formatSourceId(device);
  const text = faultReasons.get(code)?.text ?? `Reason ${hex(code)}.`;
  if (isReserved(code)) return { rule: "reserved-bits", what: `${who}: ${text}`, since: 0 };
  if (!denials.has(code)) {
    return { rule: "fault", what: `${who}: ${access}s were refused. ${text}`, since: 0 };
  }
  if (isReadOnly(guest, fact)) {
    return { rule: "write-to-read-only", what: `${who} wrote to read-only pages.`, since: 0 };
  }
  if (unmappedAt !== 0) {
    const what = `${who} used pages after they were unmapped.`;
    return { rule: "use-after-unmap", what, since: unmappedAt };
  }
  return { rule: "use-of-unmapped", what: `${who} used pages that were not mapped.`, since: 0 };
}

/** Whether the tables allow what was refused: a change that nothing announced, told elsewhere. */
function isMisled(guest: Guest, { device, iova, pasid, access }: FactOf<"DmaBlocked">): boolean {
  const asked: Asked = { write: access === "write", pasid, execute: false, privileged: false };
  return faultOf(waysOf(guest, device, pageOf(iova), asked).walked, asked.write) === 0;
}

function add(group: Group, page: number, seq: number): void {
  group.count += 1;
  group.last = seq;
  group.low = Math.min(group.low, page);
  group.high = Math.max(group.high, page);
}

function noteGroup(group: Group, guest: number, note: Note): void {
  const { rule, at, device, pasid, domain, what, evidence, low, high, last, count } = group;
  const range = { first: iovaOfPage(low), end: iovaOfPage(high + 1) };
  const where = `${hex(range.first)} to ${hex(range.end - 1n)}`;
  const times = count === 1 ? "once" : `${count.toString()} times`;
  const to = count === 1 ? `at ${eventText(at)}` : `from ${eventText(at)} to ${eventText(last)}`;
  const text = `${what.replace(/\.$/, "")}: ${times}, ${to}, in ${where}`;
  const more = [...evidence, ...(count > 1 ? [{ at: last, text: "the last one" }] : [])];
  note({ rule, at, guest, device, pasid, domain, iova: range, text, evidence: more, count });
}

/** Follows one guest. */
export function startFaults(): FaultCheck {
  const groups = new Map<string, Group>();
  const unmapped = startUnmapped();
  const blocked = ({ before }: Moment, fact: FactOf<"DmaBlocked">, seq: number): void => {
    const { device, pasid, iova, reason: code, access } = fact;
    if (code === undefined) return;
    const requester = deviceAt(before, device)?.requester ?? device;
    const host = hostAt(before.hosts, requester, pasid);
    if (host !== undefined && isMisled(before, fact)) return;
    const page = pageOf(iova);
    const { rule, what, since } = causeOf(before, fact, unmapped.at(host?.did, page));
    const key = [rule, device, pasid ?? "", host?.did ?? "", code, access].join();
    const evidence = [{ at: seq, text: `the ${access} at ${hex(iova)} is refused` }];
    if (since !== 0) evidence.unshift({ at: since, text: "the page is unmapped" });
    const one = { rule, at: seq, device, pasid, domain: host?.did, what, evidence };
    const group = groups.get(key) ?? { ...one, low: page, high: page, last: seq, count: 0 };
    add(group, page, seq);
    groups.set(key, group);
  };
  return {
    follow: (moment) => {
      const place = moment.step.facts.findIndex(({ type }) => type === "DmaBlocked");
      const fact = moment.step.facts[place];
      if (fact?.type === "DmaBlocked") blocked(moment, fact, factSeq(moment.step, place));
    },
    told: (_guest, { announced, left }) => {
      for (const one of [...announced, ...left]) unmapped.note(one);
    },
    open: (guest, note) => {
      for (const group of groups.values()) noteGroup(group, guest, note);
    },
  };
}
