import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import type { Step } from "../../history/step.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { ChartStep } from "../../hypervisor/turn.ts";
import { evolve } from "../../projections/evolve.ts";
import type { World } from "../../projections/world.ts";

/** Everything that one program of inputs did: all that a law looks at. */
export interface Run {
  readonly setup: Setup;
  readonly inputs: readonly Input[];
  readonly start: World;
  readonly steps: readonly Step[];
  /** What charts were told, in order. */
  readonly told: readonly ChartStep[];
}

/**
 * A restore without a record is one of what the input before it saved, if it saved anything: no
 * generator knows what a record says.
 */
function withRecord(input: Input, last: Step | undefined): Input {
  if (input.type !== "UnitRestore" || input.record !== "") return input;
  const [fact] = last?.facts ?? [];
  const isSaved = fact?.type === "UnitSaved" && guestIndex(fact) === guestIndex(input);
  return isSaved ? { ...input, record: fact.record } : input;
}

/** Folds inputs from a set-up. The number of an input is that of its event. */
export function runOf(program: { readonly setup: Setup; readonly inputs: readonly Input[] }): Run {
  const { setup } = program;
  const start = createWorld(setup);
  const told: ChartStep[] = [];
  const steps: Step[] = [];
  let before = start;
  for (const asked of program.inputs) {
    const input = withRecord(asked, steps.at(-1));
    const { world: after, facts } = fold(before, input, (step) => told.push(step));
    steps.push({ seq: before.seq + 1, input, facts, before, after });
    before = after;
  }
  return { setup, inputs: steps.map(({ input }) => input), start, steps, told };
}

/** One event of a run, with the worlds before and after it. */
export interface Moment {
  readonly step: Step;
  readonly seq: number;
  /** `undefined` at the input itself. */
  readonly fact: Fact | undefined;
  readonly before: World;
  readonly after: World;
}

const known = new WeakMap<Run, readonly Moment[]>();

/** Every event of a run, evolved one by one from the start without deciding anything. */
export function momentsOf(run: Run): readonly Moment[] {
  const made = known.get(run);
  if (made !== undefined) return made;
  const moments: Moment[] = [];
  let before = run.start;
  const add = (step: Step, fact: Fact | undefined): void => {
    const after = evolve(before, fact ?? step.input);
    moments.push({ step, seq: after.seq, fact, before, after });
    before = after;
  };
  for (const step of run.steps) {
    add(step, undefined);
    for (const fact of step.facts) add(step, fact);
  }
  known.set(run, moments);
  return moments;
}

/** The index of the guest that an event is about. */
export const guestIndex = (event: Input | Fact): number =>
  ("guest" in event ? event.guest : undefined) ?? 0;
