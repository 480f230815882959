import type { Call } from "../../calls/call.ts";
import { callsAtStart, callsOf } from "../../calls/calls-of.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import type { Kernel } from "../oracle/host-kernel.ts";
import { apply, emptyKernel } from "../oracle/host-kernel.ts";
import type { Run } from "./run.ts";

/** Some calls in a row, and what the host's kernel keeps on the way. */
export interface Sequence {
  readonly calls: readonly Call[];
  readonly before: Kernel;
  /** After each call. */
  readonly kernels: readonly Kernel[];
  /** Why each call was refused, or nothing. */
  readonly refusals: readonly (string | undefined)[];
  readonly after: Kernel;
}

/** The calls of one guest that one input led to. */
export interface HostStep extends Sequence {
  readonly step: Step;
  readonly index: number;
}

/** All calls of a run: by guest those at the start, and step by step those of changed guests. */
export interface HostRun {
  readonly starts: readonly Sequence[];
  readonly steps: readonly HostStep[];
}

/** Makes calls one after the other; one that is refused changes nothing. */
export function makeCalls(before: Kernel, calls: readonly Call[]): Sequence {
  const kernels: Kernel[] = [];
  const refusals: (string | undefined)[] = [];
  let after = before;
  for (const call of calls) {
    const outcome = apply(after, call);
    const isRefused = typeof outcome === "string";
    if (!isRefused) after = outcome;
    kernels.push(after);
    refusals.push(isRefused ? outcome : undefined);
  }
  return { calls, before, kernels, refusals, after };
}

const takenOver = new WeakMap<World, Map<number, Sequence>>();

/** The calls that bring an empty host to what a guest of a world needs; made once for each. */
export function takeOver(world: World, index: number): Sequence {
  const all = takenOver.get(world) ?? new Map<number, Sequence>();
  takenOver.set(world, all);
  const made = all.get(index) ?? makeCalls(emptyKernel, callsAtStart(world, index));
  all.set(index, made);
  return made;
}

/** The step of a run after which its host is taken over: in the middle, or the last one. */
export const takeOverStep = ({ steps }: Run): Step | undefined =>
  steps[steps.length % 2 === 0 ? steps.length >> 1 : steps.length - 1];

const known = new WeakMap<Run, HostRun>();

/** Makes every call of a run. Each run is gone through once. */
export function hostRunOf(run: Run): HostRun {
  const made = known.get(run);
  if (made !== undefined) return made;
  const starts = run.start.guests.map((_, index) => takeOver(run.start, index));
  const kernels = starts.map(({ after }) => after);
  const steps: HostStep[] = [];
  for (const step of run.steps) {
    for (const [index, guest] of step.after.guests.entries()) {
      const kernel = kernels[index];
      if (kernel === undefined || step.before.guests[index] === guest) continue;
      const sequence = makeCalls(kernel, callsOf(step, index));
      kernels[index] = sequence.after;
      steps.push({ ...sequence, step, index });
    }
  }
  const found = { starts, steps };
  known.set(run, found);
  return found;
}
