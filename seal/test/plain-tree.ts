import { createHash } from "node:crypto";
import { growTree } from "../growing-tree.ts";
import { tilePath } from "../tile.ts";
import { leafHash } from "../tree-hash.ts";
import type { ReadTile } from "../tree-proof.ts";

/** The entries of the tree that Certificate Transparency's tests share. */
export const ctEntries: readonly Uint8Array[] = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((hex) => Buffer.from(hex, "hex"));

/** MTH of RFC 6962, section 2.1, word by word. */
export function plainRoot(entries: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  const [first] = entries;
  if (first === undefined) return hash.digest();
  if (entries.length === 1) return hash.update(Uint8Array.of(0)).update(first).digest();
  const k = 2 ** Math.floor(Math.log2(entries.length - 1));
  const halves = [plainRoot(entries.slice(0, k)), plainRoot(entries.slice(k))];
  for (const part of [Uint8Array.of(1), ...halves]) hash.update(part);
  return hash.digest();
}

export interface BuiltTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** By their paths. */
  readonly tiles: ReadonlyMap<string, Uint8Array>;
  readonly read: ReadTile;
}

/** A tree with all its tiles in memory. */
export function builtTree(entries: readonly Uint8Array[]): BuiltTree {
  const tiles = new Map<string, Uint8Array>();
  const tree = growTree((tile, hashes) => tiles.set(tilePath(tile), hashes));
  for (const entry of entries) tree.add(leafHash(entry));
  tree.finish();
  const read: ReadTile = (tile) => {
    const found = tiles.get(tilePath(tile));
    if (found === undefined) throw new Error(`no ${tilePath(tile)}`);
    return found;
  };
  return { size: tree.size(), root: tree.root(), tiles, read };
}

/** So many entries, each another. */
export const someEntries = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`entry ${index.toString()}`));
