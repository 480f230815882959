import type { Radix } from "../../tables/radix.ts";
import { emptyRadix, radixForEach, radixGet, radixSet } from "../../tables/radix.ts";
import type { Shadow } from "./shadow.ts";

/** The shadows of a guest: found, changed and dropped without looking at the others. */
export interface Shadows {
  readonly byId: Radix<Shadow>;
  /** Numbers of shadows by the page of the top table, and by domain-id and levels. */
  readonly byRoot: Radix<Radix<number>>;
}

export const noShadows: Shadows = { byId: emptyRadix(), byRoot: emptyRadix() };

/** The guest's shadow of a number. */
export const shadowAt = (
  guest: { readonly shadows: Shadows } | undefined,
  id: number | undefined,
): Shadow | undefined =>
  guest === undefined || id === undefined ? undefined : radixGet(guest.shadows.byId, id);

/** All shadows of a guest, in the order in which they were made. */
export function shadowsOf({ shadows }: { readonly shadows: Shadows }): readonly Shadow[] {
  const all: Shadow[] = [];
  radixForEach(shadows.byId, 0, Number.MAX_SAFE_INTEGER, (_id, shadow) => all.push(shadow));
  return all;
}

type Tables = Pick<Shadow, "did" | "root" | "levels">;

const tablesKey = ({ did, levels }: Tables): number => did * 8 + levels;

/** The number of the shadow of some tables in a domain. */
export const shadowOver = (
  { shadows }: { readonly shadows: Shadows },
  tables: Tables,
): number | undefined => {
  const known = radixGet(shadows.byRoot, tables.root);
  return known && radixGet(known, tablesKey(tables));
};

function indexed(byRoot: Shadows["byRoot"], shadow: Shadow, id: number | undefined) {
  const known = radixGet(byRoot, shadow.root) ?? emptyRadix<number>();
  return radixSet(byRoot, shadow.root, radixSet(known, tablesKey(shadow), id));
}

/** The shadows with one more, or with another version of one. */
export function withShadow({ byId, byRoot }: Shadows, shadow: Shadow): Shadows {
  const isNew = radixGet(byId, shadow.id) === undefined;
  return {
    byId: radixSet(byId, shadow.id, shadow),
    byRoot: isNew ? indexed(byRoot, shadow, shadow.id) : byRoot,
  };
}

/** The shadows without one. */
export function withoutShadow({ byId, byRoot }: Shadows, id: number): Shadows {
  const shadow = radixGet(byId, id);
  if (shadow === undefined) return { byId, byRoot };
  return { byId: radixSet(byId, id, undefined), byRoot: indexed(byRoot, shadow, undefined) };
}
