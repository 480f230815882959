import { parseJson } from "../../events/json.ts";
import { modelVersion } from "../../events/log/log-version.ts";
import { rowOf } from "../columns/columns.ts";
import { eventNumber } from "../columns/event-column.ts";
import type { Judge } from "../timeline/finding.ts";
import { stepAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { headOf, headText, readTimeline, saveTimeline } from "./saved-timeline.ts";

/** Which log an index is of: how many bytes of it were folded, and the digest of those. */
export interface LogPrefix {
  readonly bytes: number;
  readonly digest: string;
}

/** Tells bytes apart, as SHA-256 does: text for parts one after the other. */
export type Digest = (parts: readonly Uint8Array[]) => string;

/** An index that is not to be believed: why, in a few words. */
export class IndexError extends Error {}

const format = 3;

/** The first line of an index. */
interface FirstLine {
  readonly shadowfoldIndex: number;
  readonly model: string;
  readonly log: LogPrefix;
  readonly head: number;
  readonly body: number;
  readonly digest: string;
}

/** An index of a timeline, to be written as parts one after the other. */
export function indexParts(
  timeline: Timeline,
  log: LogPrefix,
  digest: Digest,
): readonly Uint8Array[] {
  const { head, parts } = saveTimeline(timeline);
  const text = new TextEncoder().encode(headText(head));
  // The parts begin at a multiple of eight bytes after the head.
  const padded = new Uint8Array(text.length + 8).fill(0x20);
  padded.set(text);
  const first: FirstLine = {
    shadowfoldIndex: format,
    model: modelVersion,
    log,
    head: padded.length,
    body: parts.reduce((sum, { length }) => sum + length, 0),
    digest: digest([padded, ...parts]),
  };
  return [new TextEncoder().encode(`${JSON.stringify(first)}\n`), padded, ...parts];
}

const lineFeed = 0x0a;
const longestLine = 4096;

/** An index whose first line was read. */
export interface OpenedIndex {
  readonly log: LogPrefix;
  readonly first: FirstLine;
  readonly rest: Uint8Array;
}

const isFirstLine = (value: unknown): value is FirstLine =>
  typeof value === "object" &&
  value !== null &&
  "shadowfoldIndex" in value &&
  "log" in value &&
  typeof value.log === "object" &&
  value.log !== null;

/** Reads the first line of an index. @throws IndexError when there is none, or of another model. */
export function openIndex(bytes: Uint8Array): OpenedIndex {
  const end = bytes.subarray(0, longestLine).indexOf(lineFeed);
  let first: unknown;
  try {
    first = parseJson(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end))));
  } catch {
    throw new IndexError("is no index");
  }
  if (!isFirstLine(first)) throw new IndexError("is no index");
  if (first.shadowfoldIndex !== format || first.model !== modelVersion) {
    throw new IndexError("is of another version of the model");
  }
  return { log: first.log, first, rest: bytes.subarray(end + 1) };
}

/** Whether folding the newest part again decides what was decided. */
function isStillDecided(timeline: Timeline): boolean {
  const from = timeline.checkpoints.kept.at(-1)?.inputs ?? 0;
  for (let place = from; place < timeline.inputs.count; place++) {
    const step = stepAt(timeline, place);
    for (const [index, { type }] of (step?.facts ?? []).entries()) {
      const row = rowOf(timeline.columns, (step?.seq ?? 0) + 1 + index);
      if (row?.chunk.event[row.at] !== eventNumber(type)) return false;
    }
    if (step === undefined) return false;
  }
  const last = stepAt(timeline, timeline.inputs.count - 1);
  return (last?.after.seq ?? 0) === timeline.end.seq;
}

/**
 * The timeline that an index holds, once it is sure that it is of this log and whole.
 *
 * @param log  the digest of as many bytes of the log as the index says that it is of.
 * @throws IndexError when it is of another log or damaged, or its end is decided otherwise now.
 */
export function believeIndex(
  { first, rest }: OpenedIndex,
  log: LogPrefix,
  digest: Digest,
  judge?: Judge,
): Timeline {
  if (first.log.bytes !== log.bytes || first.log.digest !== log.digest) {
    throw new IndexError("is of another log");
  }
  const [head, body] = [rest.subarray(0, first.head), rest.subarray(first.head)];
  if (rest.length !== first.head + first.body || digest([head, body]) !== first.digest) {
    throw new IndexError("is damaged");
  }
  let timeline: Timeline;
  try {
    timeline = readTimeline(headOf(new TextDecoder().decode(head)), body, judge);
  } catch (error) {
    throw new IndexError(error instanceof RangeError ? error.message : "is damaged");
  }
  if (!isStillDecided(timeline)) throw new IndexError("is of a model that decides otherwise");
  return timeline;
}
