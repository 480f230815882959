import { isInterruptPage } from "../../events/address.ts";
import { extendedReason } from "../../events/fault/extended-reason.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Access } from "../../events/input.ts";
import { virtualCacheOf } from "../../projections/device/virtual-cache.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import { behindP2m, frameOf, hasFrame, hole, mapped, ok, unmapped } from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import { firstStageAnswer } from "../first-stage/first-stage-answer.ts";
import type { Ask } from "../first-stage/first-stage-rules.ts";
import { pageLimit } from "../shadow/synchronise.ts";
import { walkTables } from "../shadow/walk-second-stage.ts";
import type { Answer } from "./page-answer.ts";
import { allows, answered, beyondSecond, fails, faultOf, wholeAt } from "./page-answer.ts";
import type { Rights } from "./rights.ts";
import { askOf } from "./rights.ts";

/** What translates nothing: the P2M alone. */
function passThroughAnswer(guest: Guest, page: number, write: boolean): Answer {
  const cached = get(guest.passThroughCache, page);
  if (allows(cached, write)) return answered(cached, page, false);
  const grant = get(guest.p2m, page);
  if (!hasFrame(grant)) return answered(unmapped(hole, hole), page, false);
  return answered(behindP2m(mapped(page, ok, ok, 4), grant), page, false);
}

/**
 * The IOTLB where it holds an entry that allows anything, else the shadow. The guest page is the
 * one that the P2M puts there: what is cached may be older than the guest stage.
 */
function shadowAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const shadow = shadowAt(guest, entry.shadow);
  const scalable = entry.tag !== undefined;
  if (shadow === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, shadow.levels)) return fails(beyondSecond(scalable));
  const cached = get(shadow.iotlb, page);
  const mapping = allows(cached, write) ? cached : wholeAt(shadow.host, page);
  return answered(mapping, undefined, scalable);
}

/**
 * What the device model was told before and still holds, else a walk of the guest's tables as they
 * are.
 */
function virtualAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const { root, levels } = entry;
  const scalable = entry.tag !== undefined;
  if (root === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, levels)) return fails(beyondSecond(scalable));
  const cache = virtualCacheOf(guest, entry);
  const cached = cache === undefined ? 0 : get(cache.entries, page);
  const stage = allows(cached, write) ? cached : walkTables(guest, root, levels, page);
  if (!hasFrame(stage)) return answered(stage, undefined, scalable);
  const mapping = behindP2m(stage, get(guest.p2m, frameOf(stage)));
  return answered(mapping, frameOf(stage), scalable);
}

/**
 * Why a page that is not translated may not be reached, or 0: it is beyond the host's addresses, or
 * of the interrupt range and the request has a PASID.
 */
export function passThroughFault(guest: Guest, entry: PassThrough, page: number): number {
  if (guest.charts.translation !== "enabled") return 0;
  if (page >= 2 ** (guest.profile.haw - 12)) {
    return entry.tag === undefined ? reason.beyondWidth : reason.beyondHardware;
  }
  if (entry.tag === undefined) return 0;
  return entry.pasid !== undefined && isInterruptPage(page) ? reason.scalableInterruptRange : 0;
}

interface PassThrough {
  readonly tag: number | undefined;
  readonly pasid: number | undefined;
}

/** Why a PASID entry forbids the rights that a request asks for, or 0. */
export function rightsDenied(
  rights: { readonly sre: boolean; readonly ere: boolean },
  ask: Ask,
): number {
  if (ask.execute && !rights.ere) return reason.executeDisabled;
  return ask.privileged && !rights.sre ? reason.supervisorDisabled : 0;
}

/** What a request asks for: supervisor rights where its entry says so, whether it does or not. */
export const asRequested = ({ privileged }: HostEntry, asked: Ask): Ask =>
  privileged && !asked.privileged ? { ...asked, privileged: true } : asked;

/**
 * What answers a request for a page, as the host's entry for the requester says; by the reasons of
 * version 2.x where the unit is one.
 */
export function answerFor(guest: Guest, entry: HostEntry, page: number, asked: Ask): Answer {
  const given = answerOfEntry(guest, entry, page, asked);
  return guest.profile.ecs ? inVersion2(given, asked.write) : given;
}

/** An answer of a unit of version 2.x, whose second stages have the reasons of legacy mode. */
export const inVersion2 = (given: Answer, write: boolean): Answer => ({
  ...given,
  fault: extendedReason(given.fault, write),
  scalable: false,
});

/**
 * Why an entry that blocks does so for one request: of version 2.x what the context entry says of
 * execution counts before the PASID entry.
 */
export function blockedReason(
  { profile }: Guest,
  blocked: { readonly reason: number; readonly ere: boolean; readonly tag: number | undefined },
  { execute }: Pick<Ask, "execute">,
): number {
  const isDenied = profile.ecs && blocked.tag !== undefined && execute && !blocked.ere;
  return isDenied ? reason.executeDisabled : blocked.reason;
}

function answerOfEntry(guest: Guest, entry: HostEntry, page: number, asked: Ask): Answer {
  if (entry.state === "blocked") return fails(blockedReason(guest, entry, asked));
  const ask = asRequested(entry, asked);
  const denied = entry.tag === undefined ? 0 : rightsDenied(entry, ask);
  if (denied !== 0 && entry.state !== "refused") return fails(denied);
  const stage = entry.space === undefined ? undefined : guest.spaces[entry.space];
  if (stage !== undefined) return firstStageAnswer(guest, stage, page, ask);
  switch (entry.state) {
    case "shadowed":
      return shadowAnswer(guest, entry, page, ask.write);
    case "virtual":
      return virtualAnswer(guest, entry, page, ask.write);
    case "passThrough": {
      const fault = passThroughFault(guest, entry, page);
      return fault === 0 ? passThroughAnswer(guest, page, ask.write) : fails(fault);
    }
    default:
      return answered(unmapped(hole, hole), undefined, false);
  }
}

/** What answers a request, and for which access. */
interface AccessAnswer {
  readonly access: Access;
  readonly given: Answer;
}

/** A request: its rights, and its direction where that was recorded. */
type Request = Rights & { readonly access?: Access | undefined };

/**
 * What answers a request for a page. Where its direction was not recorded it is a read if the page
 * can be read or cannot be written either, else a write.
 */
export function answerOf(
  guest: Guest,
  entry: HostEntry,
  page: number,
  request: Request,
): AccessAnswer {
  const { access = "read", execute } = request;
  const given = answerFor(guest, entry, page, askOf(request, access === "write"));
  const isRead = request.access !== undefined || execute === true || faultOf(given, false) === 0;
  if (isRead) return { access, given };
  const written = answerFor(guest, entry, page, askOf(request, true));
  return faultOf(written, true) === 0 ? { access: "write", given: written } : { access, given };
}
