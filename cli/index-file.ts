import { createHash } from "node:crypto";
import { open, rename, stat } from "node:fs/promises";
import type { Digest, LogPrefix } from "../history/index/index-file.ts";
import { believeIndex, IndexError, indexParts, openIndex } from "../history/index/index-file.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import { judge } from "../properties/judge.ts";
import { fileError, InputError } from "./input-error.ts";
import type { Run } from "./run.ts";

/** What is found wrong with each step, in every timeline of the program. */
export const findingsOf: NonNullable<Timeline["judge"]> = (step) => judge(step).violations;

/** Where the index of a log is looked for and written: beside it. */
export const indexName = (file: string): string => `${file}.index`;

const digest: Digest = (parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

const pieceBytes = 2 ** 22;

/**
 * The digest of the first bytes of a file, which are all of it when it has no more.
 *
 * @throws InputError when it cannot be read.
 */
export async function prefixOf(file: string, most = Number.POSITIVE_INFINITY): Promise<LogPrefix> {
  try {
    return await readPrefix(file, most);
  } catch (error) {
    throw fileError(file, error);
  }
}

async function readPrefix(file: string, most: number): Promise<LogPrefix> {
  const hash = createHash("sha256");
  const handle = await open(file, "r");
  let bytes = 0;
  try {
    const buffer = Buffer.alloc(pieceBytes);
    while (bytes < most) {
      const length = Math.min(pieceBytes, most - bytes);
      const { bytesRead } = await handle.read(buffer, 0, length, bytes);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return { bytes, digest: hash.digest("hex") };
}

/** All bytes of a file, also of one of more than 2 GiB. */
async function readAll(file: string): Promise<Uint8Array> {
  const { size } = await stat(file);
  const bytes = new Uint8Array(size);
  const handle = await open(file, "r");
  try {
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(pieceBytes, size - at), at);
      if (bytesRead === 0) return bytes.subarray(0, at);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return bytes;
}

/** What an index came to: the timeline, and how much of the log it is of. */
export interface ReadIndex {
  readonly timeline: Timeline;
  readonly log: LogPrefix;
}

/**
 * The index beside a log, if there is one that is of it.
 *
 * @returns `undefined` when there is none; the reason, as text, when there is one that is not to be
 *   believed.
 */
export async function readIndex(file: string): Promise<ReadIndex | string | undefined> {
  const name = indexName(file);
  if ((await stat(name).catch(() => undefined))?.isFile() !== true) return undefined;
  try {
    const opened = openIndex(await readAll(name));
    const log = await prefixOf(file, opened.log.bytes);
    return { timeline: believeIndex(opened, log, digest, findingsOf), log };
  } catch (error) {
    if (error instanceof IndexError) return error.message;
    throw error instanceof InputError ? error : fileError(name, error);
  }
}

/**
 * Writes the index of a log beside it, whole or not at all.
 *
 * @param log  how much of the log the timeline is of.
 * @returns the bytes of the index.
 * @throws InputError when it cannot be written.
 */
export async function writeIndex(
  file: string,
  timeline: Timeline,
  log: LogPrefix,
): Promise<number> {
  const name = indexName(file);
  const parts = indexParts(timeline, log, digest);
  try {
    const handle = await open(`${name}.new`, "w");
    try {
      for (const part of parts) await handle.writeFile(part);
    } finally {
      await handle.close();
    }
    await rename(`${name}.new`, name);
  } catch (error) {
    throw fileError(name, error);
  }
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Says on standard error that an index is not believed. */
export const tellUnbelieved = ({ terminal }: Run, file: string, why: string): void =>
  terminal.err(`${indexName(file)}: ${why}; made anew\n`);
