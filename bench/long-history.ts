import { pageOf } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { nextWhere, parseExpression, questionOf } from "../history/expression/expression.ts";
import { lifelineOf } from "../history/lifeline/lifeline.ts";
import { lastWriter } from "../history/memory-use/last-writer.ts";
import { inputAt } from "../history/timeline/input-store.ts";
import { worldAt } from "../history/timeline/seek.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import { append, newTimeline } from "../history/timeline/timeline.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { heapBytes, keep, numbers } from "./measure.ts";
import { loadRecorded } from "./recorded.ts";

const recording = "linux-legacy-nvme-load";

/** Events of the log when nobody says how many. */
const usualEvents = 100_000;
const tries = 200;

/** Milliseconds of processor time that a call takes: others on the machine do not count. */
function cpuOf(run: () => unknown): number {
  const before = process.cpuUsage();
  keep(run());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const percentile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * share)] ?? Number.NaN;

/** A recording, over and over, as one log of at least so many events. */
function loopedTimeline(events: number): { timeline: Timeline; last: Input | undefined } {
  const { start, inputs } = loadRecorded(recording);
  const timeline = newTimeline(start);
  let last: Input | undefined;
  while (timeline.end.seq < events) {
    for (const input of inputs) {
      append(timeline, input);
      if (input.type === "Dma") last = input;
      if (timeline.end.seq >= events) break;
    }
  }
  return { timeline, last };
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

function lifelineTime(timeline: Timeline, input: Input | undefined): number {
  if (input?.type !== "Dma") return Number.NaN;
  const place = { guest: 0, device: input.device, page: pageOf(input.iova), pasid: undefined };
  return Math.min(...[1, 2, 3].map(() => cpuOf(() => lifelineOf(timeline, place))));
}

/** What it costs to go anywhere in a long log: processor time, at a size that `--events` says. */
export function measureLongHistory({ events = usualEvents }: Effort): readonly Figure[] {
  const before = heapBytes();
  let made: ReturnType<typeof loopedTimeline> | undefined;
  const open = cpuOf(() => {
    made = loopedTimeline(events);
  });
  if (made === undefined) return [];
  const { timeline, last } = made;
  const heap = heapBytes() - before;
  const count = timeline.end.seq;
  const group = `${recording} over and over, ${count.toLocaleString("en-US")} events`;
  const ms = { group, unit: "ms" } as const;
  const million = { group, unit: "ms a million events", budget: { atMost: 1000 } } as const;
  const p99 = (times: readonly number[]): number => percentile(times, 0.99);
  const [type, page] = ['event == "QueueHalted"', "iova >= 0x7000000000000 && did == 9"];
  return [
    { group, name: "open", value: (open * 1000) / count, unit: "µs an event" },
    { group, name: "heap", value: heap / count, unit: "bytes an event" },
    { ...ms, name: "seek, p99", value: p99(seeks(timeline)), budget: { atMost: 50 } },
    { ...million, name: "reverse-continue to a type", value: reverse(timeline, type) },
    { ...million, name: "reverse-continue to an address", value: reverse(timeline, page) },
    { ...ms, name: "last writer, p99", value: p99(writers(timeline)), budget: { atMost: 100 } },
    { ...ms, name: "lifeline", value: lifelineTime(timeline, last), budget: { atMost: 200 } },
  ];
}
