import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { radixGet, radixSet } from "../../tables/radix.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { asWeb, isWeb, shadowAt, withShadow } from "../shadow/shadow.ts";
import { seenEvolvers } from "./seen-by-unit.ts";
import type { TablePlace, TableUse } from "./table-use.ts";
import { maxUses, noUse } from "./table-use.ts";

/** A page's uses, before one more is listed: of shadows that are gone only a few are kept. */
function usesOf(guest: Guest, gfn: number): TableUse {
  const use = radixGet(guest.tables, gfn) ?? noUse;
  if (use.uses.length + use.shared.length < 2 * maxUses) return use;
  const isThere = (id: number): boolean => shadowAt(guest, id) !== undefined;
  const uses = use.uses.filter(({ shadow }) => isThere(shadow));
  return { ...use, uses, shared: use.shared.filter(isThere) };
}

/** Walks read a table page from now on. */
function useTable(guest: Draft<Guest>, fact: FactOf<"TableShadowed">): void {
  const gfn = pageOf(fact.table);
  const old = usesOf(guest, gfn);
  const one: TablePlace = { shadow: fact.shadow, level: fact.level, base: pageOf(fact.iova) };
  guest.tables = radixSet(guest.tables, gfn, { ...old, uses: [...old.uses, one] });
}

/** One shadow reaches a table page in too many places to list; it is a web from now on. */
function shareTable(guest: Draft<Guest>, fact: FactOf<"TableShared">): void {
  const gfn = pageOf(fact.table);
  const old = usesOf(guest, gfn);
  const uses = old.uses.filter((use) => use.shadow !== fact.shadow);
  const shared = old.shared.includes(fact.shadow) ? old.shared : [...old.shared, fact.shadow];
  guest.tables = radixSet(guest.tables, gfn, { ...old, uses, shared });
  const shadow = shadowAt(guest, fact.shadow);
  if (shadow === undefined || isWeb(shadow)) return;
  guest.shadows = withShadow(guest.shadows, asWeb(shadow));
}

/** A page holds root or context entries. */
function useContextTable(guest: Draft<Guest>, fact: FactOf<"ContextTableUsed">): void {
  const gfn = pageOf(fact.table);
  const old = radixGet(guest.tables, gfn) ?? noUse;
  guest.tables = radixSet(guest.tables, gfn, { ...old, context: true });
}

/** What facts about guest memory, and which of its pages walks read, do. */
export const memoryEvolvers: Evolvers = {
  ...seenEvolvers,
  TableShadowed: useTable,
  TableShared: shareTable,
  ContextTableUsed: useContextTable,
};
