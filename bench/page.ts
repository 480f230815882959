import { rowsFrom } from "../debugger/engine/event-rows.ts";
import type { Picture } from "../debugger/engine/picture.ts";
import { addToPicture, newPicture, overviewOf } from "../debugger/engine/picture.ts";
import { stateView } from "../debugger/engine/state-view.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import { append, newTimeline, timelineOf } from "../history/timeline/timeline.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds, keep, numbers, secondsOf } from "./measure.ts";
import type { Recorded } from "./recorded.ts";
import { loadRecorded } from "./recorded.ts";

const name = "linux-legacy-nvme-load";
const group = `the page's engine, ${name}`;
const columns = 1300;
const shownRows = 40;
const tries = 100;

const percentile = (seconds: readonly number[], share: number): number => {
  const sorted = seconds.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN) * 1000;
};

function open({ start, inputs }: Recorded): { timeline: Timeline; picture: Picture } {
  const [timeline, picture] = [newTimeline(start), newPicture()];
  for (const input of inputs) addToPicture(picture, timeline, append(timeline, input));
  return { timeline, picture };
}

/** What it costs that a page shows a run, but for the browser's drawing. */
export function measurePage(effort: Effort): readonly Figure[] {
  const recorded = loadRecorded(name);
  const plain = bestSeconds(effort, () => timelineOf(recorded.start, recorded.inputs));
  const drawn = bestSeconds(effort, () => open(recorded));
  const { timeline, picture } = open(recorded);
  const { seq } = timeline.end;
  const draw = numbers(11);
  const times = (run: (at: number) => unknown): readonly number[] =>
    Array.from({ length: tries }, () => {
      const at = draw(seq);
      return secondsOf(() => run(at));
    });
  const stretches = times((from) => {
    const to = Math.min(seq, from + draw(seq) + 1);
    return overviewOf(picture, timeline, { from, to, columns });
  });
  const rows = times((at) => {
    timeline.folded.clear();
    return rowsFrom(timeline, at, shownRows);
  });
  const states = times((at) => stateView(timeline, at, 0));
  keep(picture);
  const ms = { group, unit: "ms" } as const;
  return [
    { group, name: "open with a picture, in openings", value: drawn / plain, unit: "" },
    {
      ...ms,
      name: "a stretch as columns, p99",
      value: percentile(stretches, 0.99),
      budget: { atMost: 16 },
    },
    { ...ms, name: "events anywhere, p99", value: percentile(rows, 0.99), budget: { atMost: 50 } },
    {
      ...ms,
      name: "state anywhere, p99",
      value: percentile(states, 0.99),
      budget: { atMost: 100 },
    },
  ];
}
