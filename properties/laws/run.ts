import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import type { Step } from "../../history/step.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { ChartStep } from "../../hypervisor/turn.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import type { World } from "../../projections/world.ts";
import type { RegisterSight } from "./register-sight.ts";
import { registersOf } from "./register-sight.ts";

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
  /** Of the guest that the event is about, and that guest before and after it. */
  readonly index: number;
  readonly was: Guest | undefined;
  readonly now: Guest | undefined;
  /** What software reads of that guest: the same one where nothing of it changed. */
  readonly read: { readonly was: RegisterSight; readonly now: RegisterSight } | undefined;
  /** The last of its step. */
  readonly isLast: boolean;
  readonly step: Step;
  readonly seq: number;
  /** `undefined` at the input itself. */
  readonly fact: Fact | undefined;
  readonly before: World;
  readonly after: World;
}

const known = new WeakMap<Run, readonly Moment[]>();

/** What software reads of two versions of a guest, by what it read of the one before them. */
function readBetween(was: Guest | undefined, now: Guest | undefined, last?: RegisterSight) {
  if (was === undefined || now === undefined) return undefined;
  const read = registersOf(was, last);
  return { was: read, now: registersOf(now, read) };
}

/** Every event of a run, evolved one by one from the start without deciding anything. */
export function momentsOf(run: Run): readonly Moment[] {
  const made = known.get(run);
  if (made !== undefined) return made;
  const moments: Moment[] = [];
  const sights: (RegisterSight | undefined)[] = [];
  let before = run.start;
  const add = (step: Step, fact: Fact | undefined): void => {
    const event = fact ?? step.input;
    const after = evolve(before, event);
    const { seq } = after;
    const index = guestIndex(event);
    const [was, now] = [before.guests[index], after.guests[index]];
    const read = readBetween(was, now, sights[index]);
    sights[index] = read?.now;
    const isLast = seq === step.after.seq;
    moments.push({ step, seq, fact, before, after, index, was, now, read, isLast });
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
