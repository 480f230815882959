import type { AnyStateMachine } from "xstate";
import type { Fact, FactType, OneFactOf } from "../events/fact.ts";

/**
 * A chart, ready to be stepped: `step` alone says which facts follow from a stimulus, `after` alone
 * says where a unit goes.
 *
 * @typeParam State     names of its states.
 * @typeParam Stimulus  what it can be told.
 * @typeParam Told      types of the facts that follow.
 * @typeParam Unit      what is kept of the unit beside the state, where guards or facts look at it.
 */
export interface Chart<
  State extends string,
  Stimulus extends { readonly type: string },
  Told extends FactType,
  Unit = void,
> {
  readonly id: string;
  /** The definition, and the reference for what is compiled from it. */
  readonly machine: AnyStateMachine;
  readonly initial: State;
  readonly states: readonly State[];
  /** The facts that follow from a stimulus, in order. */
  readonly step: (
    state: State,
    stimulus: Stimulus,
    unit: Unit,
  ) => readonly (Fact & OneFactOf<Told>)[];
  /**
   * The state once a fact took effect. A transition takes effect with the first fact that it tells;
   * a fact that the chart does not tell leaves the state as it is.
   */
  readonly after: (state: State, fact: Fact, unit: Unit) => State;
}

/**
 * A chart of any unit, for those who look at charts from outside. What it is told they must choose
 * themselves: the types do not.
 */
export interface AnyChart {
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly initial: string;
  readonly states: readonly string[];
  /** The facts that follow from a stimulus, in order. */
  step(state: string, stimulus: { readonly type: string }, unit: unknown): readonly Fact[];
  /** The state once a fact took effect. */
  after(state: string, fact: Fact, unit: unknown): string;
}
