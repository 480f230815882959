import type { AnyMachineSnapshot } from "xstate";
import { transition } from "xstate";
import type { Course } from "./course.ts";
import { courses } from "./course.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { bestNanoseconds } from "./measure.ts";

const group = "charts, the same stimuli";

/** Steps in one measured call. */
const steps = 2000;

/** Steps as the fold does: the facts that follow, then the state that they lead to. */
function stepCompiled({ chart, unit, stimuli }: Course, rounds: number): string {
  let state: string = chart.initial;
  for (let round = 0; round < rounds; round++) {
    for (const stimulus of stimuli) {
      for (const fact of chart.step(state, stimulus, unit)) state = chart.after(state, fact, unit);
    }
  }
  return state;
}

function stepReference({ chart, unit, stimuli }: Course, rounds: number): string {
  const start = { value: chart.initial, context: unit ?? {} };
  let snapshot = chart.machine.resolveState(start as never) as AnyMachineSnapshot;
  for (let round = 0; round < rounds; round++) {
    for (const stimulus of stimuli) {
      [snapshot] = transition(chart.machine, snapshot, stimulus) as [AnyMachineSnapshot, unknown];
    }
  }
  return snapshot.value as string;
}

/** Nanoseconds a step of both; they must end in the same state. */
function compare(effort: Effort, course: Course): { compiled: number; reference: number } {
  const rounds = Math.ceil(steps / course.stimuli.length);
  if (stepCompiled(course, rounds) !== stepReference(course, rounds)) {
    throw new Error(`${course.chart.id}: the two ways to step disagree`);
  }
  const count = rounds * course.stimuli.length;
  return {
    compiled: bestNanoseconds(effort, count, () => stepCompiled(course, rounds)),
    reference: bestNanoseconds(effort, count, () => stepReference(course, rounds)),
  };
}

/** The stepping that the fold uses beside xstate's own `transition`, over all charts. */
export function measureCharts(effort: Effort): readonly Figure[] {
  const brief = { ...effort, seconds: effort.seconds / 8 };
  let [compiled, reference] = [0, 0];
  for (const course of courses) {
    const one = compare(brief, course);
    compiled += one.compiled / courses.length;
    reference += one.reference / courses.length;
  }
  const count = courses.length.toString();
  return [
    {
      group,
      name: `xstate transition, mean of ${count} charts`,
      value: reference,
      unit: "ns/step",
    },
    { group, name: "compiled table", value: compiled, unit: "ns/step" },
    { group, name: "how many times as fast", value: reference / compiled, unit: "times" },
  ];
}
