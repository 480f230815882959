import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodeBundle } from "../../seal/bundle.ts";
import type { GrowingTree } from "../../seal/growing-tree.ts";
import { growTree } from "../../seal/growing-tree.ts";
import type { Tile } from "../../seal/tile.ts";
import { tilePath, tileWidth } from "../../seal/tile.ts";
import { leafHash } from "../../seal/tree-hash.ts";
import { fileError, InputError } from "../input-error.ts";
import { checkpointFile } from "./folder-reader.ts";

/** What a seal is written to, entry by entry; under its name once it is whole. */
export interface SealWriter {
  readonly tree: GrowingTree;
  readonly add: (entry: Uint8Array) => void;
  /** Adds the checkpoint and gives the whole its name. */
  readonly keep: (checkpoint: string) => void;
  /** Removes what was written. */
  readonly drop: () => void;
}

const own = new Set(["checkpoint", "tile"]);

/** Refuses a folder with anything but a seal in it. @throws InputError. */
export function checkReplaceable(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new InputError(`${folder}: is no folder`);
  }
  const other = readdirSync(folder).find((name) => !own.has(name));
  if (other === undefined) return;
  throw new InputError(`${folder}: is no seal, it has ${other}; nothing is replaced`);
}

/** A seal without tiles: the checkpoint is all that is kept. */
export function writeNothing(keep: (checkpoint: string) => void): SealWriter {
  const tree = growTree(() => undefined);
  return { tree, add: (entry) => tree.add(leafHash(entry)), keep, drop: () => undefined };
}

/** Writes a folder with the layout of C2SP tlog-tiles. @throws InputError when it cannot. */
export function writeFolder(folder: string): SealWriter {
  const name = folder.replace(/\/+$/, "");
  const part = `${name}.${process.pid.toString()}.part`;
  const writing = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      throw fileError(folder, error);
    }
  };
  const write = (tile: Tile, bytes: Uint8Array): void => {
    const path = join(part, tilePath(tile));
    writing(() => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    });
  };
  let bundle: Uint8Array[] = [];
  let bundles = 0;
  const writeBundle = (): void => {
    const tile = { level: "entries", index: bundles, width: bundle.length } as const;
    write(tile, encodeBundle(bundle));
    bundle = [];
    bundles += 1;
  };
  const tree = growTree(write);
  writing(() => mkdirSync(part));
  return {
    tree,
    add: (entry) => {
      tree.add(leafHash(entry));
      bundle.push(entry);
      if (bundle.length === tileWidth) writeBundle();
    },
    keep: (checkpoint) => {
      if (bundle.length > 0) writeBundle();
      tree.finish();
      writing(() => {
        writeFileSync(checkpointFile(part), checkpoint);
        replaceFolder(name, part);
      });
    },
    drop: () => rmSync(part, { recursive: true, force: true }),
  };
}

/** Puts a whole folder in the place of another, if there is one. */
function replaceFolder(name: string, part: string): void {
  const old = `${name}.${process.pid.toString()}.old`;
  const isThere = statSync(name, { throwIfNoEntry: false }) !== undefined;
  if (isThere) renameSync(name, old);
  renameSync(part, name);
  if (isThere) rmSync(old, { recursive: true });
}
