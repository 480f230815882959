import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Input } from "../events/input.ts";
import { openRecording } from "../events/log/recording.ts";
import type { Setup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import type { World } from "../projections/world.ts";

/** A recording that comes with the project. */
export interface Recorded {
  /** The file without its first line. */
  readonly lines: readonly string[];
  readonly read: (line: string, lineNumber: number) => readonly Input[];
  readonly inputs: readonly Input[];
  readonly setup: Setup;
  readonly start: World;
}

/** Reads a recording, next to the folder that this program is in. */
export function loadRecorded(name: string): Recorded {
  const file = new URL(`../recordings/${name}.jsonl.gz`, import.meta.url);
  const text = gunzipSync(readFileSync(file)).toString("utf8");
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const { setup, read } = openRecording(first);
  const inputs = lines.flatMap((line, index) => read(line, index + 2));
  return { lines, read, inputs, setup, start: createWorld(setup) };
}
