import { callsOf } from "../calls/calls-of.ts";
import { stepOf } from "../history/step.ts";
import { fold } from "../hypervisor/fold.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { cpuMilliseconds, keep, median } from "./measure.ts";
import type { Folded } from "./recorded.ts";
import { loadLogged, loadRecorded } from "./recorded.ts";

const recordings: readonly (readonly [string, (name: string) => Folded])[] = [
  ["linux-legacy-nvme", loadRecorded],
  ["linux-scalable-nvme", loadRecorded],
  ["linux-vfio-edu", loadRecorded],
  ["linux-first-stage-nvme", loadLogged],
  ["linux-legacy-nvme-load", loadRecorded],
];

function foldAlone({ start, inputs }: Folded): number {
  let world = start;
  for (const input of inputs) world = fold(world, input).world;
  return world.seq;
}

/** Folds, and asks after each input what it asks of the host. */
function foldWithCalls({ start, inputs }: Folded): number {
  let [world, count] = [start, 0];
  for (const input of inputs) {
    const step = stepOf(world, input);
    count += callsOf(step, 0).length;
    world = step.after;
  }
  return count;
}

function timeOf(run: () => unknown): number {
  const start = cpuMilliseconds();
  keep(run());
  return cpuMilliseconds() - start;
}

/**
 * Both kinds of fold in turns, so that what else the machine does meets both. What comes before
 * `warm` is not counted: a recording that folds in a few milliseconds is compiled for seconds.
 */
function shareOf(effort: Effort, folded: Folded): number {
  const [alone, withCalls]: [number[], number[]] = [[], []];
  const least = effort.short ? 3 : 7;
  const warm = cpuMilliseconds() + effort.seconds * 1500;
  const end = warm + effort.seconds * 2000;
  while (alone.length < least || cpuMilliseconds() < end) {
    const isWarm = cpuMilliseconds() > warm;
    const times = [timeOf(() => foldAlone(folded)), timeOf(() => foldWithCalls(folded))] as const;
    if (!isWarm) continue;
    alone.push(times[0]);
    withCalls.push(times[1]);
  }
  return median(withCalls) / median(alone) - 1;
}

/** What the calls of each recording cost beside its fold. */
export function measureCalls(effort: Effort): readonly Figure[] {
  return recordings.map(([name, load]) => ({
    ...{ group: "the host's calls, against the fold alone", name, unit: "folds" },
    ...{ value: shareOf(effort, load(name)), budget: { atMost: 0.2 } },
  }));
}
