import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseBundle } from "../../seal/bundle.ts";
import type { TreeHead } from "../../seal/check-proof.ts";
import { growTree } from "../../seal/growing-tree.ts";
import { SealFormatError, SealRefused } from "../../seal/seal-error.ts";
import type { Tile } from "../../seal/tile.ts";
import { tilePath, tileWidth } from "../../seal/tile.ts";
import { hashBytes, leafHash, sameBytes } from "../../seal/tree-hash.ts";
import type { ReadTile } from "../../seal/tree-proof.ts";
import { fileError } from "../input-error.ts";

/** The file of a seal's folder that has the checkpoint. */
export const checkpointFile = (folder: string): string => join(folder, "checkpoint");

const damaged = (what: string): SealRefused => new SealRefused("damaged seal", what);

const bytesAt = (path: string): Uint8Array | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw fileError(path, error);
  }
};

/** A file of a tile; a full one stands for one that was not full, too. */
function readFile(folder: string, tile: Tile): Uint8Array {
  const found = bytesAt(join(folder, tilePath(tile)));
  if (found !== undefined) return found;
  const full = { ...tile, width: tileWidth };
  const bytes = bytesAt(join(folder, tilePath(full)));
  if (bytes === undefined) throw damaged(`${tilePath(tile)} is missing`);
  if (tile.level !== "entries") return bytes.subarray(0, tile.width * hashBytes);
  const entries = parseBundle(bytes, tileWidth).slice(0, tile.width);
  return bytes.subarray(
    0,
    entries.reduce((sum, entry) => sum + 2 + entry.length, 0),
  );
}

/** Reads tiles of a folder, the newest of each level from memory. @throws SealRefused. */
export function tileReader(folder: string): ReadTile {
  const newest = new Map<Tile["level"], { readonly path: string; readonly bytes: Uint8Array }>();
  return (tile) => {
    const path = tilePath(tile);
    const known = newest.get(tile.level);
    if (known?.path === path) return known.bytes;
    const bytes = readFile(folder, tile);
    if (bytes.length !== tile.width * hashBytes) {
      throw damaged(`${path} has ${bytes.length.toString()} bytes`);
    }
    newest.set(tile.level, { path, bytes });
    return bytes;
  };
}

/** The entries of a folder in order. @throws SealRefused when a bundle is missing or cut. */
export function* entriesIn(folder: string, size: number): Generator<Uint8Array, void, void> {
  for (let index = 0; index * tileWidth < size; index++) {
    const width = Math.min(tileWidth, size - index * tileWidth);
    const tile = { level: "entries", index, width } as const;
    try {
      yield* parseBundle(readFile(folder, tile), width);
    } catch (error) {
      if (!(error instanceof SealFormatError)) throw error;
      throw damaged(`${tilePath(tile)}: ${error.message}`);
    }
  }
}

/** Checks that entries, tiles and checkpoint of a folder are one tree. @throws SealRefused. */
export function checkFolder(folder: string, { size, root }: TreeHead): void {
  const read = tileReader(folder);
  const tree = growTree((tile, hashes) => {
    if (sameBytes(read(tile), hashes)) return;
    throw damaged(`${tilePath(tile)} is not what the entries come to`);
  });
  for (const entry of entriesIn(folder, size)) tree.add(leafHash(entry));
  tree.finish();
  if (sameBytes(tree.root(), root)) return;
  throw damaged("its entries do not come to the root of its checkpoint");
}
