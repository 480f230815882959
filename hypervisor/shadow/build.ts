import { pageIn } from "../../events/address.ts";
import { halfMasks, halvesOfField } from "../../events/layout/field-halves.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import {
  ok,
  permission,
  readable,
  reserved,
  rootUnreadable,
  unmapped,
  unreadable,
} from "../../tables/mapping.ts";
import type { Page } from "../../tables/memory.ts";
import { half, pageAt } from "../../tables/memory.ts";
import type { Slot } from "../../tables/page-tree.ts";
import { fillSlot, spans } from "../../tables/page-tree.ts";
import { withChildren } from "../../tables/page-tree-slots.ts";
import type { Build, ReadTable } from "./built-table.ts";
import { keepBuilt, reuse } from "./built-table.ts";
import { both, leafSlot } from "./stage-entry.ts";
import { reservedHalves } from "./walk-second-stage.ts";

const { r, w, ps } = halfMasks(SecondStageEntry);
const { above } = halvesOfField(SecondStageEntry.fields.address);

/** A slot of which everything that is wanted has one value. */
function filled(build: Build, old: Slot, depth: number, at: number, value: number): Slot {
  const { first, end } = build;
  if (first <= at && end >= at + (spans[depth] as number)) return value;
  return fillSlot({ first, end, value, origin: at, linear: true }, old, depth, at);
}

/**
 * What one entry comes to: the whole of a leaf, of what it blocks or of a table only the wanted
 * part.
 */
function entrySlot(
  build: Build,
  table: ReadTable,
  page: Page | undefined,
  index: number,
  old: Slot,
): Slot {
  const { level } = table;
  const depth = (level - 1) * 2;
  const span = spans[depth] as number;
  const at = table.base + index * span;
  const [low, high] = [half(page, index * 2), half(page, index * 2 + 1)];
  const read = table.read !== ok ? table.read : (low & r) !== 0 ? ok : permission;
  const write = table.write !== ok ? table.write : (low & w) !== 0 ? ok : permission;
  if (read !== ok && write !== ok) return filled(build, old, depth, at, unmapped(read, write));
  const large = (low & ps) !== 0;
  const masks = reservedHalves(build.guest.profile);
  const mask = (level * 2 + (large ? 1 : 0)) * 2;
  if ((low & (masks[mask] as number)) !== 0 || (high & (masks[mask + 1] as number)) !== 0) {
    return filled(build, old, depth, at, both(read, write, reserved));
  }
  const frame = pageIn(low, high, above);
  if (level === 1 || large) {
    if (at < build.low) build.low = at;
    if (at + span > build.high) build.high = at + span;
    return leafSlot(frame, level, read, write);
  }
  const below: ReadTable = { gfn: frame, level: level - 1, base: at, read, write };
  const isWhole = build.first <= at && build.end >= at + span;
  return isWhole ? wholeTable(build, below, old) : tableSlot(build, below, old);
}

/**
 * A table of which everything is wanted: built once for each set of permissions, shared from then
 * on.
 */
function wholeTable(build: Build, table: ReadTable, old: Slot): Slot {
  const { gfn, level, base, read, write } = table;
  const key = ((gfn * 8 + level) * 8 + read) * 8 + write;
  const above = build.below;
  const known = build.memo.get(key);
  if (known !== undefined) {
    above.push(known);
    reuse(build, known, base);
    return known.slot;
  }
  build.below = [];
  const from = build.tables.length;
  const slot = tableSlot(build, table, old);
  above.push(keepBuilt(build, key, table, from, slot));
  build.below = above;
  return slot;
}

/** Whether the 32 entries from `group * 32` on are all zero because nobody wrote there. */
const isBlank = (page: Page | undefined, group: number): boolean =>
  page === undefined || (page[group * 2] === undefined && page[group * 2 + 1] === undefined);

/** The wanted part of what a table translates, in place of what `old` said. */
function tableSlot(build: Build, table: ReadTable, old: Slot): Slot {
  const { gfn, level, base, read, write } = table;
  const depth = level * 2;
  build.tables.push(table);
  const { guest, first, end } = build;
  if (!readable(guest.p2m, gfn)) {
    return filled(build, old, depth, base, both(read, write, unreadable));
  }
  const page = pageAt(guest.memory, gfn);
  const groupSpan = spans[depth - 1] as number;
  const low = first <= base ? 0 : Math.floor((first - base) / groupSpan);
  const high = Math.min(15, Math.floor((end - 1 - base) / groupSpan));
  const blank = both(read, write, permission);
  const groupOf = (group: number, was: Slot): Slot =>
    isBlank(page, group)
      ? filled(build, was, depth - 1, base + group * groupSpan, blank)
      : groupSlot(build, table, page, group, was);
  return withChildren(old, depth, low, high, groupOf);
}

/** The wanted part of 32 neighbouring entries. */
function groupSlot(
  build: Build,
  table: ReadTable,
  page: Page | undefined,
  group: number,
  old: Slot,
): Slot {
  const { first, end } = build;
  const depth = table.level * 2 - 1;
  const base = table.base + group * (spans[depth] as number);
  const span = spans[depth - 1] as number;
  const low = first <= base ? 0 : Math.floor((first - base) / span);
  const high = Math.min(31, Math.floor((end - 1 - base) / span));
  return withChildren(old, depth, low, high, (index, was) =>
    entrySlot(build, table, page, group * 32 + index, was),
  );
}

/**
 * The guest stage of a shadow with the pages `[first, end)` read anew from the guest's tables as
 * they are. Leaves that the range touches are taken whole. What was read is left in `build.tables`
 * and `build.shared`.
 */
export function buildStage(build: Build, shadow: Shadow): Slot {
  const { root, levels, stage } = shadow;
  const table: ReadTable = { gfn: root, level: levels, base: 0, read: ok, write: ok };
  if (readable(build.guest.p2m, root)) return tableSlot(build, table, stage.root);
  build.tables.push(table);
  return filled(build, stage.root, levels * 2, 0, both(ok, ok, rootUnreadable));
}
