import { pageOf } from "../events/address.ts";
import { nextWhere, parseExpression, questionOf } from "../history/expression/expression.ts";
import { lifelineOf } from "../history/lifeline/lifeline.ts";
import { lastWriter } from "../history/memory-use/last-writer.ts";
import { stepBack } from "../history/timeline/cursor.ts";
import { inputAt } from "../history/timeline/input-store.ts";
import { worldAt } from "../history/timeline/seek.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import { timelineOf } from "../history/timeline/timeline.ts";
import type { UsedPage } from "../history/use.ts";
import { fold } from "../hypervisor/fold.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds, heapBytes, keep, numbers, secondsOf } from "./measure.ts";
import type { Recorded } from "./recorded.ts";
import { loadRecorded } from "./recorded.ts";

const name = "linux-legacy-nvme-load";
const group = `history of ${name}`;

/** A share of some times from the fastest on, in milliseconds. */
const percentile = (seconds: readonly number[], share: number): number => {
  const sorted = seconds.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN) * 1000;
};

const tries = 100;

function seekTimes(timeline: Timeline): readonly number[] {
  const draw = numbers(7);
  return Array.from({ length: tries }, () => {
    timeline.folded.clear();
    const at = draw(timeline.end.seq);
    return secondsOf(() => worldAt(timeline, at));
  });
}

function backTimes(timeline: Timeline): readonly number[] {
  let at = timeline.end.seq;
  timeline.folded.clear();
  return Array.from({ length: tries * 20 }, () => {
    at = stepBack(timeline, at);
    return secondsOf(() => worldAt(timeline, at));
  });
}

/** Milliseconds a million events, backwards over all of them. */
function reverseTime(effort: Effort, timeline: Timeline, text: string): number {
  const question = questionOf(timeline, parseExpression(text), () => false);
  const { seq } = timeline.end;
  const seconds = bestSeconds(effort, () => nextWhere(question, { from: seq, to: 1 }));
  return (seconds * 1e9) / seq;
}

/** The page that most DMA went to. */
function busiestPage({ inputs }: Recorded): UsedPage {
  const counts = new Map<string, { place: UsedPage; count: number }>();
  for (const input of inputs) {
    if (input.type !== "Dma") continue;
    const place = { guest: 0, device: input.device, page: pageOf(input.iova), pasid: undefined };
    const key = `${place.device} ${place.page}`;
    counts.set(key, { place, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const [most] = [...counts.values()].sort((a, b) => b.count - a.count);
  if (most === undefined) throw new Error("a recording without DMA");
  return most.place;
}

function writerTimes(timeline: Timeline): readonly number[] {
  const draw = numbers(9);
  const { seq } = timeline.end;
  return Array.from({ length: tries }, () => {
    const input = inputAt(timeline.inputs, draw(timeline.inputs.count));
    const gpa = input?.type === "MemoryWrite" ? input.gpa : 0x1000n;
    return secondsOf(() => lastWriter(timeline, { guest: 0, gpa, length: 8 }, seq));
  });
}

/** What it costs to open a recording as a timeline, and to go anywhere in it. */
export function measureHistory(effort: Effort): readonly Figure[] {
  const recorded = loadRecorded(name);
  const { start, inputs } = recorded;
  const alone = bestSeconds(effort, () => {
    let world = start;
    for (const input of inputs) world = fold(world, input).world;
    return world;
  });
  const opened = bestSeconds(effort, () => timelineOf(start, inputs));
  const before = heapBytes();
  const timeline = timelineOf(start, inputs);
  const heap = heapBytes() - before;
  const [seeks, backs] = [seekTimes(timeline), backTimes(timeline)];
  const place = busiestPage(recorded);
  keep(timeline);
  const ms = { group, unit: "ms" } as const;
  const million = { group, unit: "ms a million events", budget: { atMost: 1000 } } as const;
  const type = 'event == "QueueHalted"';
  const range = "iova >= 0x7000000000000 && iova < 0x7000000001000";
  return [
    { group, name: "open, in folds", value: opened / alone, unit: "" },
    { group, name: "heap", value: heap / timeline.end.seq, unit: "bytes an event" },
    { ...ms, name: "seek, p99", value: percentile(seeks, 0.99), budget: { atMost: 50 } },
    { ...ms, name: "step back, p99", value: percentile(backs, 0.99), budget: { atMost: 10 } },
    { ...million, name: "reverse to a type", value: reverseTime(effort, timeline, type) },
    { ...million, name: "reverse to addresses", value: reverseTime(effort, timeline, range) },
    {
      ...ms,
      name: "last writer, p99",
      value: percentile(writerTimes(timeline), 0.99),
      budget: { atMost: 100 },
    },
    {
      ...ms,
      name: "lifeline of the busiest page",
      value: bestSeconds(effort, () => lifelineOf(timeline, place)) * 1000,
      budget: { atMost: 200 },
    },
  ];
}
