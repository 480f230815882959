import type { Fact } from "../events/fact.ts";
import { encodeFact } from "../events/log/log.ts";
import type { Step } from "../history/step.ts";
import type { FactEntry } from "./read.ts";

/** The first place where a log says something else than the model. */
export interface Difference {
  /** Line of the recorded fact, or of the input that the model has more to say about. */
  readonly line: number;
  readonly seq: number;
  readonly recorded: Fact | undefined;
  readonly decided: Fact | undefined;
  /** The number of the decided fact, if there is one. */
  readonly decidedSeq: number | undefined;
  /** The inputs behind the facts, as recorded and as decided, where only they differ. */
  readonly causes?: readonly [recorded: number, decided: number];
}

/** Compares a log's facts with those decided, one by one; keeps the first difference. */
export interface Comparison {
  readonly step: (step: Step, line: number) => void;
  readonly recorded: (entry: FactEntry) => void;
  readonly recordedFacts: () => number;
  /**
   * The first difference, `undefined` also for a log without facts. A log that was cut short may
   * lack facts of its last input.
   */
  readonly finish: (cutShort: boolean) => Difference | undefined;
}

/** Whether two facts say the same. */
export const sameFact = (a: Fact, b: Fact): boolean => encodeFact(1, 1, a) === encodeFact(1, 1, b);

/** A comparison that has seen nothing yet. */
export function startComparison(): Comparison {
  let expected: readonly { seq: number; line: number; fact: Fact }[] = [];
  let cause = 0;
  let next = 0;
  let count = 0;
  let first: Difference | undefined;
  const settle = (): void => {
    const missing = expected[next];
    if (missing === undefined || first !== undefined) return;
    const { line, seq, fact } = missing;
    first = { line, seq, recorded: undefined, decided: fact, decidedSeq: seq };
  };
  return {
    step: (step, line) => {
      settle();
      expected = step.facts.map((fact, index) => ({ seq: step.seq + 1 + index, line, fact }));
      cause = step.seq;
      next = 0;
    },
    recorded: (entry) => {
      count += 1;
      const wanted = expected[next++];
      const { line, seq, fact } = entry;
      const same = wanted !== undefined && wanted.seq === seq && sameFact(wanted.fact, fact);
      if (same) {
        if (entry.cause === cause) return;
        const causes = [entry.cause, cause] as const;
        first ??= { line, seq, recorded: fact, decided: fact, decidedSeq: seq, causes };
        return;
      }
      first ??= { line, seq, recorded: fact, decided: wanted?.fact, decidedSeq: wanted?.seq };
    },
    recordedFacts: () => count,
    finish: (cutShort) => {
      if (!cutShort) settle();
      return count === 0 ? undefined : first;
    },
  };
}
