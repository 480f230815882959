import type { Gpa, Hpa } from "../../events/address.ts";
import { gpa, hpa } from "../../events/address.ts";
import type { HostState } from "../../events/fact.ts";
import type { Outcome } from "../../events/page.ts";
import type { Answer } from "../../hypervisor/device/page-answer.ts";
import { faultOf } from "../../hypervisor/device/page-answer.ts";
import { waysOf } from "../../hypervisor/translate/page-views.ts";
import { entryBytes } from "../../hypervisor/translate/path-table.ts";
import type { TranslationStep } from "../../hypervisor/translate/three-answers.ts";
import { isScalable } from "../../projections/context/context-path.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostAt, requesterKey } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { frameOf, hasFrame, outcomesOf } from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import type { UsedPage } from "../use.ts";

/** What the translation of a page is: by the shadow, by the P2M, or by the guest's tables now. */
export interface Life {
  /** What the host has for such requests; `none` before it has anything. */
  readonly state: HostState | "none";
  /** Why every request is blocked, or the walk ends. */
  readonly reason: number | undefined;
  /** The first byte of the guest's page, and of the host's. */
  readonly gpa: Gpa | undefined;
  readonly hpa: Hpa | undefined;
  readonly read: Outcome | undefined;
  readonly write: Outcome | undefined;
  /** Number of the first event that changed a word on the way and was not announced. */
  readonly pendingSince: number | undefined;
}

/** Where the answers of a page come from, for who follows them. */
export interface Source {
  readonly requester: number;
  /** Keys of the host entries that may be met, with PASID and without. */
  readonly keys: readonly number[];
  readonly host: HostEntry | undefined;
}

/** The host entry that requests for a page meet in a world. */
export function sourceOf(world: World, { guest: index, device, pasid }: UsedPage): Source {
  const guest = world.guests[index];
  const requester = deviceAt(guest, device)?.requester ?? device;
  const isOn = guest?.charts.translation === "enabled";
  const host = guest && hostAt(guest.hosts, requester, isOn ? pasid : undefined);
  const keys = [requesterKey(requester, undefined), requesterKey(requester, pasid)];
  return { requester, keys, host };
}

/** What trees say of a page. */
export interface Mappings {
  /** To the guest's page, and to the host's. */
  readonly stage: number;
  readonly host: number;
  /** Twice the number of the event that made it pending, see `Shadow`. */
  readonly pending: number;
}

const none = {
  reason: undefined,
  gpa: undefined,
  hpa: undefined,
  read: undefined,
  write: undefined,
};

const firstMark = (...marks: readonly number[]): number | undefined => {
  const set = marks.filter((mark) => mark !== 0);
  return set.length === 0 ? undefined : Math.min(...set);
};

const gpaOfFrame = (mapping: number): Gpa | undefined =>
  hasFrame(mapping) ? gpa(BigInt(frameOf(mapping)) << 12n) : undefined;
const hpaOfFrame = (mapping: number): Hpa | undefined =>
  hasFrame(mapping) ? hpa(BigInt(frameOf(mapping)) << 12n) : undefined;

/** The life of a page that trees alone say. */
export function lifeOfMappings(host: HostEntry, page: number, mappings: Mappings): Life {
  const { state, pending, pasidPending } = host;
  const isThrough = state === "passThrough";
  const stage = isThrough ? gpa(BigInt(page) << 12n) : gpaOfFrame(mappings.stage);
  return {
    state,
    reason: undefined,
    gpa: stage,
    hpa: hpaOfFrame(mappings.host),
    ...outcomesOf(mappings.host),
    pendingSince: firstMark(pending, pasidPending, Math.floor(mappings.pending / 2)),
  };
}

/** What trees say of a page now, if what its host entry says is kept in trees. */
export function mappingsOf(
  guest: Guest,
  host: HostEntry | undefined,
  page: number,
): Mappings | undefined {
  if (host?.state === "passThrough") {
    return { stage: 0, host: get(guest.p2m, page), pending: 0 };
  }
  const shadow = host?.state === "shadowed" ? shadowAt(guest, host.shadow) : undefined;
  if (shadow === undefined) return undefined;
  const { stage, pending } = shadow;
  return { stage: get(stage, page), host: get(shadow.host, page), pending: get(pending, page) };
}

/** Whether what a host entry says is by a walk of the guest's tables with each request. */
export const isWalked = (host: HostEntry | undefined): boolean =>
  host?.state === "nested" || host?.state === "virtual";

/** Bytes of guest memory that a walk read. */
export interface Bytes {
  readonly from: bigint;
  readonly length: number;
}

function walk(
  guest: Guest,
  { device, page, pasid }: UsedPage,
  steps: TranslationStep[],
  write = false,
): Answer {
  const asked = { write, execute: false, privileged: false, pasid };
  return waysOf(guest, device, page, asked, steps).composed;
}

/**
 * What a walk of the guest's tables for a page reads: for a read and for a write, either of which
 * may end at an entry above the other's last one.
 */
export function bytesRead(guest: Guest, place: UsedPage): readonly Bytes[] {
  const steps: TranslationStep[] = [];
  for (const write of [false, true]) walk(guest, place, steps, write);
  const scalable = guest.charts.translation === "enabled" && isScalable(guest);
  return steps.map(({ table, address }) => ({
    from: address,
    length: entryBytes(table, scalable),
  }));
}

function walkedLife(guest: Guest, host: HostEntry, place: UsedPage): Life {
  const answer = walk(guest, place, []);
  const { mapping, gfn } = answer;
  const fault = faultOf(answer, false);
  return {
    state: host.state,
    reason: fault > 0 ? fault : undefined,
    gpa: gfn === undefined ? undefined : gpa(BigInt(gfn) << 12n),
    hpa: hpaOfFrame(mapping),
    ...outcomesOf(mapping),
    pendingSince: firstMark(host.pending, host.pasidPending),
  };
}

/** What the translation of a page is in a world. */
export function lifeAt(world: World, place: UsedPage): Life {
  const guest = world.guests[place.guest];
  const { host } = sourceOf(world, place);
  if (guest === undefined || host === undefined) {
    return { state: "none", ...none, pendingSince: undefined };
  }
  const mappings = mappingsOf(guest, host, place.page);
  if (mappings !== undefined) return lifeOfMappings(host, place.page, mappings);
  if (isWalked(host)) return walkedLife(guest, host, place);
  const { state, reason, pending, pasidPending } = host;
  const since = firstMark(pending, pasidPending);
  return { state, ...none, reason: state === "blocked" ? reason : undefined, pendingSince: since };
}

/** Whether two moments of a page are the same. */
export const isSameLife = (a: Life, b: Life): boolean =>
  a.state === b.state &&
  a.reason === b.reason &&
  a.gpa === b.gpa &&
  a.hpa === b.hpa &&
  a.read === b.read &&
  a.write === b.write &&
  a.pendingSince === b.pendingSince;
