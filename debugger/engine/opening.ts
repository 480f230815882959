import { seemsToBe } from "../../cli/seems-to-be.ts";
import { formatSourceId } from "../../events/address.ts";
import { LogError } from "../../events/log/log-error.ts";
import type { Setup } from "../../events/setup.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { append, newTimeline } from "../../history/timeline/timeline.ts";
import type { Branch } from "../../history/what-if/branch.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { devicesOf } from "../../projections/device/devices.ts";
import { judge } from "../../properties/judge.ts";
import type { LogView } from "../protocol.ts";
import { breathe } from "./breathe.ts";
import { bounded } from "./event-rows.ts";
import type { Lines } from "./log-lines.ts";
import { headOf, linesOf } from "./log-lines.ts";
import type { LogReader } from "./log-reader.ts";
import { openLog } from "./log-reader.ts";
import type { Picture } from "./picture.ts";
import { addToPicture, lanesOf, newPicture } from "./picture.ts";

/** A log that is open, or being opened: it can be asked meanwhile. */
export interface Opened {
  readonly name: string;
  readonly kind: LogReader["kind"];
  readonly timeline: Timeline;
  readonly picture: Picture;
  readonly setup: Setup;
  /** What would have been, by number. */
  readonly branches: Map<number, Branch>;
  isWhole: boolean;
}

/** A file that is no log: what it seems to be. */
export class NoLogError extends Error {}

/** How an opening is watched. */
export interface Watching {
  /** Told now and then, and at the end; `progress` is from 0 to 1. */
  readonly told: (opened: Opened, progress: number) => void;
  /** Whether somebody has enough. */
  readonly isEnough: () => boolean;
}

async function refusal(blob: Blob): Promise<NoLogError> {
  return new NoLogError(`This is no log or recording: it is ${seemsToBe(await headOf(blob))}.`);
}

function startOpened(name: string, reader: LogReader): Opened {
  const timeline = newTimeline(createWorld(reader.setup), {
    judge: (step) => judge(step).violations,
  });
  const { kind, setup } = reader;
  const rest = { picture: newPicture(), branches: new Map(), isWhole: false };
  return { name, kind, setup, timeline, ...rest };
}

/** Why a log ends where somebody had enough. */
const stopped = "opening was stopped here";

/** Inputs between two looks at who asks something meanwhile. */
const inputsAtOnce = 512;

/**
 * Folds the inputs of some lines, and says now and then what share of them is folded.
 *
 * @returns why it had to stop, if it had.
 */
function* foldLines(
  opened: Opened,
  reader: LogReader,
  lines: readonly string[],
  first: number,
  pace: { waiting: number },
): Generator<number, string | undefined, void> {
  for (const [index, line] of lines.entries()) {
    try {
      for (const input of reader.read(line, first + index)) {
        const step = append(opened.timeline, input);
        addToPicture(opened.picture, opened.timeline, step);
        pace.waiting += 1;
      }
    } catch (error) {
      if (error instanceof LogError) return error.message;
      throw error;
    }
    if (pace.waiting < inputsAtOnce) continue;
    pace.waiting = 0;
    yield (index + 1) / lines.length;
  }
  return undefined;
}

/** What share of a file its first line is: with many devices much, of which nothing is folded. */
function shareOfHead({ lines, taken }: Lines, size: number): number {
  const all = lines.reduce((sum, { length }) => sum + length + 1, 0);
  return ((lines[0]?.length ?? 0) / Math.max(1, all)) * (taken / Math.max(1, size));
}

/**
 * Opens a file and folds it. Where it is cut short, or a line is bad, everything before that is
 * there, and `cut` of the timeline says why.
 *
 * @throws NoLogError when it is no log at all: nothing is opened then.
 */
export async function openBlob(name: string, blob: Blob, watching: Watching): Promise<Opened> {
  let opened: Opened | undefined;
  let reader: LogReader | undefined;
  let progress = 0;
  let headShare = 0;
  const pace = { waiting: 0 };
  for await (const part of linesOf(blob)) {
    if ("cut" in part) {
      if (opened === undefined) throw await refusal(blob);
      opened.timeline.cut = part.cut;
      break;
    }
    let { lines, first } = part;
    if (reader === undefined || opened === undefined) {
      const [head = ""] = lines;
      try {
        reader = openLog(head);
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        const isOurs = /^\s*\{\s*"(shadowfold|recording)"/.test(head);
        throw isOurs ? new NoLogError(error.message) : await refusal(blob);
      }
      opened = startOpened(name, reader);
      headShare = shareOfHead(part, blob.size);
      lines = lines.slice(1);
      first += 1;
    }
    const before = progress;
    progress = (part.taken / Math.max(1, blob.size) - headShare) / Math.max(1e-9, 1 - headShare);
    const folding = foldLines(opened, reader, lines, first, pace);
    for (let next = folding.next(); ; next = folding.next()) {
      if (next.done) {
        opened.timeline.cut = next.value;
        break;
      }
      const share = before + (progress - before) * next.value;
      watching.told(opened, Math.min(0.999, share));
      await breathe();
      if (watching.isEnough()) {
        opened.timeline.cut = stopped;
        break;
      }
    }
    if (opened.timeline.cut !== undefined) break;
  }
  if (opened === undefined) throw await refusal(blob);
  opened.isWhole = true;
  watching.told(opened, 1);
  return opened;
}

/** Devices that are named in a list. */
const mostDevices = 1000;

/** What is known of a log while it is opened, and once it is. */
export function logView({ name, kind, timeline, picture, isWhole }: Opened): LogView {
  const { end, inputs, cut } = timeline;
  const devices = new Set<number>();
  for (const guest of end.guests) for (const one of devicesOf(guest)) devices.add(one.source);
  for (const lane of picture.lanes.found) {
    if (lane.kind === "device") devices.add(Number(lane.key.split("/")[2]));
  }
  return {
    name: bounded(name),
    kind,
    events: end.seq,
    inputs: inputs.count,
    guests: end.guests.length,
    devices: [...devices]
      .sort((a, b) => a - b)
      .slice(0, mostDevices)
      .map(formatSourceId),
    lanes: lanesOf(picture),
    isWhole,
    cut: cut === undefined ? undefined : bounded(cut),
    isStopped: cut === stopped,
  };
}
