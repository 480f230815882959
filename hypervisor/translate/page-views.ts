import { deviceAt } from "../../projections/device/devices.ts";
import { virtualCacheOf } from "../../projections/device/virtual-cache.ts";
import { isEmpty } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { isKeptOut } from "../../projections/host/kept-out.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import { behindP2m, frameOf, hasFrame, ok, readCode, writeCode } from "../../tables/mapping.ts";
import { capacity, get } from "../../tables/page-tree.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import { answerFor, asRequested, rightsDenied } from "../device/answer-request.ts";
import type { Answer } from "../device/page-answer.ts";
import { answered, beyondSecond, fails, faultOf } from "../device/page-answer.ts";
import type { Ask } from "../first-stage/first-stage-rules.ts";
import { pageLimit } from "../shadow/synchronise.ts";
import type { Asked } from "./guest-answer.ts";
import { guestAnswer } from "./guest-answer.ts";
import type { TranslationStep } from "./three-answers.ts";

const behind = (guest: Guest, given: Answer): Answer =>
  given.gfn === undefined
    ? given
    : { ...given, mapping: behindP2m(given.mapping, get(guest.p2m, given.gfn)) };

/** What the host has for a page, without its IOTLB. */
function hostAnswer(guest: Guest, entry: HostEntry, page: number, asked: Ask): Answer {
  const shadow = shadowAt(guest, entry.shadow);
  if (shadow === undefined || entry.state !== "shadowed") {
    return answerFor(guest, entry, page, asked);
  }
  const ask = asRequested(entry, asked);
  const scalable = entry.tag !== undefined;
  const denied = scalable ? rightsDenied(entry, ask) : 0;
  if (denied !== 0) return fails(denied);
  if (page >= pageLimit(guest, shadow.levels)) return fails(beyondSecond(scalable));
  const stage = get(shadow.stage, page);
  const gfn = hasFrame(stage) ? frameOf(stage) : undefined;
  return answered(get(shadow.host, page), gfn, scalable);
}

/** The first event that changed something on the path and was not announced, or 0. */
function pendingSince(guest: Guest, entry: HostEntry, page: number): number {
  const shadow = shadowAt(guest, entry.shadow);
  const pages = entry.state === "shadowed" ? shadow?.pending : undefined;
  const marks = [entry.pending, entry.pasidPending, pages ? Math.floor(get(pages, page) / 2) : 0];
  const set = marks.filter((mark) => mark !== 0);
  return set.length === 0 ? 0 : Math.min(...set);
}

/**
 * Where nothing is marked and the answers differ: the event that a device model's answer is from,
 * or that last changed anything, for what is cached of a first stage.
 */
function staleSince(guest: Guest, entry: HostEntry, page: number): number {
  const stage = entry.space === undefined ? undefined : guest.spaces[entry.space];
  if (stage !== undefined) return isEmpty(stage) ? shadowMark(guest, stage.shadow) : stage.since;
  const cache = entry.state === "virtual" ? virtualCacheOf(guest, entry) : undefined;
  return cache === undefined ? 0 : get(cache.since, page);
}

/** The first mark of a shadow under a first stage, wherever in it. */
function shadowMark(guest: Guest, id: number | undefined): number {
  const shadow = shadowAt(guest, id);
  let first = 0;
  if (shadow === undefined) return 0;
  forEachSlot(shadow.pending, 0, capacity(shadow.pending), (_page, _count, mark) => {
    const seq = Math.floor(mark / 2);
    if (first === 0 || seq < first) first = seq;
  });
  return first;
}

/** One page three ways, in numbers; for those who look at many. */
export interface Ways {
  /** By the guest's own tables. */
  readonly walked: Answer;
  /** By those and then the P2M. */
  readonly composed: Answer;
  /** By what the host keeps. */
  readonly host: Answer;
  /**
   * Composed and host say the same: the same fault, or the same page with the same permissions.
   * What the host refuses by name is no difference.
   */
  readonly agree: boolean;
  /** The host has no way to do what the guest asks, and says so: no such request reaches memory. */
  readonly refused: boolean;
  /** The first event that changed something on the path and was not announced, or 0. */
  readonly since: number;
}

/** Whether two answers to one access are the same but for the size of the mapping. */
function sameAnswer(a: Answer, b: Answer, write: boolean, space: number | undefined): boolean {
  const fault = faultOf(a, write);
  if (fault !== faultOf(b, write)) return false;
  if (fault !== 0 || a.mapping === b.mapping) return true;
  // What is cached of a first stage may leave out a write whose dirty bit is not set yet.
  if (space !== undefined) return frameOf(a.mapping) === frameOf(b.mapping);
  const sameReads = (readCode(a.mapping) === ok) === (readCode(b.mapping) === ok);
  const sameWrites = (writeCode(a.mapping) === ok) === (writeCode(b.mapping) === ok);
  return frameOf(a.mapping) === frameOf(b.mapping) && sameReads && sameWrites;
}

/**
 * Looks at one page of one device three ways: by the tables, uncached, and by what the host has.
 *
 * @param steps  takes the entries that the walk for this request reads, when given.
 */
export function waysOf(
  guest: Guest,
  source: number,
  page: number,
  asked: Asked,
  steps?: TranslationStep[],
): Ways {
  const { write } = asked;
  const requester = deviceAt(guest, source)?.requester ?? source;
  const walked = guestAnswer(guest, requester, page, asked, steps);
  const composed = behind(guest, walked);
  const enabled = guest.charts.translation === "enabled";
  const entry = hostAt(guest.hosts, requester, enabled ? asked.pasid : undefined);
  const isOut = isKeptOut(guest, requester, asked.pasid);
  if (entry === undefined) {
    return { walked, composed, host: composed, agree: true, refused: isOut, since: 0 };
  }
  const refused = isOut || entry.state === "refused";
  const host = hostAnswer(guest, entry, page, asked);
  const agree = refused || sameAnswer(composed, host, write, entry.space);
  const marked = pendingSince(guest, entry, page);
  const since = marked !== 0 || agree ? marked : staleSince(guest, entry, page);
  return { walked, composed, host, agree, refused, since };
}

/** A plain request without PASID. */
export const plain = (write: boolean): Asked => ({
  write,
  execute: false,
  privileged: false,
  pasid: undefined,
});
