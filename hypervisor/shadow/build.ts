import { halfMasks, halvesOfField, pageIn } from "../../events/layout/field-halves.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import {
  ok,
  permission,
  reserved,
  rootUnreadable,
  unmapped,
  unreadable,
} from "../../tables/mapping.ts";
import type { Page } from "../../tables/memory.ts";
import { half, pageAt } from "../../tables/memory.ts";
import { readable } from "../../tables/p2m.ts";
import { fillSlot, withChildren } from "../../tables/page-tree-change.ts";
import type { Slot } from "../../tables/page-tree-node.ts";
import { spans } from "../../tables/page-tree-node.ts";
import type { Build } from "./built-table.ts";
import { listLimit, reuse } from "./built-table.ts";
import { both, leafSlot } from "./stage-entry.ts";
import { reservedHalves } from "./walk-second-stage.ts";

const { r, w, ps } = halfMasks(SecondStageEntry);
const { above } = halvesOfField(SecondStageEntry.fields.address);

/**
 * What one entry comes to: the whole of a leaf, of what it blocks or of a table only the wanted
 * part.
 */
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
  const read = readAbove !== ok ? readAbove : (low & r) !== 0 ? ok : permission;
  const write = writeAbove !== ok ? writeAbove : (low & w) !== 0 ? ok : permission;
  const blocked = (value: number): Slot =>
    fillSlot(old, depth, at, build.first, build.end, value, at, true);
  if (read !== ok && write !== ok) return blocked(unmapped(read, write));
  const large = (low & ps) !== 0;
  const masks = reservedHalves(build.guest.profile);
  const mask = (level * 2 + (large ? 1 : 0)) * 2;
  if ((low & (masks[mask] as number)) !== 0 || (high & (masks[mask + 1] as number)) !== 0) {
    return blocked(both(read, write, reserved));
  }
  const frame = pageIn(low, high, above);
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

/**
 * A table of which everything is wanted: built once for each set of permissions, shared from then
 * on.
 */
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
  const blank = both(read, write, permission);
  const groupOf = (group: number, was: Slot): Slot => {
    const at = base + group * groupSpan;
    return isBlank(page, group)
      ? fillSlot(was, depth - 1, at, first, end, blank, at, true)
      : groupSlot(build, page, group, level, read, write, was, at);
  };
  return withChildren(old, depth, low, high, groupOf);
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
  const low = build.first <= base ? 0 : Math.floor((build.first - base) / span);
  const high = Math.min(31, Math.floor((build.end - 1 - base) / span));
  return withChildren(old, depth, low, high, (index, was) => {
    const word = (group * 32 + index) * 2;
    const [lower, upper] = [half(page, word), half(page, word + 1)];
    return entrySlot(build, lower, upper, level, read, write, was, base + index * span);
  });
}

/**
 * The guest stage of a shadow with the pages `[first, end)` read anew from the guest's tables as
 * they are. Leaves that the range touches are taken whole. What was read is left in `build.tables`
 * and `build.shared`.
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
