import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Input } from "../events/input.ts";
import { readLog } from "../events/log/read-log.ts";
import { openRecording } from "../events/log/recording.ts";
import type { Setup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import type { World } from "../projections/world.ts";

/** What can be folded. */
export interface Folded {
  readonly inputs: readonly Input[];
  readonly start: World;
}

/** A recording that comes with the project. */
export interface Recorded extends Folded {
  /** The file without its first line. */
  readonly lines: readonly string[];
  readonly read: (line: string, lineNumber: number) => readonly Input[];
  readonly setup: Setup;
}

const textOf = (file: string): string =>
  gunzipSync(readFileSync(new URL(`../recordings/${file}`, import.meta.url))).toString("utf8");

/** Reads a recording, next to the folder that this program is in. */
export function loadRecorded(name: string): Recorded {
  const [first = "", ...lines] = textOf(`${name}.jsonl.gz`).trimEnd().split("\n");
  const { setup, read } = openRecording(first);
  const inputs = lines.flatMap((line, index) => read(line, index + 2));
  return { lines, read, inputs, setup, start: createWorld(setup) };
}

/** Reads a recording that is kept as a log, from the same folder. */
export function loadLogged(name: string): Folded {
  const { header, events } = readLog(textOf(`${name}.ndjson.gz`));
  const inputs = [...events].flatMap((event) => ("input" in event ? [event.input] : []));
  return { inputs, start: createWorld(header.setup) };
}
