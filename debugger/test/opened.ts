import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { recordingPath } from "../../cli/test/captured-run.ts";
import type { Opened } from "../engine/opening.ts";
import { openBlob } from "../engine/opening.ts";

/** The bytes of a recording, gzipped. */
export const recordingBytes = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(recordingPath(name)));

/** The lines of a recording. */
export const recordingLines = (name: string): readonly string[] =>
  gunzipSync(recordingBytes(name)).toString().trimEnd().split("\n");

/** Opens bytes or text as the page does. */
export const opened = (bytes: string | Uint8Array<ArrayBuffer>): Promise<Opened> =>
  openBlob("log", new Blob([bytes]), { told: () => undefined, isEnough: () => false });
