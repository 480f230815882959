import fc from "fast-check";
import type { SourceId } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { Judge } from "../../history/timeline/finding.ts";
import type { Timeline, TimelineOptions } from "../../history/timeline/timeline.ts";
import { timelineOf } from "../../history/timeline/timeline.ts";
import type { UsedPage } from "../../history/use.ts";
import { judge } from "../judge.ts";
import type { Run } from "../laws/run.ts";
import { runOf } from "../laws/run.ts";
import { anyProgram } from "../world/program.ts";

/** A generated world, folded plainly and opened as a timeline. */
export interface Travelled {
  readonly run: Run;
  readonly timeline: Timeline;
}

/** What the laws of single DMA find. */
export const violationsOf: Judge = (step) => judge(step).violations;

/** Far fewer checkpoints than a real log has, so that every way between them is taken. */
const options: TimelineOptions = { spacing: 24, most: 6, judge: violationsOf };

export const travelled = (run: Run, how: TimelineOptions = options): Travelled => ({
  run,
  timeline: timelineOf(run.start, run.inputs, how),
});

/** Some generated worlds. */
export const someRuns = (seed: number, count: number): readonly Run[] =>
  fc.sample(anyProgram, { seed, numRuns: count }).map(runOf);

/** Pages that devices of a run asked for, most of them more than once. */
export function pagesAsked({ inputs }: Run): readonly UsedPage[] {
  const pages = new Map<string, UsedPage>();
  for (const input of inputs) {
    if (!("iova" in input) || !("device" in input)) continue;
    const device = input.device as SourceId;
    const page = pageOf(input.iova);
    const place = { guest: input.guest ?? 0, device, page, pasid: input.pasid };
    pages.set(`${place.guest}:${device}:${page}:${input.pasid}`, place);
  }
  return [...pages.values()];
}
