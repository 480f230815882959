import type { Hpa } from "../events/address.ts";
import { gpa, hpa, pageOf } from "../events/address.ts";
import { isEmpty } from "../projections/first-stage.ts";
import type { Guest } from "../projections/guest.ts";
import { virtualCacheOf } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host-entry.ts";
import { hostAt } from "../projections/host-entry.ts";
import {
  behindP2m,
  frameOf,
  hasFrame,
  mapped,
  ok,
  readCode,
  writeCode,
} from "../projections/mapping.ts";
import { capacity, get } from "../projections/page-tree.ts";
import { forEachSlot } from "../projections/page-tree-range.ts";
import type { Answer } from "./answer.ts";
import {
  answered,
  answerFor,
  beyondSecond,
  fails,
  faultOf,
  passThroughFault,
  rightsDenied,
} from "./answer.ts";
import type { Context, ContextStep, SecondStage } from "./context.ts";
import type { Ask } from "./first-stage.ts";
import { walkFirstStage } from "./first-stage.ts";
import { resolve } from "./resolve.ts";
import { pageLimit } from "./synchronise.ts";
import type { TranslationStep } from "./translation.ts";
import type { WalkStep } from "./walk.ts";
import { walkTables } from "./walk.ts";

function hostOf(guest: Guest, address: bigint): Hpa | undefined {
  const grant = get(guest.p2m, pageOf(address));
  if (readCode(grant) !== ok) return undefined;
  return hpa((BigInt(frameOf(grant)) << 12n) + (address & 0xfffn));
}

/** One request: its access and rights, with a PASID or without. */
export interface Asked extends Ask {
  readonly pasid: number | undefined;
}

/** Takes the entries that a walk reads, when somebody wants them. */
interface Notes {
  readonly guest: Guest;
  readonly write: boolean;
  readonly steps: TranslationStep[] | undefined;
  /** Second-stage entries that were read for the next entry of the first stage, or its result. */
  below: boolean;
}

function note(
  { guest, steps, below }: Notes,
  table: TranslationStep["table"],
  level: number | undefined,
  address: bigint,
  entry: bigint | undefined,
): void {
  const place = gpa(address);
  const host = entry === undefined ? undefined : hostOf(guest, place);
  steps?.push({ table, level, address: place, entry: entry ?? 0n, host, below });
}

/** The guest's second stage under a first stage, walked as it is, with notes. */
const secondStage =
  (notes: Notes, { root, levels }: SecondStage) =>
  (page: number): number | undefined => {
    const { guest, steps } = notes;
    if (page >= pageLimit(guest, levels)) return undefined;
    if (steps === undefined) return walkTables(guest, root, levels, page);
    notes.below = true;
    const mapping = walkTables(guest, root, levels, page, (step) => noteStep(notes, step));
    notes.below = false;
    return mapping;
  };

const noteStep = (notes: Notes, { level, address, entry }: WalkStep): void =>
  note(notes, "second stage", level, address, entry);

/** The answer of the guest's own tables to one request. */
function guestAnswer(
  guest: Guest,
  source: number,
  page: number,
  asked: Asked,
  steps: TranslationStep[] | undefined,
): Answer {
  if (guest.charts.translation !== "enabled") return untranslated(page);
  const notes: Notes = { guest, write: asked.write, steps, below: false };
  const tell = ({ table, address, entry }: ContextStep): void =>
    note(notes, table, undefined, address, entry);
  const context = resolve(guest, source, asked.pasid, steps === undefined ? undefined : tell);
  if (context.kind === "blocked") return fails(context.reason);
  const { pasid } = context;
  const ask = pasid?.privileged === true ? { ...asked, privileged: true } : asked;
  const denied = pasid === undefined ? 0 : rightsDenied(pasid, ask);
  return denied === 0 ? contextAnswer(notes, context, page, asked.pasid, ask) : fails(denied);
}

type Valid = Exclude<Context, { kind: "blocked" }>;

/** What a valid context makes of a page. */
function contextAnswer(
  notes: Notes,
  context: Valid,
  page: number,
  pasid: number | undefined,
  ask: Ask,
): Answer {
  const { guest, steps, write } = notes;
  const scalable = context.pasid !== undefined;
  if (context.kind === "refused") return answered(0, undefined, scalable);
  if (context.kind === "passThrough") {
    const fault = passThroughFault(guest, { tag: context.pasid?.tag, pasid }, page);
    return fault === 0 ? untranslated(page) : fails(fault);
  }
  if (context.kind === "firstStage") {
    const { first, second } = context;
    const under = second === undefined ? undefined : secondStage(notes, second);
    const tell = ({ level, address, entry }: WalkStep): void =>
      note(notes, "first stage", level, address, entry);
    const told = steps === undefined ? undefined : tell;
    const walk = walkFirstStage(guest, first, page, ask, under, undefined, told);
    const gfn = walk.fault === 0 ? frameOf(walk.mapping) : undefined;
    return answered(walk.mapping, gfn, true, walk);
  }
  const { root, levels } = context;
  if (page >= pageLimit(guest, levels)) return fails(beyondSecond(scalable));
  const tell = (step: WalkStep): void => {
    if (write ? step.writes : step.reads) noteStep(notes, step);
  };
  const mapping = walkTables(guest, root, levels, page, steps === undefined ? undefined : tell);
  return answered(mapping, hasFrame(mapping) ? frameOf(mapping) : undefined, scalable);
}

const untranslated = (page: number): Answer => answered(mapped(page, ok, ok, 4), page, false);

const behind = (guest: Guest, given: Answer): Answer =>
  given.gfn === undefined
    ? given
    : { ...given, mapping: behindP2m(given.mapping, get(guest.p2m, given.gfn)) };

/** What the host has for a page, without its IOTLB. */
function hostAnswer(guest: Guest, entry: HostEntry, page: number, ask: Ask): Answer {
  const shadow = entry.shadow === undefined ? undefined : guest.shadows[entry.shadow];
  if (shadow === undefined || entry.state !== "shadowed") {
    return answerFor(guest, entry, page, ask);
  }
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
  const shadow = entry.shadow === undefined ? undefined : guest.shadows[entry.shadow];
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
  const shadow = id === undefined ? undefined : guest.shadows[id];
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
  // What is cached of a first stage may leave out a write whose dirty bit is not set yet.
  if (a.walk !== undefined) return frameOf(a.mapping) === frameOf(b.mapping);
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
  const requester = guest.devices[source]?.requester ?? source;
  const walked = guestAnswer(guest, requester, page, asked, steps);
  const composed = behind(guest, walked);
  const enabled = guest.charts.translation === "enabled";
  const entry = hostAt(guest.hosts, requester, enabled ? asked.pasid : undefined);
  if (entry === undefined) return { walked, composed, host: composed, agree: true, since: 0 };
  const host = hostAnswer(guest, entry, page, asked);
  const agree = sameAnswer(composed, host, write);
  const marked = pendingSince(guest, entry, page);
  const since = marked !== 0 || agree ? marked : staleSince(guest, entry, page);
  return { walked, composed, host, agree, since };
}

/** A plain request without PASID. */
export const plain = (write: boolean): Asked => ({
  write,
  execute: false,
  privileged: false,
  pasid: undefined,
});
