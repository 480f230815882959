// Length: one walk, read from its top to its page.

import { isInterruptPage, pageIn } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";
import { halfMasks, halvesOfField } from "../../events/layout/field-halves.ts";
import type { FirstStageRules } from "../../projections/first-stage/space.ts";
import { right } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Mapping } from "../../tables/mapping.ts";
import {
  frameOf,
  mapped,
  ok,
  permission,
  readCode,
  sizeOf,
  writable,
  writeCode,
} from "../../tables/mapping.ts";
import { deniedBy } from "../device/page-answer.ts";
import type { EntryHalves } from "../memory/guest-memory.ts";
import { entryAddress, readEntry, wordOf } from "../memory/guest-memory.ts";
import { indexAt, leafSize } from "../shadow/walk-second-stage.ts";
import type { Ask } from "./first-stage-rules.ts";
import {
  isCanonical,
  otherFault,
  reservedHalves,
  rightsFault,
  smepFault,
  tableFault,
} from "./first-stage-rules.ts";
import type { SecondStageAt, Surroundings } from "./surroundings.ts";

const { present, rw, us, a, d, ps, ea, xd } = halfMasks(FirstStageEntry);
const { above } = halvesOfField(FirstStageEntry.fields.address);

const alone: Surroundings = {};

/** What a first-stage walk came to. */
export interface FirstStageWalk {
  /** 0, or why the request is blocked. */
  readonly fault: number;
  /** The guest page that is reached; the write counts as allowed where the leaf is dirty too. */
  readonly mapping: Mapping;
}

/**
 * Walks a first stage for one request, alone or over a second stage, through the P2M.
 *
 * Order of checks: canonical (80h); at each level the table can be read (73h at the top, 70h; 74h
 * to 7Bh for what the second stage says), present (71h), reserved bits (72h), user (81h), write
 * (85h), execute (82h), accessed and dirty bits can be set (77h, 91h); then what the second stage
 * says of the result (74h, 79h, 85h, 86h and others), and the interrupt range (87h).
 *
 * Reading: bits that were set on the way stay set when the request is blocked further down.
 * Reading: at each level reserved bits count before rights.
 *
 * @param page  IOVA page number of all 64 bits.
 */
export function walkFirstStage(
  guest: Guest,
  rules: FirstStageRules,
  page: number,
  ask: Ask,
  { second, from, traces, step }: Surroundings = alone,
): FirstStageWalk {
  const start = from?.level ?? rules.levels;
  if (!isCanonical(rules.levels, page)) return blocked(reason.nonCanonical);
  const masks = reservedHalves(guest.profile);
  const variant = ((second === undefined ? 0 : 1) + (rules.nxe ? 2 : 0)) * 24;
  let rights = from?.table.rights ?? right.write + right.user + right.execute;
  const early = rightsFault(rules, rights, ask);
  if (early !== 0) return blocked(early);
  let table = from?.table.page ?? rules.root;
  const entry: EntryHalves = { low: 0, high: 0 };
  const upper = Math.floor(page * 2 ** -18);
  const lower = page - upper * 2 ** 18;
  for (let level = start; level > 0; level--) {
    const index = indexAt(upper, lower, level);
    const isRoot = level === rules.levels;
    const place = second === undefined ? undefined : second(table);
    const hidden = second === undefined ? 0 : tableFault(place, isRoot);
    const gfn = place === undefined ? table : frameOf(place);
    const isRead = hidden === 0 && readEntry(guest, gfn, index, entry);
    step?.({
      level,
      address: entryAddress(hidden === 0 ? gfn : table, index),
      entry: isRead ? wordOf(entry) : undefined,
      reads: true,
      writes: true,
    });
    if (hidden !== 0) return blocked(hidden);
    if (!isRead) {
      return blocked(isRoot ? reason.firstStageRoot : reason.firstStageAccess);
    }
    const { low, high } = entry;
    if ((low & present) === 0) return blocked(reason.firstStageNotPresent);
    const large = level === 1 || (low & ps) === 0 ? 0 : 1;
    const mask = variant + (level * 2 + large) * 2;
    if ((low & (masks[mask] as number)) !== 0 || (high & (masks[mask + 1] as number)) !== 0) {
      return blocked(reason.firstStageReserved);
    }
    rights &= rightsIn(low, high, rules.nxe);
    const isLeaf = level === 1 || large === 1;
    const denied = rightsFault(rules, rights, ask) || (isLeaf ? smepFault(rules, rights, ask) : 0);
    if (denied !== 0) return blocked(denied);
    const set = a | (rules.eafe ? ea : 0) | (isLeaf && ask.write ? d : 0);
    if ((low & set) !== set) {
      const failed = updateFault(guest, place, gfn);
      if (failed !== 0) return blocked(failed);
      traces?.updates.push({ gfn, index, low: (low | set) >>> 0, high: high >>> 0 });
    }
    const named = pageIn(low, high, above);
    if (isLeaf) {
      const frame = frameIn(named, lower, level);
      const isDirty = ((low | set) & d) !== 0;
      const mayWrite = (rights & right.write) !== 0 || (ask.privileged && !rules.wpe);
      return reached(frame, level, ask.write, mayWrite && isDirty, second);
    }
    table = named;
    traces?.tables.push({ page: table, rights });
  }
  return blocked(reason.firstStageAccess);
}

/** The rights that one entry gives. */
const rightsIn = (low: number, high: number, nxe: boolean): number =>
  ((low & rw) !== 0 ? right.write : 0) |
  ((low & us) !== 0 ? right.user : 0) |
  ((high & xd) !== 0 && nxe ? 0 : right.execute);

/** The page of a leaf's frame that is asked for; the frame's bits below its size are no address. */
const frameIn = (named: number, lower: number, level: number): number => {
  if (level === 1) return named;
  const span = level === 2 ? 512 : 512 ** 2;
  return Math.floor(named / span) * span + (lower & (span - 1));
};

const blocked = (fault: number): FirstStageWalk => ({ fault, mapping: 0 });

/** Why bits cannot be set in an entry of a table, or 0. */
function updateFault(guest: Guest, place: Mapping | undefined, gfn: number): number {
  if (place !== undefined && writeCode(place) !== ok) return reason.nestedWrite;
  return writable(guest.p2m, gfn) ? 0 : reason.accessedDirtyFailed;
}

/**
 * The page that the leaf names: what the second stage makes of it, and what may be cached.
 *
 * @param isWrite   what is asked for.
 * @param mayWrite  whether the leaf lets a write be cached.
 */
function reached(
  frame: number,
  level: number,
  isWrite: boolean,
  mayWrite: boolean,
  second: SecondStageAt | undefined,
): FirstStageWalk {
  let [gfn, size, read, write] = [frame, level - 1, true, mayWrite];
  if (second !== undefined) {
    const place = second(frame);
    if (place === undefined) return blocked(reason.nestedBeyondWidth);
    const code = isWrite ? writeCode(place) : readCode(place);
    if (code === permission) return blocked(deniedBy(place, isWrite, true));
    if (code !== ok) return blocked(otherFault(code));
    gfn = frameOf(place);
    size = Math.min(size, sizeOf(place));
    read = readCode(place) === ok;
    write &&= writeCode(place) === ok;
  }
  if (isInterruptPage(gfn)) return blocked(reason.scalableInterruptRange);
  const outcomes = [read ? ok : permission, write ? ok : permission] as const;
  return { fault: 0, mapping: mapped(gfn, ...outcomes, leafSize(gfn, size + 1)) };
}
