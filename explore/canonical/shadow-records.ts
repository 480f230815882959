import type { Guest } from "../../projections/guest.ts";
import type { TableUse } from "../../projections/memory/table-use.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { shadowAt } from "../../projections/shadow/shadows.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Digest } from "./digest.ts";
import { kinds } from "./kinds.ts";
import type { Memo, Renamed } from "./memo.ts";
import { newMemo, renamed, sumFields } from "./memo.ts";
import type { Names } from "./names.ts";
import { markOf, treeRecords } from "./tree-records.ts";

/** A shadow by whose tables it is of, not by its number; one that is gone by nothing. */
export function shadowFields(to: Digest, guest: Guest, id: number | undefined, names: Names): void {
  const shadow = shadowAt(guest, id);
  to.field(shadow === undefined ? -1 : names.gfn(shadow.root));
  to.field(shadow === undefined ? (id === undefined ? 0 : 1) : names.did(shadow.did));
  to.field(shadow?.levels ?? 0);
}

/** How each tree of a shadow is told. */
const trees: readonly {
  readonly of: (shadow: Shadow) => PageTree;
  readonly tell: (to: Digest, tree: PageTree, names: Names) => void;
}[] = [
  { of: ({ stage }) => stage, tell: (to, tree, { iova, gfn }) => treeRecords(to, tree, iova, gfn) },
  { of: ({ host }) => host, tell: (to, tree, { iova, hfn }) => treeRecords(to, tree, iova, hfn) },
  {
    of: ({ pending }) => pending,
    tell: (to, tree, { iova }) => treeRecords(to, tree, iova, iova, markOf),
  },
  {
    of: ({ places }) => places,
    tell: (to, tree, { gfn, iova }) => treeRecords(to, tree, gfn, iova),
  },
  { of: ({ iotlb }) => iotlb, tell: (to, tree, { iova, hfn }) => treeRecords(to, tree, iova, hfn) },
];

/** What finds the sums of a shadow, of which it knows the trees that it has met. */
export function newShadowSums(to: Digest, all: readonly Names[]): (shadow: Shadow) => Renamed {
  const whole = newMemo(to, all);
  const memos = trees.map(() => newMemo(to, all));
  const partOf = (shadow: Shadow, at: number): Renamed => {
    const { of, tell } = trees[at] as (typeof trees)[number];
    const tree = of(shadow);
    const told = (digest: Digest, names: Names): void => tell(digest, tree, names);
    if (typeof tree.root === "number") return renamed(to, all, told);
    return (memos[at] as Memo).of(tree.root, told);
  };
  return (shadow) => {
    const parts = trees.map((_, at) => partOf(shadow, at));
    return whole.of(shadow, (digest, names, index) => {
      for (let at = 0; at < parts.length; at++) {
        digest.begin(kinds.shadow);
        digest.field(at);
        digest.field(names.did(shadow.did));
        digest.field(names.gfn(shadow.root));
        digest.field(shadow.levels);
        sumFields(digest, parts[at] as Renamed, index);
        digest.end();
      }
    });
  };
}

/** Which guest pages are tables, of which shadow and where. */
function useRecords(to: Digest, guest: Guest, gfn: number, use: TableUse, names: Names): void {
  for (const { shadow, level, base } of use.uses) {
    // A shadow that is gone makes no difference any more.
    if (shadowAt(guest, shadow) === undefined) continue;
    to.begin(kinds.table);
    to.field(names.gfn(gfn));
    shadowFields(to, guest, shadow, names);
    to.field(level);
    to.field(base);
    to.end();
  }
  for (const shadow of use.shared) {
    if (shadowAt(guest, shadow) === undefined) continue;
    to.begin(kinds.table);
    to.field(names.gfn(gfn));
    shadowFields(to, guest, shadow, names);
    to.field(-1);
    to.end();
  }
  if (!use.context) return;
  to.begin(kinds.table);
  to.field(names.gfn(gfn));
  to.end();
}

/** The records of every table page that is known. */
export function tableRecords(to: Digest, guest: Guest, names: Names): void {
  radixForEach(guest.tables, 0, Number.MAX_SAFE_INTEGER, (gfn, use) =>
    useRecords(to, guest, gfn, use, names),
  );
}
