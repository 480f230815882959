import type { Guest } from "../../projections/guest.ts";
import type { TableUse } from "../../projections/memory/table-use.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Digest } from "./digest.ts";
import { kinds } from "./kinds.ts";
import type { Names } from "./names.ts";
import { markOf, treeRecords } from "./tree-records.ts";

/** A shadow by whose tables it is of, not by its number; one that is gone by nothing. */
export function shadowFields(to: Digest, guest: Guest, id: number | undefined, names: Names): void {
  const shadow = shadowAt(guest, id);
  to.field(shadow === undefined ? -1 : names.gfn(shadow.root));
  to.field(shadow === undefined ? (id === undefined ? 0 : 1) : names.did(shadow.did));
  to.field(shadow?.levels ?? 0);
}

/** The trees of a shadow, and how each is told. */
export const shadowTrees: readonly {
  readonly of: (shadow: Shadow) => PageTree;
  readonly page: "iova" | "gfn";
  readonly frame: "gfn" | "hfn" | "iova";
  readonly value?: (value: number) => number;
}[] = [
  { of: ({ stage }) => stage, page: "iova", frame: "gfn" },
  { of: ({ host }) => host, page: "iova", frame: "hfn" },
  { of: ({ pending }) => pending, page: "iova", frame: "iova", value: markOf },
  { of: ({ places }) => places, page: "gfn", frame: "iova" },
  { of: ({ iotlb }) => iotlb, page: "iova", frame: "hfn" },
];

/** One tree of a shadow. */
export const shadowTree = (shadow: Shadow, place: number): PageTree =>
  (shadowTrees[place] as (typeof shadowTrees)[number]).of(shadow);

/** The records of one tree of a shadow, by its place in `shadowTrees`. */
export function shadowRecords(to: Digest, shadow: Shadow, place: number, names: Names): void {
  const { of, page, frame, value } = shadowTrees[place] as (typeof shadowTrees)[number];
  const owner = [place, names.did(shadow.did), names.gfn(shadow.root), shadow.levels];
  if (place === 0) {
    to.begin(kinds.shadow);
    for (const field of owner) to.field(field);
    to.end();
  }
  treeRecords(to, of(shadow), names[page], names[frame], value, owner, kinds.shadow);
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
