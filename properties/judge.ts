import { hex } from "../events/address.ts";
import type { InputOf } from "../events/input.ts";
import { mayHide } from "../history/hidden.ts";
import type { Step } from "../history/step.ts";
import { violationsOf } from "./dma-laws.ts";
import { judgeDma } from "./judge-dma.ts";
import { judgeBlocked, judgeInterrupt } from "./judge-interrupt.ts";
import { removedFrom } from "./judge-removed.ts";
import type { Beside, Unflushed } from "./judge-unseen.ts";
import { otherSteps, unflushedBy } from "./judge-unseen.ts";
import { lookAt } from "./judged-dma.ts";
import type { Verdict, Violation } from "./verdict.ts";
import { agree, disagree, unjudged } from "./verdict.ts";

/** A write to the interrupt range: what was recorded beside it can only be that it was blocked. */
function judgeRequest(step: Step, { iova, observed = {} }: InputOf<"Dma">): Verdict {
  const { gpa, reason } = observed;
  if (gpa !== undefined) {
    return disagree(`recorded as landed at ${hex(gpa)}, but is an interrupt request`);
  }
  if (reason === undefined) return unjudged;
  const asked = step.facts.find((fact) => fact.type === "InterruptRequested");
  return judgeBlocked({ address: iova, data: asked?.data ?? 0 }, reason, step);
}

/** What one step is compared with, the result, and the laws that it breaks. */
export interface Judged {
  readonly kind: "dma" | "faults" | "interrupts" | undefined;
  readonly verdict: Verdict;
  /** Laws were checked of it. */
  readonly checked: boolean;
  readonly violations: readonly Violation[];
  /** What the request relies on, or goes by though it was taken away, as it was not flushed. */
  readonly unflushed: Unflushed | undefined;
}

/** What is known of a step from itself alone. */
type Alone = Omit<Judged, "unflushed">;

const nothing: Alone = { kind: undefined, verdict: unjudged, checked: false, violations: [] };

function judgeAlone(step: Step): Alone {
  const { input } = step;
  if (input.type === "MsiRequest") {
    const verdict = judgeInterrupt(input, step);
    return { kind: "interrupts", verdict, checked: false, violations: [] };
  }
  const dma = lookAt(step);
  if (dma === undefined) return nothing;
  if (step.facts.some(({ type }) => type === "InterruptRequested")) {
    const verdict = judgeRequest(step, dma.input);
    return { kind: "interrupts", verdict, checked: false, violations: [] };
  }
  const violations = violationsOf(dma, step);
  const { gpa, reason } = dma.input.observed ?? {};
  const isFault = gpa === undefined && (reason !== undefined || dma.blocked !== undefined);
  const checked = dma.ways !== undefined;
  return {
    kind: isFault ? "faults" : "dma",
    verdict: judgeDma(dma, step.facts),
    checked,
    violations,
  };
}

/** Whether an answer is right in a world that may be in place of the one of its step. */
function isRightElsewhere(step: Step, beside: Beside): boolean {
  for (const other of otherSteps(step, beside)) {
    if (judgeAlone(other).verdict.verdict === "agree") return true;
  }
  return false;
}

/**
 * Compares a step with what was recorded beside its input, and checks the laws that a DMA alone
 * can show. It is the step that is judged: what the request itself made the unit read counts.
 *
 * A DMA that landed agrees when it reached the recorded guest page, and the shadow, the host page
 * reached and, where nothing is pending, the composed walk are the same; one that faulted when it
 * was blocked for the recorded reason and reported with that reason, source-id and page, or kept
 * from being reported by a rule. What the host refuses by name says nothing about the tables. An
 * interrupt agrees when the message that was delivered is the recorded one, or when it was blocked
 * and reported as recorded.
 *
 * What the guest wrote and did not flush the unit may see or not: both answers are right, and what
 * is blocked unless the unit sees it relies on what was not flushed.
 */
export function judge(step: Step, beside: Beside = {}): Judged {
  const alone = judgeAlone(step);
  const hides = alone.kind !== undefined && (mayHide(step) || beside.seen !== undefined);
  if (!hides) return { ...alone, unflushed: undefined };
  const differs = alone.verdict.verdict === "disagree";
  const verdict = differs && isRightElsewhere(step, beside) ? agree : alone.verdict;
  return { ...alone, verdict, unflushed: unflushedBy(step, beside) ?? removedFrom(step, beside) };
}
