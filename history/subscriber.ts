import type { FactOf, FactType } from "../events/fact.ts";
import type { Step } from "./step.ts";

/** Where a fact stands among the events. */
export interface Noted {
  readonly seq: number;
  /** Number of the input behind it. */
  readonly cause: number;
}

/** Whoever wants to be told of facts: one function for each type that matters. */
export type Subscriber = {
  readonly [T in FactType]?: (fact: FactOf<T>, noted: Noted) => void;
};

/** Tells subscribers of the facts of a step, in order. */
export function notify({ seq: cause, facts }: Step, ...subscribers: readonly Subscriber[]): void {
  for (const [index, fact] of facts.entries()) {
    for (const subscriber of subscribers) {
      const tell = subscriber[fact.type] as ((fact: unknown, noted: Noted) => void) | undefined;
      tell?.(fact, { seq: cause + 1 + index, cause });
    }
  }
}
