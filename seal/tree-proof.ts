import type { Tile } from "./tile.ts";
import { nodeAbove, tileWidth } from "./tile.ts";
import type { Hash } from "./tree-hash.ts";
import { nodeHash, splitOf } from "./tree-hash.ts";

/** The hashes of a tile, as many as it is wide. */
export type ReadTile = (tile: Tile) => Uint8Array;

/** Levels of a tree in one tile. */
const tileHeight = 8;

/** A tree of a known size whose nodes are read from tiles. */
export interface TiledTree {
  readonly size: number;
  readonly read: ReadTile;
}

/** The node above 2^height leaves, all of which are there; `index` counts such nodes. */
function wholeNode({ size, read }: TiledTree, height: number, index: number): Hash {
  const level = Math.floor(height / tileHeight);
  const count = 2 ** (height % tileHeight);
  const first = index * count;
  const tile = Math.floor(first / tileWidth);
  const there = Math.floor(size / tileWidth ** level);
  const width = Math.min(tileWidth, there - tile * tileWidth);
  return nodeAbove(read({ level, index: tile, width }), first % tileWidth, count);
}

/** The root over the leaves from `from` up to `to`, as RFC 6962 splits them. */
function rangeRoot(tree: TiledTree, from: number, to: number): Hash {
  const count = to - from;
  const height = Math.log2(count);
  if (Number.isInteger(height)) return wholeNode(tree, height, from / count);
  const middle = from + splitOf(count);
  return nodeHash(rangeRoot(tree, from, middle), rangeRoot(tree, middle, to));
}

function pathTo(tree: TiledTree, index: number, from: number, to: number): readonly Hash[] {
  if (to - from === 1) return [];
  const middle = from + splitOf(to - from);
  return index < middle
    ? [...pathTo(tree, index, from, middle), rangeRoot(tree, middle, to)]
    : [...pathTo(tree, index, middle, to), rangeRoot(tree, from, middle)];
}

/**
 * The proof that a tree has an entry at `index`, which is below its size: PATH of RFC 6962,
 * section 2.1.1, from the leaf up.
 */
export const inclusionProof = (tree: TiledTree, index: number): readonly Hash[] =>
  pathTo(tree, index, 0, tree.size);

function between(
  tree: TiledTree,
  old: number,
  [from, to]: readonly [number, number],
  isWhole: boolean,
): readonly Hash[] {
  if (old === to) return isWhole ? [] : [rangeRoot(tree, from, to)];
  const middle = from + splitOf(to - from);
  return old <= middle
    ? [...between(tree, old, [from, middle], isWhole), rangeRoot(tree, middle, to)]
    : [...between(tree, old, [middle, to], false), rangeRoot(tree, from, middle)];
}

/**
 * The proof that the first `old` entries of a tree, 0 to its size, are those of an earlier one:
 * PROOF of RFC 6962, section 2.1.2. Empty where nothing is to be proved.
 */
export const consistencyProof = (tree: TiledTree, old: number): readonly Hash[] =>
  old === 0 ? [] : between(tree, old, [0, tree.size], true);
