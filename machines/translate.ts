import type { Hpa, Iova } from "../events/address.ts";
import { gpa, hpa, pageOf } from "../events/address.ts";
import { reason } from "../events/fault-reason.ts";
import type { Access } from "../events/input.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host-entry.ts";
import {
  behindP2m,
  frameOf,
  hasFrame,
  mapped,
  ok,
  readCode,
  writeCode,
} from "../projections/mapping.ts";
import { get } from "../projections/page-tree.ts";
import type { World } from "../projections/world.ts";
import type { Answer } from "./answer.ts";
import { answerFor, faultOf } from "./answer.ts";
import type { ContextStep } from "./context.ts";
import { resolveContext } from "./context.ts";
import { pageLimit } from "./synchronise.ts";
import type { Translation, TranslationStep } from "./translation.ts";
import { inGuest, inHost, nowhere } from "./translation.ts";
import type { WalkStep } from "./walk.ts";
import { walkTables } from "./walk.ts";

function hostOf(guest: Guest, address: bigint): Hpa | undefined {
  const grant = get(guest.p2m, pageOf(address));
  if (readCode(grant) !== ok) return undefined;
  return hpa((BigInt(frameOf(grant)) << 12n) + (address & 0xfffn));
}

/** The answer of the guest's own tables, with both accesses; `steps` are those of the asked one. */
function guestAnswer(
  guest: Guest,
  source: number,
  page: number,
  write: boolean,
  steps: TranslationStep[] | undefined,
): Answer {
  if (guest.charts.translation !== "enabled") return untranslated(page);
  const note =
    (table: TranslationStep["table"], level: number | undefined) =>
    (address: bigint, entry: bigint | undefined): void => {
      const place = gpa(address);
      steps?.push({ table, level, address: place, entry: entry ?? 0n, host: hostOf(guest, place) });
    };
  const tellContext = ({ table, address, entry }: ContextStep): void =>
    note(table, undefined)(address, entry);
  const context = resolveContext(guest, source, steps === undefined ? undefined : tellContext);
  if (context.kind === "blocked") return fails(context.reason);
  if (context.kind === "passThrough") {
    return page >= 2 ** (guest.profile.mgaw - 12) ? fails(reason.beyondWidth) : untranslated(page);
  }
  const { root, levels } = context;
  if (page >= pageLimit(guest, levels)) return fails(reason.beyondWidth);
  const tell = (step: WalkStep): void => {
    if (write ? step.writes : step.reads)
      note("second stage", step.level)(step.address, step.entry);
  };
  const mapping = walkTables(guest, root, levels, page, steps === undefined ? undefined : tell);
  return { mapping, gfn: hasFrame(mapping) ? frameOf(mapping) : undefined, fault: 0 };
}

const fails = (fault: number): Answer => ({ mapping: 0, gfn: undefined, fault });

const untranslated = (page: number): Answer => ({
  mapping: mapped(page, ok, ok, 4),
  gfn: page,
  fault: 0,
});

const behind = (guest: Guest, given: Answer): Answer =>
  given.gfn === undefined
    ? given
    : { ...given, mapping: behindP2m(given.mapping, get(guest.p2m, given.gfn)) };

/** What the host has for a page, without its IOTLB. */
function hostAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const shadow = entry.shadow === undefined ? undefined : guest.shadows[entry.shadow];
  if (shadow === undefined) return answerFor(guest, entry, page, write);
  if (page >= pageLimit(guest, shadow.levels)) return fails(reason.beyondWidth);
  const stage = get(shadow.stage, page);
  const gfn = hasFrame(stage) ? frameOf(stage) : undefined;
  return { mapping: get(shadow.host, page), gfn, fault: 0 };
}

/** The first event that changed something on the path and was not announced, or 0. */
function pendingSince(guest: Guest, entry: HostEntry, page: number): number {
  const shadow = entry.shadow === undefined ? undefined : guest.shadows[entry.shadow];
  const mark = shadow === undefined ? 0 : Math.floor(get(shadow.pending, page) / 2);
  if (entry.pending === 0 || mark === 0) return Math.max(entry.pending, mark);
  return Math.min(entry.pending, mark);
}

/**
 * For a virtual device: the event that its model's answer is from, when the tables say otherwise by
 * now.
 */
function staleSince(guest: Guest, entry: HostEntry, page: number): number {
  const cache = entry.state === "virtual" ? guest.virtualCaches[entry.did] : undefined;
  return cache === undefined ? 0 : get(cache.since, page);
}

/** One page three ways, in numbers; for those who look at many. */
export interface Ways {
  /** By the guest's own tables. */
  readonly walked: Answer;
  /** By those and then the P2M. */
  readonly composed: Answer;
  /** By what the host keeps. */
  readonly host: Answer;
  /** Composed and host say the same: the same fault, or the same page with the same permissions. */
  readonly agree: boolean;
  /** The first event that changed something on the path and was not announced, or 0. */
  readonly since: number;
}

/** Whether two answers to one access are the same but for the size of the mapping. */
function sameAnswer(a: Answer, b: Answer, write: boolean): boolean {
  const fault = faultOf(a, write);
  if (fault !== faultOf(b, write)) return false;
  if (fault !== 0 || a.mapping === b.mapping) return true;
  const sameReads = (readCode(a.mapping) === ok) === (readCode(b.mapping) === ok);
  const sameWrites = (writeCode(a.mapping) === ok) === (writeCode(b.mapping) === ok);
  return frameOf(a.mapping) === frameOf(b.mapping) && sameReads && sameWrites;
}

/**
 * Looks at one page of one device three ways, uncached.
 *
 * @param steps  takes the entries that the walk for this access reads, when given.
 */
export function waysOf(
  guest: Guest,
  source: number,
  page: number,
  write: boolean,
  steps?: TranslationStep[],
): Ways {
  const requester = guest.devices[source]?.requester ?? source;
  const walked = guestAnswer(guest, requester, page, write, steps);
  const composed = behind(guest, walked);
  const entry = guest.hosts[requester];
  if (entry === undefined) return { walked, composed, host: composed, agree: true, since: 0 };
  const host = hostAnswer(guest, entry, page, write);
  const agree = sameAnswer(composed, host, write);
  const marked = pendingSince(guest, entry, page);
  const since = marked !== 0 || agree ? marked : staleSince(guest, entry, page);
  return { walked, composed, host, agree, since };
}

/**
 * Translates one address of one device three ways, uncached: by the guest's tables, by those and
 * then the P2M, by what the host keeps.
 *
 * @param index   of the guest.
 * @param source  of the device; one that is not there is walked under its own source-id.
 */
export function translate(
  world: World,
  index: number,
  source: number,
  iova: Iova,
  access: Access,
): Translation {
  const guest = world.guests[index];
  if (guest === undefined) return nowhere;
  const write = access === "write";
  const offset = iova & 0xfffn;
  const steps: TranslationStep[] = [];
  const ways = waysOf(guest, source, pageOf(iova), write, steps);
  return {
    guest: inGuest(ways.walked, offset, write),
    composed: inHost(ways.composed, offset, write),
    shadow: inHost(ways.host, offset, write),
    pending: ways.since === 0 ? undefined : { since: ways.since },
    agree: ways.agree,
    steps,
  };
}
