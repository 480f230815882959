import { statSync } from "node:fs";
import type { SignedCheckpoint } from "../../seal/checkpoint.ts";
import { parseCheckpoint } from "../../seal/checkpoint.ts";
import { textOf } from "../../seal/note.ts";
import { readWhole } from "../binary.ts";
import { checkpointFile } from "./folder-reader.ts";
import { inFile } from "./key-file.ts";

/** A seal: a folder of tiles, or a checkpoint alone. */
export interface SealFile {
  readonly checkpoint: SignedCheckpoint;
  /** The checkpoint as it stands there. */
  readonly text: string;
  /** The folder, where there are tiles. */
  readonly folder: string | undefined;
}

export const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The text of a file of the seal's formats. @throws InputError when it is none. */
export async function readText(file: string): Promise<string> {
  const bytes = await readWhole(file);
  return inFile(file, () => textOf(bytes, "text"));
}

/** Opens a seal, and believes nothing of it. @throws InputError when it has no checkpoint. */
export async function openSeal(path: string): Promise<SealFile> {
  const folder = isFolder(path) ? path : undefined;
  const file = folder === undefined ? path : checkpointFile(folder);
  const text = await readText(file);
  return { checkpoint: inFile(file, () => parseCheckpoint(text)), text, folder };
}
