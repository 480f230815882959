import type { Range } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { frozen } from "../../events/frozen.ts";
import { dropCached, rememberCached } from "../../tables/mapping.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { emptyTree } from "../../tables/page-tree.ts";
import type { Radix } from "../../tables/radix.ts";
import { emptyRadix, radixForEach, radixGet, radixSet } from "../../tables/radix.ts";

/** What a first-stage walk needs to know of the PASID entry. */
export interface FirstStageRules {
  /** Page of the top table: a guest page, or one that the second stage translates. */
  readonly root: number;
  readonly levels: 4 | 5;
  /** Supervisor requests respect read-only pages; bit 63 forbids execution. */
  readonly wpe: boolean;
  readonly nxe: boolean;
  /** Supervisor requests do not execute user pages. */
  readonly smep: boolean;
  /** The extended accessed bit is set too. */
  readonly eafe: boolean;
}

/** Rights that the entries so far leave, as bits. */
export const right = { write: 1, user: 2, execute: 4 } as const;

/** A table that a walk went through, as the paging-structure cache holds it. */
export interface CachedTable {
  /** Its page, as the entry above names it. */
  readonly page: number;
  /** The rights that the entries above it leave. */
  readonly rights: number;
}

/** What the unit holds of one first stage: of one domain-id, one PASID and one root. */
export interface Space extends FirstStageRules {
  readonly id: number;
  readonly did: number;
  /** The tag of its cached entries. */
  readonly pasid: number;
  /** The shadow of the guest's second stage that lies under it, for physical devices. */
  readonly shadow: number | undefined;
  /** The guest's own second stage under it: guest page of its top table. */
  readonly second: { readonly root: number; readonly levels: number } | undefined;
  /** For device models, which hold guest pages; else the entries are host pages. */
  readonly virtual: boolean;
  /** Number of the event that cached something first since nothing was cached, or 0. */
  readonly since: number;
  /** Every translation that was used and nothing invalidated, for each class of request. */
  readonly iotlb: readonly PageTree[];
  /** The paging-structure cache: at each level below the top, tables by the prefix of a page. */
  readonly tables: readonly Radix<CachedTable>[];
}

/** Classes of requests that do not share cached entries: bit 0 supervisor, bit 1 execute. */
export const classOf = (privileged: boolean, execute: boolean): number =>
  (privileged ? 1 : 0) + (execute ? 2 : 0);

const noTables: readonly Radix<CachedTable>[] = frozen(
  Array.from({ length: 5 }, () => emptyRadix()),
);

const noEntries = (levels: number): readonly PageTree[] =>
  Array.from({ length: 4 }, () => emptyTree(levels, true));

/** A first stage of which nothing was used yet. */
export function spaceOf(fact: FactOf<"FirstStageCreated">): Space {
  const { space, did, pasid, levels, shadow, second, secondLevels, virtual } = fact;
  const { wpe, nxe, smep, eafe } = fact;
  return {
    id: space,
    did,
    pasid,
    root: pageOf(fact.root),
    levels: levels === 5 ? 5 : 4,
    ...{ shadow, virtual, wpe, nxe, smep, eafe },
    second: second === undefined ? undefined : { root: pageOf(second), levels: secondLevels ?? 0 },
    since: 0,
    iotlb: noEntries(levels),
    tables: noTables,
  };
}

/** A page's number among those that the tables tell apart: sign bits left out. */
export const indexIn = (levels: number, page: number): number => page % 512 ** levels;

/** The deepest cached table on the way to a page index, and its level. */
export function cachedTable(
  space: Space,
  index: number,
): { readonly level: number; readonly table: CachedTable } | undefined {
  for (let level = 1; level < space.levels; level++) {
    const tables = space.tables[level];
    if (tables === undefined || tables.size === 0) continue;
    const table = radixGet(tables, Math.floor(index / 512 ** level));
    if (table !== undefined) return { level, table };
  }
  return undefined;
}

/** The first stage with tables that a walk went through. */
export function tablesCached(
  space: Space,
  fact: FactOf<"FirstStageTablesCached">,
  seq: number,
): Space {
  const index = indexIn(space.levels, pageOf(fact.iova));
  const tables = [...space.tables];
  for (const [below, table] of fact.tables.entries()) {
    const level = fact.level - below;
    const old = tables[level];
    if (old === undefined || level < 1) continue;
    const cached = { page: pageOf(table), rights: fact.rights[below] ?? 0 };
    tables[level] = radixSet(old, Math.floor(index / 512 ** level), cached);
  }
  return { ...space, tables, since: space.since || seq };
}

/** The first stage with a translation that was used by a class of requests. */
export function translationCached(
  space: Space,
  kind: number,
  page: number,
  mapping: number,
  seq: number,
): Space {
  const old = space.iotlb[kind];
  if (old === undefined) return space;
  const tree = rememberCached(old, indexIn(space.levels, page), mapping);
  if (tree === old) return space;
  return { ...space, iotlb: space.iotlb.with(kind, tree), since: space.since || seq };
}

/** The first stage with nothing cached. */
export const nothingCached = (space: Space): Space => ({
  ...space,
  since: 0,
  iotlb: noEntries(space.levels),
  tables: noTables,
});

/** The first stage without translations; tables stay. */
export const translationsFlushed = (space: Space): Space => ({
  ...space,
  iotlb: noEntries(space.levels),
});

/** The pages of a range by their indices; all when the range is as long as the tables are wide. */
function indices(levels: number, { first, end }: Range): Range {
  const width = 512 ** levels;
  if (end - first >= width) return { first: 0, end: width };
  const low = indexIn(levels, first);
  return { first: low, end: Math.min(width, low + end - first) };
}

function tablesWithout(tables: Radix<CachedTable>, level: number, { first, end }: Range) {
  const span = 512 ** level;
  let left = tables;
  radixForEach(tables, Math.floor(first / span), Math.ceil(end / span), (prefix) => {
    left = radixSet(left, prefix, undefined);
  });
  return left;
}

/** The first stage without what is cached of a range of pages; with `leafOnly` tables stay. */
export function rangeForgotten(space: Space, range: Range, leafOnly: boolean): Space {
  const pages = indices(space.levels, range);
  const iotlb = space.iotlb.map((tree) => dropCached(tree, pages.first, pages.end));
  const tables = leafOnly
    ? space.tables
    : space.tables.map((old, level) => tablesWithout(old, level, pages));
  return { ...space, iotlb, tables };
}

/** Whether nothing at all is cached. */
export const isEmpty = ({ iotlb, tables }: Space): boolean =>
  iotlb.every(({ root }) => root === 0) && tables.every(({ size }) => size === 0);
