import { secondStageReserved } from "../events/second-stage-entry.ts";
import type { Profile } from "../events/profile.ts";
import type { Guest } from "../projections/guest.ts";
import type { Page } from "../projections/memory.ts";
import { half, pageAt } from "../projections/memory.ts";
import {
  interruptRange,
  mapped,
  ok,
  pagesOfSize,
  permission,
  reserved,
  rootUnreadable,
  unmapped,
  unreadable,
} from "../projections/mapping.ts";
import { readable } from "../projections/p2m.ts";
import type { Slot } from "../projections/page-tree.ts";
import { collapse, expand, fillSlot, spans } from "../projections/page-tree.ts";
import type { Shadow } from "../projections/shadow.ts";

/** A table that the build read: what a later write to it would concern. */
export interface ReadTable {
  readonly gfn: number;
  readonly level: number;
  readonly base: number;
}

/** What a whole table came to, for the next place that links it with the same permissions. */
interface Built {
  readonly slot: Slot;
  /** Tables below, with bases from the table's own, or `undefined` when too many to list again and again. */
  readonly tables: readonly ReadTable[] | undefined;
  /** The pages of all tables below. */
  readonly pages: readonly number[];
}

/** Reads the guest's second-stage tables into a guest-stage tree, each table once for each set of permissions. */
export interface Build {
  readonly guest: Guest;
  readonly tables: ReadTable[];
  /** Pages of tables that were found in more places than are listed. */
  readonly shared: Set<number>;
  readonly memo: Map<number, Built>;
  /** What of the tree is wanted. */
  readonly first: number;
  readonly end: number;
  /** All that was touched: what is wanted, and the leaves that reach beyond it. */
  low: number;
  high: number;
}

const listLimit = 64;

/** Low and high half of the reserved bits, by level and by whether PS is set. */
type Masks = readonly (readonly [number, number])[];
const masksOf = new WeakMap<Profile, Masks>();

function reservedMasks(profile: Profile): Masks {
  const known = masksOf.get(profile);
  if (known !== undefined) return known;
  const masks = Array.from({ length: 12 }, (_, index): readonly [number, number] => {
    const mask = index < 2 ? 0n : secondStageReserved(profile, index >> 1, (index & 1) === 1);
    return [Number(mask & 0xffff_ffffn), Number(mask >> 32n)];
  });
  masksOf.set(profile, masks);
  return masks;
}

/** Accesses that are still allowed take the outcome; those that failed above keep theirs. */
const both = (read: number, write: number, outcome: number): number =>
  unmapped(read === ok ? outcome : read, write === ok ? outcome : write);

const interruptFirst = 0xfee00;
const interruptEnd = 0xfef00;

/** A leaf's pages; those of the block around the interrupt range are 4 KiB pages, which end there or do not. */
function leafSlot(frame: number, level: number, read: number, write: number): Slot {
  const pages = pagesOfSize[level - 1] as number;
  const whole = mapped(frame, read, write, level - 1);
  if (frame + pages <= interruptFirst || frame >= interruptEnd) return whole;
  const depth = (level - 1) * 2;
  if (level === 1) return both(read, write, interruptRange);
  const block = interruptFirst - frame;
  const small = mapped(interruptFirst, read, write, 0);
  const blocked = both(read, write, interruptRange);
  const edge = block + interruptEnd - interruptFirst;
  let slot: Slot = mapped(frame, read, write, Math.min(level - 1, 1));
  slot = fillSlot(slot, depth, 0, block, block + 512, small, block, true);
  return fillSlot(slot, depth, 0, block, edge, blocked, block, true);
}

/** What one entry comes to: the whole of a leaf, of what it blocks or of a table only the wanted part. */
function entrySlot(
  build: Build,
  low: number,
  high: number,
  level: number,
  readAbove: number,
  writeAbove: number,
  old: Slot,
  at: number,
): Slot {
  const depth = (level - 1) * 2;
  const read = readAbove !== ok ? readAbove : (low & 1) !== 0 ? ok : permission;
  const write = writeAbove !== ok ? writeAbove : (low & 2) !== 0 ? ok : permission;
  const blocked = (value: number): Slot =>
    fillSlot(old, depth, at, build.first, build.end, value, at, true);
  if (read !== ok && write !== ok) return blocked(unmapped(read, write));
  const large = (low & 0x80) !== 0;
  const masks = reservedMasks(build.guest.profile);
  const [lowMask, highMask] = masks[level * 2 + (large ? 1 : 0)] as readonly [number, number];
  if ((low & lowMask) !== 0 || (high & highMask) !== 0) {
    return blocked(both(read, write, reserved));
  }
  const frame = (low >>> 12) + (high & 0xfffff) * 0x100000;
  if (level === 1 || large) {
    if (at < build.low) build.low = at;
    if (at + (spans[depth] as number) > build.high) build.high = at + (spans[depth] as number);
    return leafSlot(frame, level, read, write);
  }
  const span = spans[depth] as number;
  if (build.first <= at && build.end >= at + span) {
    return wholeTable(build, frame, level - 1, read, write, old, at);
  }
  return tableSlot(build, frame, level - 1, read, write, old, at);
}

/** A table of which everything is wanted: built once for each set of permissions, shared from then on. */
function wholeTable(
  build: Build,
  gfn: number,
  level: number,
  read: number,
  write: number,
  old: Slot,
  at: number,
): Slot {
  const key = ((gfn * 8 + level) * 8 + read) * 8 + write;
  const known = build.memo.get(key);
  if (known !== undefined) {
    reuse(build, known, at);
    return known.slot;
  }
  const from = build.tables.length;
  const slot = tableSlot(build, gfn, level, read, write, old, at);
  const below = build.tables.slice(from);
  const tables =
    below.length > listLimit ? undefined : below.map((one) => ({ ...one, base: one.base - at }));
  const pages = [...new Set(below.map((one) => one.gfn))];
  build.memo.set(key, { slot, tables, pages });
  return slot;
}

function reuse(build: Build, known: Built, at: number): void {
  if (known.tables === undefined || build.tables.length > listLimit * 1024) {
    for (const page of known.pages) build.shared.add(page);
    return;
  }
  for (const one of known.tables) {
    if (!build.shared.has(one.gfn)) build.tables.push({ ...one, base: one.base + at });
  }
}

/** Whether the 32 entries from `group * 32` on are all zero because nobody wrote there. */
const isBlank = (page: Page | undefined, group: number): boolean =>
  page === undefined || (page[group * 2] === undefined && page[group * 2 + 1] === undefined);

/** The wanted part of what a table translates, in place of what `old` said. */
export function tableSlot(
  build: Build,
  gfn: number,
  level: number,
  read: number,
  write: number,
  old: Slot,
  base: number,
): Slot {
  const depth = level * 2;
  build.tables.push({ gfn, level, base });
  const { guest, first, end } = build;
  if (!readable(guest.p2m, gfn)) {
    const value = both(read, write, unreadable);
    return fillSlot(old, depth, base, first, end, value, base, true);
  }
  const page = pageAt(guest.memory, gfn);
  const groupSpan = spans[depth - 1] as number;
  const low = first <= base ? 0 : Math.floor((first - base) / groupSpan);
  const high = Math.min(15, Math.floor((end - 1 - base) / groupSpan));
  const node = expand(old, depth, true).slice();
  const blank = both(read, write, permission);
  for (let group = low; group <= high; group++) {
    const at = base + group * groupSpan;
    const was = node[group] as Slot;
    node[group] = isBlank(page, group)
      ? fillSlot(was, depth - 1, at, first, end, blank, at, true)
      : groupSlot(build, page, group, level, read, write, was, at);
  }
  return collapse(node, depth, true);
}

/** The wanted part of 32 neighbouring entries. */
function groupSlot(
  build: Build,
  page: Page | undefined,
  group: number,
  level: number,
  read: number,
  write: number,
  old: Slot,
  base: number,
): Slot {
  const depth = level * 2 - 1;
  const span = spans[depth - 1] as number;
  const node = expand(old, depth, true).slice();
  const low = build.first <= base ? 0 : Math.floor((build.first - base) / span);
  const high = Math.min(31, Math.floor((build.end - 1 - base) / span));
  for (let index = low; index <= high; index++) {
    const word = (group * 32 + index) * 2;
    const was = node[index] as Slot;
    const [lower, upper] = [half(page, word), half(page, word + 1)];
    node[index] = entrySlot(build, lower, upper, level, read, write, was, base + index * span);
  }
  return collapse(node, depth, true);
}

/**
 * The guest stage of a shadow with the pages `[first, end)` read anew from the guest's tables as they are. Leaves that
 * the range touches are taken whole. What was read is left in `build.tables` and `build.shared`.
 */
export function buildStage(build: Build, shadow: Shadow): Slot {
  const { root, levels, stage } = shadow;
  if (!readable(build.guest.p2m, root)) {
    build.tables.push({ gfn: root, level: levels, base: 0 });
    const value = both(ok, ok, rootUnreadable);
    return fillSlot(stage.root, levels * 2, 0, build.first, build.end, value, 0, true);
  }
  return tableSlot(build, root, levels, ok, ok, stage.root, 0);
}

export const newBuild = (guest: Guest, first: number, end: number): Build => ({
  guest,
  tables: [],
  shared: new Set(),
  memo: new Map(),
  first,
  end,
  low: first,
  high: end,
});
