import type { Hash } from "./tree-hash.ts";
import { hashBytes, nodeHash } from "./tree-hash.ts";

/** Hashes, or entries, of a full tile. C2SP tlog-tiles. */
export const tileWidth = 256;

/** A tile of the tree, or with level `entries` a bundle of entries. */
export interface Tile {
  /** 0 for leaves; each hash of a level is of a full tile of the level below. */
  readonly level: number | "entries";
  /** The place among the tiles of its level, from 0. */
  readonly index: number;
  /** How many hashes or entries it has, 1 to 256. */
  readonly width: number;
}

/** An index by three digits a folder, all but the last with an `x` before. */
function indexPath(index: number): string {
  let path = (index % 1000).toString().padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${(rest % 1000).toString().padStart(3, "0")}/${path}`;
  }
  return path;
}

/** Where a tile lies in a folder that has the C2SP layout. */
export function tilePath({ level, index, width }: Tile): string {
  const part = width === tileWidth ? "" : `.p/${width.toString()}`;
  return `tile/${level.toString()}/${indexPath(index)}${part}`;
}

/** The hash at a place of a tile. */
export const hashAt = (tile: Uint8Array, place: number): Hash =>
  tile.subarray(place * hashBytes, (place + 1) * hashBytes);

/** The node above `count` neighbouring hashes of a tile; `count` is a power of two. */
export function nodeAbove(tile: Uint8Array, from: number, count: number): Hash {
  if (count === 1) return hashAt(tile, from);
  const half = count / 2;
  return nodeHash(nodeAbove(tile, from, half), nodeAbove(tile, from + half, half));
}
