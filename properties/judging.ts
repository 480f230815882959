import type { Setup } from "../events/setup.ts";
import type { Step } from "../history/step.ts";
import type { Judged } from "./judge.ts";
import { judge } from "./judge.ts";
import { findingOf, isAnswered, lateDma } from "./late-finding.ts";
import { sightOf } from "./oracle/memory.ts";
import { observe } from "./oracle/observe.ts";
import type { Oracle } from "./oracle/oracle.ts";
import { createOracle } from "./oracle/oracle.ts";
import { agree } from "./verdict.ts";

/** A step as `judge` judges it, and what it shows that was not made visible to the unit in time. */
export interface JudgedInOrder extends Judged {
  readonly finding: string | undefined;
}

function judgeLate(oracle: Oracle, step: Step): JudgedInOrder {
  const judged = judge(step);
  const late = lateDma(oracle, step);
  if (step.input.type !== "Dma" || late === undefined) return { ...judged, finding: undefined };
  const isRight = judged.verdict.verdict === "disagree" && isAnswered(late, step.input);
  const verdict = isRight ? agree : judged.verdict;
  return { ...judged, verdict, finding: findingOf(oracle, step, late) };
}

/**
 * Judges the steps of a log, which must come in order from its start on.
 *
 * Where a unit need not see at once what its CPUs write (ECAP.C=0, CAP.RWBF=1) it may all the same.
 * So a DMA agrees there with each answer that some sight of what waits gives; and one that comes
 * to different things is a finding, as somebody forgot a write-back or a flush.
 */
export function judgeInOrder({ guests }: Setup): (step: Step) => JudgedInOrder {
  const isLate = guests.map(sightOf).some(({ coherent, buffered }) => !coherent || buffered);
  if (!isLate) return (step) => ({ ...judge(step), finding: undefined });
  const oracle = createOracle({ guests });
  return (step) => {
    const judged = judgeLate(oracle, step);
    observe(oracle, step.input, step.facts);
    return judged;
  };
}
