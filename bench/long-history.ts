import { createHash } from "node:crypto";
import { pageOf } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { nextWhere, parseExpression, questionOf } from "../history/expression/expression.ts";
import type { Digest } from "../history/index/index-file.ts";
import { believeIndex, indexParts, openIndex } from "../history/index/index-file.ts";
import { lifelineOf } from "../history/lifeline/lifeline.ts";
import { lastWriter } from "../history/memory-use/last-writer.ts";
import { inputAt } from "../history/timeline/input-store.ts";
import { worldAt } from "../history/timeline/seek.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import { append, newTimeline } from "../history/timeline/timeline.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import type { Figure } from "./figure.ts";
import { loopedLog } from "./looped-log.ts";
import type { Effort } from "./measure.ts";
import { heapBytes, keep, numbers } from "./measure.ts";

/** Events of the log when nobody says how many. */
const usualEvents = 100_000;
const tries = 200;
const pieceBytes = 2 ** 26;

/** Milliseconds of processor time that a call takes: others on the machine do not count. */
function cpuOf(run: () => unknown): number {
  const before = process.cpuUsage();
  keep(run());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const percentile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * share)] ?? Number.NaN;

/** A long timeline, and a DMA of it through a shadow, and one by a walk with each request. */
interface Looped {
  readonly timeline: Timeline;
  readonly shadowed: Input | undefined;
  readonly walked: Input | undefined;
}

/** The recordings, over and over, as one log of at least so many events, or just so many inputs. */
function loopedTimeline({ events = usualEvents, inputs: count }: Effort): Looped {
  const { setup, inputs } = loopedLog(count ?? Number.POSITIVE_INFINITY);
  const timeline = newTimeline(createWorld(setup));
  let shadowed: Input | undefined;
  let walked: Input | undefined;
  for (const input of inputs) {
    if (count === undefined && timeline.end.seq >= events) break;
    append(timeline, input);
    if (input.type !== "Dma") continue;
    if (input.guest === undefined) shadowed = input;
    if (input.guest === 1) walked = input;
  }
  return { timeline, shadowed, walked };
}

function seeks(timeline: Timeline): readonly number[] {
  const draw = numbers(7);
  return Array.from({ length: tries }, () => {
    timeline.folded.clear();
    const at = draw(timeline.end.seq);
    return cpuOf(() => worldAt(timeline, at));
  });
}

function writers(timeline: Timeline): readonly number[] {
  const draw = numbers(9);
  return Array.from({ length: tries }, () => {
    const input = inputAt(timeline.inputs, draw(timeline.inputs.count));
    const gpa = input?.type === "MemoryWrite" ? input.gpa : 0x1000n;
    return cpuOf(() => lastWriter(timeline, { guest: 0, gpa, length: 8 }, timeline.end.seq));
  });
}

/** Back over all events to one that is nowhere, by what columns have and by what they have not. */
function reverse(timeline: Timeline, text: string): number {
  const question = questionOf(timeline, parseExpression(text), () => false);
  const { seq } = timeline.end;
  const times = [1, 2, 3].map(() => cpuOf(() => nextWhere(question, { from: seq, to: 1 })));
  return (Math.min(...times) * 1_000_000) / seq;
}

/** Of a page whose life nobody has told before. */
function lifelineTime(timeline: Timeline, input: Input | undefined): number {
  if (input?.type !== "Dma") return Number.NaN;
  const { guest = 0, device, iova } = input;
  return cpuOf(() => lifelineOf(timeline, { guest, device, page: pageOf(iova), pasid: undefined }));
}

/** The timeline as it is read from its index, and milliseconds of processor time for that. */
function readBack(timeline: Timeline): { readonly read: Timeline; readonly ms: number } {
  const digest: Digest = (parts) => {
    const hash = createHash("sha256");
    for (const part of parts) {
      for (let at = 0; at < part.length; at += pieceBytes) {
        hash.update(part.subarray(at, at + pieceBytes));
      }
    }
    return hash.digest("hex");
  };
  const log = { bytes: 0, digest: "" };
  const parts = indexParts(timeline, log, digest);
  const bytes = Buffer.concat(parts);
  let read = timeline;
  const ms = cpuOf(() => {
    read = believeIndex(openIndex(bytes), log, digest);
  });
  return { read, ms };
}

/** What it costs to be anywhere in a timeline. */
function anywhere(group: string, { timeline, shadowed, walked }: Looped): readonly Figure[] {
  const ms = { group, unit: "ms" } as const;
  const million = { group, unit: "ms a million events", budget: { atMost: 1000 } } as const;
  const p99 = (times: readonly number[]): number => percentile(times, 0.99);
  const [type, page] = ['event == "QueueHalted"', "iova >= 0x7000000000000 && did == 9"];
  const life = { ...ms, budget: { atMost: 200 } };
  return [
    { ...ms, name: "seek, p99", value: p99(seeks(timeline)), budget: { atMost: 50 } },
    { ...million, name: "reverse-continue to a type", value: reverse(timeline, type) },
    { ...million, name: "reverse-continue to an address", value: reverse(timeline, page) },
    { ...ms, name: "last writer, p99", value: p99(writers(timeline)), budget: { atMost: 100 } },
    { ...life, name: "lifeline", value: lifelineTime(timeline, shadowed) },
    { ...life, name: "lifeline, by walks", value: lifelineTime(timeline, walked) },
  ];
}

/** What it costs to go anywhere in a long log: processor time, at a size that `--events` says. */
export function measureLongHistory(effort: Effort): readonly Figure[] {
  const before = heapBytes();
  let made: Looped | undefined;
  const open = cpuOf(() => {
    made = loopedTimeline(effort);
  });
  if (made === undefined) return [];
  const { timeline } = made;
  const heap = heapBytes() - before;
  const count = timeline.end.seq;
  const group = `the recordings over and over, ${count.toLocaleString("en-US")} events`;
  const folded = anywhere(group, made);
  const { read, ms } = readBack(timeline);
  const indexed = `${group}, from an index`;
  return [
    { group, name: "open", value: (open * 1000) / count, unit: "µs an event" },
    { group, name: "heap", value: heap / count, unit: "bytes an event" },
    ...folded,
    { group: indexed, name: "open", value: (ms * 1000) / count, unit: "µs an event" },
    ...anywhere(indexed, { ...made, timeline: read }),
  ];
}
