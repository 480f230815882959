import type { Ways } from "./first-chain.ts";
import { waysNow } from "./first-chain.ts";
import type { FirstHistory } from "./first-history.ts";
import type { PageHistory } from "./page-history.ts";
import { pageKey, tablesKey } from "./page-history.ts";
import type { Space } from "./pasid-entry.ts";
import type { Unit } from "./walk.ts";

/** What is watched of first stages and the second stages behind them. */
interface Watched {
  readonly keeps: boolean;
  readonly pages: ReadonlyMap<string, PageHistory>;
  readonly firsts: ReadonlyMap<string, FirstHistory>;
}

/**
 * What memory and second stage say now of a space. Where histories are kept, each page of the
 * second stage that is watched says it.
 */
export function nowOf(unit: Unit, all: Watched, space: Space): Ways {
  const { second } = space;
  const plain = waysNow(unit, space);
  if (!all.keeps || second === undefined) return plain;
  return {
    starts: plain.starts,
    second: (page) => {
      const known = all.pages.get(pageKey(second, page));
      return known === undefined ? plain.second(page) : [known.current];
    },
  };
}

/** First stages with these pages of second stages on their ways may have other ways now. */
export function markStale(all: Watched, pages: readonly PageHistory[]): void {
  if (pages.length === 0) return;
  const byTables = new Map<string, Set<number>>();
  for (const each of pages) {
    const key = tablesKey(each);
    byTables.set(key, (byTables.get(key) ?? new Set()).add(each.page));
  }
  for (const first of all.firsts.values()) {
    const { second } = first.space;
    const changed = second && byTables.get(tablesKey(second));
    for (const page of changed === undefined ? [] : first.seconds) {
      if (changed?.has(page)) first.stale = true;
    }
  }
}
