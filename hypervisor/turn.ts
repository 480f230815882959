import type { Fact, FactType, OneFactOf } from "../events/fact.ts";
import type { AnyChart, Chart } from "../machines/chart.ts";
import type { WorldDraft } from "../projections/evolve.ts";
import { draftOf, putFact } from "../projections/evolve.ts";
import type { Guest } from "../projections/guest.ts";
import type { World } from "../projections/world.ts";

/** What a chart was told, in which state, and which facts it answered. */
export interface ChartStep {
  /** Number of the last event before it. */
  readonly seq: number;
  readonly guest: number;
  readonly chart: AnyChart;
  readonly state: string;
  readonly stimulus: { readonly type: string };
  readonly unit: unknown;
  readonly facts: readonly Fact[];
}

/** Told of each step of a chart, before its facts take effect. */
export type Watch = (step: ChartStep) => void;

/** One input being followed up: the world as it is so far, and the facts that led there. */
export interface Turn extends WorldDraft {
  readonly facts: Fact[];
  readonly watch: Watch | undefined;
}

/** The follow-up of an input about one guest of a world. */
export const newTurn = (from: World, index: number, watch?: Watch): Turn => {
  const { seq, guest, draft, owners } = draftOf(from, index);
  return { from, index, seq, guest, draft, owners, facts: [], watch };
};

/**
 * The guest that the input is about, as it is so far. The next fact may change it: what must stay
 * as it is now is taken from it before.
 */
export const guestIn = (turn: Turn): Guest => turn.guest as Guest;

/** Records a fact: it takes effect at once. */
export function record(turn: Turn, fact: Fact): void {
  const said = turn.index === 0 ? fact : { ...fact, guest: turn.index };
  putFact(turn, said);
  turn.facts.push(said);
}

/** Refuses what was asked; it changes nothing. */
export const refuse = (turn: Turn, why: string): void =>
  record(turn, { type: "InputRefused", why });

/** The unit, of a chart that looks at one. */
// biome-ignore lint/suspicious/noConfusingVoidType: a chart that looks at no unit has void there
type UnitArgument<Unit> = [Unit] extends [void] ? [] : [unit: Unit];

/** Asks or tells a chart: in which state it is, what happens, and what is kept of the unit. */
type ToChart<Wanted> = <
  State extends string,
  Stimulus extends { readonly type: string },
  Told extends FactType,
  Unit = void,
>(
  turn: Turn,
  chart: Chart<State, Stimulus, Told, Unit>,
  state: NoInfer<State>,
  stimulus: NoInfer<Stimulus>,
  ...unit: UnitArgument<Unit>
) => Wanted extends "facts" ? readonly (Fact & OneFactOf<Told>)[] : void;

/** What a chart makes of a stimulus. The facts are still to be recorded, in order. */
export const ask: ToChart<"facts"> = askAny as never;

/** Tells a chart a stimulus and records the facts that follow. */
export const advance: ToChart<"nothing"> = advanceAny as never;

interface Stimulus {
  readonly type: string;
}

function askAny(
  turn: Turn,
  chart: AnyChart,
  state: string,
  stimulus: Stimulus,
  unit: unknown,
): readonly Fact[] {
  const facts = chart.step(state, stimulus, unit);
  const { watch, seq, index: guest } = turn;
  if (watch !== undefined) watch({ seq, guest, chart, state, stimulus, unit, facts });
  return facts;
}

function advanceAny(
  turn: Turn,
  chart: AnyChart,
  state: string,
  stimulus: Stimulus,
  unit: unknown,
): void {
  for (const fact of askAny(turn, chart, state, stimulus, unit)) record(turn, fact);
}
