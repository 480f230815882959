import type { Tile } from "./tile.ts";
import { nodeAbove, tileWidth } from "./tile.ts";
import type { Hash } from "./tree-hash.ts";
import { emptyRoot, hashBytes, nodeHash } from "./tree-hash.ts";

/** Takes the hashes of a tile; they are its own. */
export type TakeTile = (tile: Tile, hashes: Uint8Array) => void;

/** A tree that entries are added to. Of each level it keeps the tile that is not full yet. */
export interface GrowingTree {
  readonly size: () => number;
  readonly add: (leaf: Hash) => void;
  /** The root of what is there now. */
  readonly root: () => Hash;
  /** Hands out the tiles that are not full. */
  readonly finish: () => void;
}

interface Level {
  readonly hashes: Uint8Array;
  /** Hashes in the tile. */
  count: number;
  /** Full tiles before it. */
  index: number;
}

/** The nodes above whole subtrees of a tile that is not full, from the right. */
function* piecesOf({ hashes, count }: Level): Generator<Hash, void, void> {
  let end = count;
  for (let piece = 1; piece <= count; piece *= 2) {
    if (Math.floor(count / piece) % 2 === 0) continue;
    end -= piece;
    yield nodeAbove(hashes, end, piece);
  }
}

/** A tree without entries. Full tiles are handed out when they are full. */
export function growTree(take: TakeTile): GrowingTree {
  const levels: Level[] = [];
  let size = 0;
  const addAt = (height: number, hash: Hash): void => {
    levels[height] ??= { hashes: new Uint8Array(tileWidth * hashBytes), count: 0, index: 0 };
    const level = levels[height];
    level.hashes.set(hash, level.count * hashBytes);
    level.count += 1;
    if (level.count < tileWidth) return;
    take({ level: height, index: level.index, width: tileWidth }, level.hashes.slice());
    level.index += 1;
    level.count = 0;
    addAt(height + 1, nodeAbove(level.hashes, 0, tileWidth));
  };
  return {
    size: () => size,
    add: (leaf) => {
      size += 1;
      addAt(0, leaf);
    },
    root: () => {
      const pieces = levels.flatMap((level) => [...piecesOf(level)]);
      return pieces.length === 0 ? emptyRoot() : pieces.reduce((all, one) => nodeHash(one, all));
    },
    finish: () => {
      for (const [height, { hashes, count, index }] of levels.entries()) {
        if (count === 0) continue;
        take({ level: height, index, width: count }, hashes.slice(0, count * hashBytes));
      }
    },
  };
}
