import type { PageSize } from "../../events/input.ts";
import { isLeaf, reservedBits } from "./first-entry.ts";
import type { Space } from "./pasid-entry.ts";
import { placeOf } from "./view.ts";
import type { PageValue, TableAnswer, Unit } from "./walk.ts";
import { leafSize, walkTables } from "./walk.ts";
import { bit, ones } from "./word.ts";

/** One entry on the way through first-stage tables. */
export interface Link {
  readonly level: number;
  /** Where the tables say that it is; under nesting the second stage translates that. */
  readonly at: bigint;
  /** What the second stage says of its page; nothing for an entry that is remembered. */
  readonly place: PageValue | undefined;
  /** Where it was read, and by which view of memory. */
  readonly gpa: bigint | undefined;
  readonly read: bigint | undefined;
  readonly value: bigint | undefined;
}

/** From the top table to a leaf, or to the first entry that leads nowhere. */
export type Chain = readonly Link[];

/** What a walk may find instead of what memory holds now. */
export interface Ways {
  /** Ways from the top down to an upper entry that are remembered: a walk may begin below them. */
  readonly starts: ReadonlyMap<string, Chain>;
  /** What the second stage says, or may say, of a page; at least one. */
  readonly second: (page: number) => readonly PageValue[];
}

/** What memory and second stage say now, and nothing else. */
export const waysNow = (unit: Unit, { second }: Space): Ways => ({
  starts: new Map(),
  second: (page) => [second === undefined ? itself(page) : secondNow(unit, second, page)],
});

/** What second-stage tables say of a page now. */
export function secondNow(
  unit: Unit,
  tables: NonNullable<Space["second"]>,
  page: number,
): PageValue {
  const read = walkTables(unit, tables, page, "read").outcome;
  return { read, write: walkTables(unit, tables, page, "write").outcome };
}

/** Without a second stage an address is a GPA. */
export function itself(page: number): PageValue {
  const same = { kind: "page", gpa: BigInt(page) << 12n, size: leafSize(3, page) } as const;
  return { read: same, write: same };
}

/** The GPA of a page; nothing where there is none. */
const gpaIn = (outcome: TableAnswer): bigint | undefined =>
  outcome.kind === "page" ? outcome.gpa : undefined;

/** One text for an entry at its place, whatever its accessed and dirty bits. */
export const stepKey = (at: bigint, value: bigint | undefined): string =>
  `${at.toString(16)}=${value === undefined ? "" : (value & ~passedBits).toString(16)},`;

const passedBits = (1n << 5n) | (1n << 6n) | (1n << 10n);

/** First-stage tables, and what is known of the second stage under them. */
export interface FirstTables {
  readonly unit: Unit;
  readonly space: Space;
  readonly ways: Ways;
}

/** An entry whose page the second stage may translate in several ways, and the way to it. */
interface Fork {
  readonly level: number;
  readonly at: bigint;
  readonly places: readonly PageValue[];
  readonly chain: Chain;
}

/** Every way down for a page: through what memory holds now, and on from what is remembered. */
export function* chains(tables: FirstTables, page: number): Generator<Chain> {
  const { space, ways } = tables;
  const shown = new Set<string>();
  for (const chain of below(tables, page, space.levels, space.root)) {
    yield chain;
    let key = "";
    for (const { at, value } of ways.starts.size === 0 ? [] : chain) {
      // One whose bits are still to be set may fail where a walk from the cache does not.
      if (value === undefined || !bit(value, 5) || (space.eafe && !bit(value, 10))) break;
      key += stepKey(at, value);
      shown.add(key);
    }
  }
  for (const [key, start] of ways.starts) {
    // Memory shows the same: the ways from there are among those above.
    if (shown.has(key)) continue;
    const last = start[start.length - 1];
    if (last?.value === undefined) continue;
    const table = last.value & ones(51, 12);
    yield* below(tables, page, last.level - 1, table, start);
  }
}

/** The entry of a level at an address, if the second stage says of its page what `place` says. */
function linkAt(tables: FirstTables, level: number, at: bigint, place: PageValue): Link {
  const { unit, space } = tables;
  const base = gpaIn(place.read);
  const gpa = base === undefined ? undefined : base | (at & 0xfffn);
  const read = gpa === undefined ? undefined : placeOf(unit, space.snoops, gpa);
  const value = read === undefined ? undefined : unit.read64(read);
  return { level, at, place, gpa, read, value };
}

/** Whether a walk ends at an entry: a leaf, or one that leads nowhere. */
const isEnd = ({ unit, space }: FirstTables, { level, value }: Link): boolean =>
  value === undefined ||
  !bit(value, 0) ||
  isLeaf(level, value) ||
  (value & reservedBits(unit, space, level, value)) !== 0n;

/**
 * Every way down from a table through what memory holds now.
 *
 * @param before  the way to the table.
 */
function* below(
  tables: FirstTables,
  page: number,
  from: number,
  root: bigint,
  before: Chain = [],
): Generator<Chain> {
  const { ways } = tables;
  const iova = BigInt(page) << 12n;
  const chain = [...before];
  let [level, table] = [from, root];
  for (;;) {
    const at = table + ((iova >> BigInt(3 + 9 * level)) & 511n) * 8n;
    const places = ways.second(Number(at >> 12n));
    const [only] = places;
    if (places.length !== 1 || only === undefined) {
      yield* across(tables, page, { level, at, places, chain });
      return;
    }
    const link = linkAt(tables, level, at, only);
    chain.push(link);
    if (isEnd(tables, link)) {
      yield chain;
      return;
    }
    table = (link.value ?? 0n) & ones(51, 12);
    level -= 1;
  }
}

/** Every way on from an entry that may be in several places. */
function* across(
  tables: FirstTables,
  page: number,
  { level, at, places, chain }: Fork,
): Generator<Chain> {
  for (const place of places) {
    const link = linkAt(tables, level, at, place);
    const way = [...chain, link];
    if (isEnd(tables, link)) yield way;
    else yield* below(tables, page, level - 1, (link.value ?? 0n) & ones(51, 12), way);
  }
}

/** Whether a chain ends in a present leaf. */
export function hasLeaf(unit: Unit, space: Space, chain: Chain): boolean {
  const last = chain[chain.length - 1];
  if (last?.value === undefined || !bit(last.value, 0) || !isLeaf(last.level, last.value)) {
    return false;
  }
  return (last.value & reservedBits(unit, space, last.level, last.value)) === 0n;
}

/** The L2 address that a chain's leaf gives to a page. */
export function resultOf(chain: Chain, page: number): { address: bigint; size: PageSize } {
  const last = chain[chain.length - 1];
  const level = last?.level ?? 1;
  const offset = ones(2 + 9 * level, 0);
  const base = (last?.value ?? 0n) & ones(51, 12) & ~offset;
  const size = (["4K", "2M", "1G"] as const)[level - 1] ?? "4K";
  return { address: base | ((BigInt(page) << 12n) & offset), size };
}
