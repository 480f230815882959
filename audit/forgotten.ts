import type { Range } from "../events/address.ts";
import { hex, iovaOfPage } from "../events/address.ts";
import type { Announced, Told } from "../history/told.ts";
import { walkTables } from "../hypervisor/shadow/walk-second-stage.ts";
import type { Guest } from "../projections/guest.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { shadowAt, shadowsOf } from "../projections/shadow/shadow.ts";
import { flagsOf, frameOf, hasFrame } from "../tables/mapping.ts";
import { capacity, get } from "../tables/page-tree.ts";
import { forEachSlot } from "../tables/page-tree-range.ts";
import { missedBy } from "./cause.ts";
import type { Evidence, Found, Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { ToldRecord } from "./record.ts";
import { between, hasGoneOn, toldBetween } from "./record.ts";

/** Invalidations of other pages after which a change that is still open was forgotten. */
const patience = 8;
/** The share of changes that are announced by the next invalidation from which that is the rule. */
const share = 0.9;
const fewest = 20;
/** Changes that are kept until the rule is known. */
const most = 256;

/** A change that was not announced when the driver had long gone on. */
interface Forgotten extends Range {
  readonly did: number;
  readonly since: number;
  /** What the shadow had of its first page, and what the tables have. */
  readonly was: number;
  readonly is: number;
  readonly by: Told | undefined;
}

/** Finds changes that nothing announced, though no request showed it. */
export interface ForgottenChanges {
  readonly told: (guest: Guest, told: Told) => void;
  /** Shadows are dropped: what is open in them is announced by nothing any more. */
  readonly dropped: (before: Guest, after: Guest, now: number) => void;
  readonly open: (guest: Guest, now: number, note: Note) => void;
}

const mapText = (mapping: number): string =>
  hasFrame(mapping) ? `mapped to ${hex(iovaOfPage(frameOf(mapping)))}` : "not mapped";

function found(change: Forgotten, guest: number, record: ToldRecord, now: number): Found {
  const { did, since, first, end, was, is, by } = change;
  const told = toldBetween(record, since, by?.seq ?? now + 1);
  const changed = { table: "second stage", did, page: first } as const;
  const missed = missedBy(told, changed, { first, end }, since);
  const range = { first: iovaOfPage(first), end: iovaOfPage(end) };
  const where = `${hex(range.first)} to ${hex(range.end - 1n)} in domain ${did.toString()}`;
  const made = `${where}: ${mapText(was)}, and since ${eventText(since)} ${mapText(is)}`;
  const evidence: Evidence[] = [{ at: since, text: "the entry was changed" }];
  if (missed !== undefined) evidence.push({ at: missed.miss.seq, text: missed.miss.text });
  if (by !== undefined) {
    evidence.push({ at: by.seq, text: "the next invalidation that covers it, of something else" });
  }
  const then =
    by === undefined ? "nothing covers it" : `nothing covers it until event ${by.seq.toString()}`;
  return {
    rule: missed?.rule ?? "never-announced",
    at: missed?.miss.seq ?? since,
    guest,
    domain: did,
    iova: range,
    text: `${made}; ${missed?.miss.text ?? then}`,
    evidence,
  };
}

const isSame = (a: number, b: number): boolean =>
  frameOf(a) === frameOf(b) && (flagsOf(a) & 63) === (flagsOf(b) & 63);

const nowIn = (guest: Guest, { root, levels }: Shadow, page: number): number =>
  walkTables(guest, root, levels, page);

/** The open changes of a shadow that a device is attached to, where they come to something. */
function openIn(guest: Guest, shadow: Shadow): readonly Forgotten[] {
  const found: Forgotten[] = [];
  const { pending, stage, did } = shadow;
  const used = hostsWhere(guest.hosts, (one) => one.shadow === shadow.id);
  if (used.length === 0) return found;
  forEachSlot(pending, 0, capacity(pending), (first, count, mark) => {
    if (mark === 0 || found.length >= most) return;
    const since = Math.floor(mark / 2);
    const last = found.at(-1);
    const [was, is] = [get(stage, first), nowIn(guest, shadow, first)];
    if (isSame(was, is)) return;
    if (last?.end === first && last.since === since) {
      found[found.length - 1] = { ...last, end: first + count };
    } else found.push({ did, since, first, end: first + count, was, is, by: undefined });
  });
  return found;
}

/** Whether the driver has done other things since a change, so that nothing is to come of it. */
const isLeft = (record: ToldRecord, { since, was }: Forgotten, now: number): boolean =>
  hasFrame(was)
    ? hasGoneOn(record, since, now)
    : between(record.flushes, since, now + 1) >= patience;

/** Follows one guest. */
export function startForgotten(
  index: number,
  record: ToldRecord,
  isUsed: (since: number) => boolean,
): ForgottenChanges {
  const late: Forgotten[] = [];
  let [prompt, all] = [0, 0];
  const count = ({ since }: { readonly since: number }, seq: number): number =>
    between(record.flushes, since, seq);
  const announced = (guest: Guest, one: Announced, by: Told): void => {
    const after = count(one, by.seq);
    all += 1;
    if (after === 0) prompt += 1;
    if (after < patience || late.length >= most || isUsed(one.since)) return;
    const { shadow, since, first, end } = one;
    const [was, is] = [get(shadow.stage, first), nowIn(guest, shadow, first)];
    // What was not mapped before may be announced at any time before it is used.
    if (hasFrame(was) && !isSame(was, is)) {
      late.push({ did: shadow.did, since, first, end, was, is, by });
    }
  };
  const isStrict = (): boolean => all === 0 || prompt >= share * all;
  return {
    dropped: (before, after, now) => {
      for (const shadow of shadowsOf(before)) {
        if (shadowAt(after, shadow.id) !== undefined) continue;
        for (const one of openIn(before, shadow)) {
          const isLate = hasFrame(one.was) && isLeft(record, one, now) && late.length < most;
          if (isLate && !isUsed(one.since)) late.push(one);
        }
      }
    },
    told: (guest, told) => {
      for (const one of told.announced) announced(guest, one, told);
    },
    open: (guest, now, note) => {
      if (all >= fewest && isStrict()) {
        for (const one of late) note(found(one, index, record, now));
      }
      const left = shadowsOf(guest).flatMap((shadow) => openIn(guest, shadow));
      for (const one of left) {
        if (!isLeft(record, one, now) || isUsed(one.since) || !isStrict()) continue;
        note(found(one, index, record, now));
      }
    },
  };
}
